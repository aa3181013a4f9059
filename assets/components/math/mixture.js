/**
 * The aggregate posterior q(z) = (1/n) sum_i q(z|x_i) on a plane of two latent dimensions.
 *
 * Two dimensions of a mixture are a mixture of the components' own two: nothing is projected or
 * estimated. Log-densities in nats, with respect to the two dimensions.
 */

import { gridOf } from "./plane_grid.js";

/** The least log q - log p that is shown, in nats; where no code comes near, it is this. */
export const GAP_FLOOR = -12;

const PATIENCE = 5; // milliseconds between two yields
const COMPONENTS_PER_CHECK = 32; // of the clock

/**
 * The aggregate posterior of two latent dimensions j and k.
 *
 * A family's own `planeMixture` returns {logDensities(x, y, logs): writes the log-density of
 * every component at a point into `logs`; logPrior(x, y); adder(grid, density): a function of i
 * that adds component i to every cell}, or null.
 * @param {Object} family - one of FAMILIES
 * @param {ArrayLike<number>} params - n rows of sites * P values
 * @param {number} n
 * @param {number[]} latentShape
 * @param {number[]} axes - [j, k], not the same
 * @param {?Object} prior - p(z), where it is not the family's own
 * @returns {?{logDensity: function(number, number): number,
 *   logPrior: function(number, number): number, rows: function(number[], number, number)}}
 *   null where the two have no density: point masses, and both dimensions of a site of two; and
 *   where that of the prior is not known
 */
export function planeMixture(family, params, n, latentShape, axes, prior = null) {
  const mixture = family.planeMixture(params, n, latentShape, axes);
  const logPrior = prior?.isLearned ? prior.logPlane(axes) : mixture?.logPrior;
  if (!mixture || !logPrior) return null;
  const { logDensities, adder } = mixture;
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

/** log of the mean of e^log, without overflow. */
function logMeanExp(logs) {
  let most = -Infinity;
  for (const log of logs) most = Math.max(most, log);
  if (!Number.isFinite(most)) return most;
  let sum = 0;
  for (const log of logs) sum += Math.exp(log - most);
  return most + Math.log(sum / logs.length);
}

/** Add up the components, then compare; see `rows` of planeMixture. */
function* gapRows(grid, n, adder, logPrior) {
  const nx = grid.x.length;
  const density = new Float64Array(nx * grid.y.length); // n q(z)
  const add = adder(grid, density);
  let since = performance.now();
  for (let i = 0; i < n; i++) {
    add(i);
    if (i % COMPONENTS_PER_CHECK === 0 && performance.now() - since > PATIENCE) {
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
