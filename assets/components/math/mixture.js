/**
 * The aggregate posterior q(z) = (1/n) sum_i q(z|x_i) on a plane of two latent numbers.
 *
 * Two numbers of a mixture are a mixture of the components' own two: nothing is projected or
 * estimated. Log-densities in nats, with respect to the two numbers.
 */

import { concentrationsOnAxes, moments } from "./posteriors/families.js";
import { isOneSite } from "./posteriors/posterior.js";
import { lbeta, lgamma, xlogy } from "./special.js";

/** log q - log p is not told apart below this, in nats; where no code comes near, it is this. */
export const GAP_FLOOR = -12;

const REACH = 8; // in sigma; beyond, a Gaussian adds less than e^-32 of its peak
const PATIENCE = 5; // milliseconds between two yields
const COMPONENTS_PER_LOOK = 32; // at the clock
const EDGE = 1e-9; // how far rounding may take a point out of the simplex

/**
 * The aggregate posterior of two latent numbers j and k.
 * @param {string} name - the family, a key of FAMILIES
 * @param {ArrayLike<number>} params - n rows of sites * P numbers
 * @param {number} n
 * @param {number[]} latentShape
 * @param {number[]} axes - [j, k], not the same
 * @returns {?{logDensity: function(number, number): number,
 *   logPrior: function(number, number): number, rows: function(number[], number, number)}}
 *   null where the two numbers have no density: point masses, and both numbers of a site of two
 */
export function planeMixture(name, params, n, latentShape, axes) {
  const mixture = PLANE_MIXTURES[name](params, n, latentShape, axes);
  if (!mixture) return null;
  const { logDensities, logPrior, adder } = mixture;
  const logs = new Float64Array(n);
  return {
    /** log (1/n) sum_i q(z_j = x, z_k = y | x_i), exactly. */
    logDensity(x, y) {
      logDensities(x, y, logs);
      return logMeanExp(logs);
    },
    /** log p(z_j = x, z_k = y); -Infinity where the prior is 0. */
    logPrior,
    /**
     * log q - log p in the middle of the cells of a grid, a few milliseconds at a time.
     * @param {number[]} bounds - [x0, x1, y0, y1]
     * @param {number} nx
     * @param {number} ny
     * @returns {Generator<number, {values: Float32Array}>} yields how much is done, 0 ... 1;
     *   values (ny, nx), the largest y first; at least GAP_FLOOR; NaN where the prior is 0, and
     *   on the simplex's edge
     */
    rows: (bounds, nx, ny) => gapRows(gridOf(bounds, nx, ny), n, adder, logPrior),
  };
}

const PLANE_MIXTURES = {
  diagonal: (...given) => gaussianMixture(moments("diagonal", ...given)),
  full: (...given) => gaussianMixture(moments("full", ...given)),
  "full-correlation": (...given) => gaussianMixture(moments("full-correlation", ...given)),
  laplace: (...given) => laplaceMixture(moments("laplace", ...given)),
  dirichlet(params, n, latentShape, axes) {
    const alpha = concentrationsOnAxes(params, n, latentShape, axes);
    const channels = latentShape.at(-1);
    if (!isOneSite(axes, latentShape)) return betaMixture(alpha, channels);
    return channels > 2 ? simplexMixture(alpha, channels) : null; // z_j + z_k = 1 is a line
  },
  delta: () => null,
};

/** log of the mean of e^log, without overflow. */
function logMeanExp(logs) {
  let most = -Infinity;
  for (const log of logs) most = Math.max(most, log);
  if (!Number.isFinite(most)) return most;
  let sum = 0;
  for (const log of logs) sum += Math.exp(log - most);
  return most + Math.log(sum / logs.length);
}

/** Middles of the cells: x from left to right, y from the top down. */
function gridOf([x0, x1, y0, y1], nx, ny) {
  const [dx, dy] = [(x1 - x0) / nx, (y1 - y0) / ny];
  return {
    dx, dy,
    x: Float64Array.from({ length: nx }, (_, i) => x0 + (i + 0.5) * dx),
    y: Float64Array.from({ length: ny }, (_, i) => y1 - (i + 0.5) * dy),
  };
}

/** Add up the components, then compare; see `rows` of planeMixture. */
function* gapRows(grid, n, adder, logPrior) {
  const nx = grid.x.length;
  const density = new Float64Array(nx * grid.y.length); // n q(z)
  const add = adder(grid, density);
  let since = performance.now();
  for (let i = 0; i < n; i++) {
    add(i);
    if (i % COMPONENTS_PER_LOOK === 0 && performance.now() - since > PATIENCE) {
      yield (i + 1) / n;
      since = performance.now();
    }
  }
  const values = new Float32Array(density.length);
  for (let cell = 0; cell < values.length; cell++) {
    const log = logPrior(grid.x[cell % nx], grid.y[Math.floor(cell / nx)]);
    const gap = Math.log(density[cell] / n) - log;
    values[cell] = log === -Infinity ? NaN : Math.max(gap, GAP_FLOOR);
  }
  return { values };
}

/** Add across[column] * up[row] to every cell. */
function addProduct(density, across, up) {
  const nx = across.length;
  for (let row = 0, cell = 0; row < up.length; row++) {
    const weight = up[row];
    if (weight > 0) for (let i = 0; i < nx; i++) density[cell + i] += weight * across[i];
    cell += nx;
  }
}

// Gaussians: the marginal of two numbers is a Gaussian again

/** N(mean, covariance) for every image, against N(0, I). */
function gaussianMixture({ x: meanX, y: meanY, xx, xy, yy }) {
  // Through z_k, and z_j given z_k: its mean is meanX + slope (y - meanY).
  const slope = xy.map((covariance, i) => covariance / yy[i]);
  const restX = xx.map((variance, i) => varianceLeft(variance, xy[i], yy[i]));
  const constant = restX.map((rest, i) => -0.5 * Math.log(rest * yy[i]) - Math.log(2 * Math.PI));
  return {
    logDensities(x, y, logs) {
      for (let i = 0; i < logs.length; i++) {
        const up = y - meanY[i];
        const across = x - meanX[i] - slope[i] * up;
        logs[i] = constant[i] - 0.5 * ((across * across) / restX[i] + (up * up) / yy[i]);
      }
    },
    logPrior: (x, y) => -0.5 * (x * x + y * y) - Math.log(2 * Math.PI),
    adder: (grid, density) => (i) => {
      addGaussian(grid, density, meanX[i], meanY[i], xx[i], xy[i], yy[i]);
    },
  };
}

/** Var of one number given the other; rounding must not make a ridge as thin as nothing. */
function varianceLeft(xx, xy, yy) {
  return Math.max(xx - (xy * xy) / yy, 1e-14 * xx);
}

/**
 * Add N(mean, covariance), averaged over every cell, to the cells within REACH.
 *
 * The average is that of a Gaussian whose variance is larger by a uniform distribution's over
 * the cell, dx^2 / 12: a component much narrower than a cell is then not lost between centres.
 */
function addGaussian({ x, y, dx, dy }, density, meanX, meanY, varianceX, xy, varianceY) {
  const nx = x.length;
  const xx = varianceX + (dx * dx) / 12;
  const yy = varianceY + (dy * dy) / 12;
  const rest = varianceLeft(xx, xy, yy);
  const peak = 1 / (2 * Math.PI * Math.sqrt(rest * yy));
  const [topRow, bottomRow] = cellsWithin(y[0] - meanY, dy, REACH * Math.sqrt(yy), y.length);
  for (let row = topRow; row <= bottomRow; row++) {
    const up = y[row] - meanY;
    const middle = meanX + (xy / yy) * up;
    const square = (up * up) / yy;
    const reach = Math.sqrt(Math.max(REACH * REACH - square, 0) * rest);
    const [left, right] = cellsWithin(middle - x[0], dx, reach, nx);
    // From cell to cell e^(-a^2 / 2 rest) changes by a factor that itself changes by a factor.
    const across = x[left] - middle;
    let value = peak * Math.exp(-0.5 * (square + (across * across) / rest));
    let factor = Math.exp(-(across * dx + 0.5 * dx * dx) / rest);
    const factorOfFactor = Math.exp((-dx * dx) / rest);
    for (let cell = row * nx + left; cell <= row * nx + right; cell++) {
      density[cell] += value;
      value *= factor;
      factor *= factorOfFactor;
    }
  }
}

/** First and last of `size` cells, `width` wide, within `reach` of what is `from` past cell 0. */
function cellsWithin(from, width, reach, size) {
  const first = Math.ceil((from - reach) / width);
  const last = Math.floor((from + reach) / width);
  return [Math.max(first, 0), Math.min(last, size - 1)];
}

// Laplace: numbers are independent given x

/** Laplace(mu, b) times Laplace(mu, b) for every image, against Laplace(0, 1/sqrt 2) twice. */
function laplaceMixture({ x: meanX, y: meanY, xx, yy }) {
  const [scaleX, scaleY] = [xx, yy].map((variances) => variances.map((v) => Math.sqrt(v / 2)));
  const constant = scaleX.map((b, i) => -Math.log(4 * b * scaleY[i]));
  return {
    logDensities(x, y, logs) {
      for (let i = 0; i < logs.length; i++) {
        const distance = Math.abs(x - meanX[i]) / scaleX[i] + Math.abs(y - meanY[i]) / scaleY[i];
        logs[i] = constant[i] - distance;
      }
    },
    logPrior: (x, y) => -Math.SQRT2 * (Math.abs(x) + Math.abs(y)) - Math.LN2,
    adder(grid, density) {
      const across = new Float64Array(grid.x.length);
      const up = new Float64Array(grid.y.length);
      return (i) => {
        laplaceOverCells(grid.x, grid.dx, meanX[i], scaleX[i], across);
        laplaceOverCells(grid.y, grid.dy, meanY[i], scaleY[i], up);
        addProduct(density, across, up);
      };
    },
  };
}

/** Laplace(mean, scale) averaged over every cell, exactly: a narrow one has a sharp peak. */
function laplaceOverCells(middles, width, mean, scale, out) {
  const half = width / 2;
  for (let i = 0; i < out.length; i++) {
    const distance = Math.abs(middles[i] - mean); // to the left it is the same as to the right
    const far = Math.exp(-(distance + half) / scale);
    const near = Math.exp(-Math.abs(distance - half) / scale);
    out[i] = (distance > half ? 0.5 * (near - far) : 1 - 0.5 * (near + far)) / width;
  }
}

// Dirichlets

/** Two sites: Beta(a, alpha_0 - a) times another, against Beta(1, C - 1) twice. */
function betaMixture({ a, b, totalA, totalB }, channels) {
  const [restA, restB] = [totalA.map((t, i) => t - a[i]), totalB.map((t, i) => t - b[i])];
  const constantA = a.map((alpha, i) => -lbeta(alpha, restA[i]));
  const constantB = b.map((alpha, i) => -lbeta(alpha, restB[i]));
  const logBeta = (constant, alpha, rest, z) => {
    return constant + xlogy(alpha - 1, z) + xlogy(rest - 1, 1 - z);
  };
  const isInside = (x, y) => Math.min(x, y) >= 0 && Math.max(x, y) <= 1;
  return {
    logDensities(x, y, logs) {
      if (!isInside(x, y)) return logs.fill(-Infinity);
      for (let i = 0; i < logs.length; i++) {
        const logX = logBeta(constantA[i], a[i], restA[i], x);
        logs[i] = logX + logBeta(constantB[i], b[i], restB[i], y);
      }
    },
    logPrior(x, y) {
      if (!isInside(x, y)) return -Infinity;
      const others = channels - 1;
      const log = xlogy(others - 1, 1 - x) + xlogy(others - 1, 1 - y);
      return log + 2 * Math.log(others);
    },
    adder: (grid, density) => (i) => {
      const across = grid.x.map((z) => Math.exp(logBeta(constantA[i], a[i], restA[i], z)));
      const up = grid.y.map((z) => Math.exp(logBeta(constantB[i], b[i], restB[i], z)));
      addProduct(density, across, up);
    },
  };
}

/** One site: (z_j, z_k, all others) ~ Dirichlet(a, b, rest), against Dirichlet(1, 1, C - 2). */
function simplexMixture({ a, b, totalA }, channels) {
  const rest = totalA.map((sum, i) => sum - a[i] - b[i]);
  const constant = totalA.map((sum, i) => {
    return lgamma(sum) - lgamma(a[i]) - lgamma(b[i]) - lgamma(rest[i]);
  });
  const leftOf = (x, y) => {
    const left = 1 - x - y;
    const isInside = Math.min(x, y) >= 0 && left > -EDGE;
    return isInside ? Math.max(left, Number.EPSILON) : NaN; // of an edge nothing finer is known
  };
  return {
    logDensities(x, y, logs) {
      const left = leftOf(x, y);
      if (Number.isNaN(left)) return logs.fill(-Infinity);
      for (let i = 0; i < logs.length; i++) {
        const log = xlogy(a[i] - 1, x) + xlogy(b[i] - 1, y) + xlogy(rest[i] - 1, left);
        logs[i] = constant[i] + log;
      }
    },
    logPrior(x, y) {
      const left = leftOf(x, y);
      if (Number.isNaN(left)) return -Infinity;
      return xlogy(channels - 3, left) + Math.log((channels - 1) * (channels - 2));
    },
    adder(grid, density) {
      const inside = cellsInside(grid);
      density.fill(NaN);
      for (const { cell } of inside) density[cell] = 0;
      return (i) => {
        const [byX, byY, byRest] = [a[i] - 1, b[i] - 1, rest[i] - 1];
        for (const { cell, logX, logY, logLeft } of inside) {
          const log = byX * logX + byY * logY + byRest * logLeft;
          density[cell] += Math.exp(constant[i] + log);
        }
      };
    },
  };
}

/** The cells of a grid whose middle is inside the simplex, with the logarithms of z there. */
function cellsInside({ x, y }) {
  const inside = [];
  y.forEach((down, row) => x.forEach((across, column) => {
    const left = 1 - across - down;
    if (Math.min(across, down, left) < EDGE) return;
    const [logX, logY, logLeft] = [across, down, left].map(Math.log);
    inside.push({ cell: row * x.length + column, logX, logY, logLeft });
  }));
  return inside;
}
