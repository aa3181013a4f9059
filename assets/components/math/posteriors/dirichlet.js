/**
 * The Dirichlet posterior: the channels of every site are proportions, which sum to 1.
 */

import { logitNodes, pairsOf } from "../nodes.js";
import { addProduct } from "../plane_grid.js";
import { randomGenerator } from "../random.js";
import { count, float64s, isOneSite, siteOf, total } from "../shapes.js";
import { clamp, digamma, lbeta, lgamma, sigmoid, softplus, xlogy } from "../special.js";
import { Posterior, placesOfAxes } from "./base.js";

const ALPHA_MIN = 0.05;
const EDGE = 1e-9; // how far rounding may take a point out of the simplex

/** alpha = ALPHA_MIN + softplus(param). */
function concentration(param) {
  return ALPHA_MIN + softplus(param);
}

/** alpha_0 of the site whose params begin at `at`. */
function totalConcentration(params, at, channels) {
  let sum = 0;
  for (let i = at; i < at + channels; i++) sum += concentration(params[i]);
  return sum;
}

/** Dirichlet(alpha) at every site, against Dirichlet(1, ..., 1): C concentrations. */
export class Dirichlet extends Posterior {
  static support = "simplex";

  /**
   * @param {number[]} latentShape
   * @param {Float64Array} alpha - (d)
   */
  constructor(latentShape, alpha) {
    const channels = latentShape.at(-1);
    const totals = float64s(alpha.length / channels, (site) =>
      total(alpha.subarray(site * channels, (site + 1) * channels)),
    );
    super(latentShape, alpha.map((a, j) => a / totals[siteOf(j, latentShape)]));
    this.alpha = alpha;
    this.totals = totals; // alpha_0 of every site
  }

  static fromParams(params, latentShape) {
    return new Dirichlet(latentShape, Float64Array.from(params, concentration));
  }

  static prior(latentShape) {
    return new Dirichlet(latentShape, new Float64Array(count(latentShape)).fill(1));
  }

  get named() {
    return { alpha: this.alpha };
  }

  static pair(params, at, channels, j, k) {
    const sum = totalConcentration(params, at, channels);
    const [x, y] = [concentration(params[at + j]) / sum, concentration(params[at + k]) / sum];
    const [xx, yy] = [(x * (1 - x)) / (sum + 1), (y * (1 - y)) / (sum + 1)];
    return [x, y, xx, j === k ? xx : (-x * y) / (sum + 1), yy];
  }

  static planeMixture(params, n, latentShape, axes) {
    const alpha = concentrationsOnAxes(params, n, latentShape, axes);
    const channels = latentShape.at(-1);
    if (!isOneSite(axes, latentShape)) return betaMixture(alpha, channels);
    return channels > 2 ? simplexMixture(alpha, channels) : null; // z_j + z_k = 1 is a line
  }

  static inside(value) {
    return clamp(value, 0, 1);
  }

  /** Every site divided by its sum; even where nothing is positive. */
  static nearest(z, channels) {
    const positive = z.map((value) => Math.max(value, 0));
    const sums = positive.map((_, j) => {
      const first = j - (j % channels);
      return total(positive.subarray(first, first + channels));
    });
    return positive.map((value, j) => (sums[j] > 0 ? value / sums[j] : 1 / channels));
  }

  /** The others of the site share what is left as before; evenly when they had nothing. */
  static move(z, channels, index, value) {
    const moved = Float64Array.from(z);
    const first = index - (index % channels);
    const site = moved.subarray(first, first + channels);
    site[index - first] = 0;
    const rest = total(site);
    const left = 1 - value;
    site.forEach((part, i) => (site[i] = left * (rest > 0 ? part / rest : 1 / (channels - 1))));
    moved[index] = value;
    return moved;
  }

  /** Of one site, the others share what is left; two sites move by themselves. */
  static movePair(z, channels, axes, at) {
    const [j, k] = axes;
    if (!isOneSite(axes, [channels])) return super.movePair(z, channels, axes, at);
    let [a, b] = at.map(this.inside);
    const over = Math.max(a + b, 1);
    [a, b] = [a / over, b / over];
    const moved = Float64Array.from(z);
    const first = j - (j % channels);
    const others = [];
    for (let i = first; i < first + channels; i++) if (i !== j && i !== k) others.push(i);
    const rest = others.reduce((sum, i) => sum + z[i], 0);
    for (const i of others) moved[i] = (1 - a - b) * (rest > 0 ? z[i] / rest : 1 / others.length);
    if (!others.length) [a, b] = [a / (a + b || 1), 1 - a / (a + b || 1)];
    moved[j] = a;
    moved[k] = b;
    return moved;
  }

  /** Of two or three proportions: logits of the shares that each takes of what is left. */
  nodes() {
    if (this.latentShape.length > 1 || this.size > 3) return null;
    const [first, second, third] = this.alpha;
    if (this.size === 2) {
      const nodes = logitNodes(first, second);
      return { z: nodes.map(([u]) => [sigmoid(u), sigmoid(-u)]), weights: nodes.map(([, w]) => w) };
    }
    const pairs = pairsOf(logitNodes(first, second + third), logitNodes(second, third));
    const z = pairs.map(([u, v]) => [sigmoid(u), sigmoid(-u) * sigmoid(v), sigmoid(-u) * sigmoid(-v)]);
    return { z, weights: pairs.map(([, , w]) => w) };
  }

  _total(j) {
    return this.totals[siteOf(j, this.latentShape)];
  }

  _variance(j) {
    return (this.mean[j] * (1 - this.mean[j])) / (this._total(j) + 1);
  }

  covariance(j, k) {
    if (j === k) return this.variance[j];
    if (!isOneSite([j, k], this.latentShape)) return 0;
    return (-this.mean[j] * this.mean[k]) / (this._total(j) + 1);
  }

  /** Beta(alpha_j, alpha_0 - alpha_j) against Beta(1, C - 1). */
  _klOfMarginal(j) {
    const [a, sum, others] = [this.alpha[j], this._total(j), this.channels - 1];
    const b = sum - a;
    const constants = lbeta(1, others) - lbeta(a, b);
    const log = digamma(a) - digamma(sum); // E ln z_j
    const logRest = digamma(b) - digamma(sum); // E ln(1 - z_j)
    return constants + (a - 1) * log + (b - others) * logRest;
  }

  /** ln B(1, ..., 1) - ln B(alpha) + sum (alpha_j - 1) (psi(alpha_j) - psi(alpha_0)). */
  _kl() {
    const psi = this.totals.map(digamma);
    const expected = this.alpha.map((a, j) => {
      return (a - 1) * (digamma(a) - psi[siteOf(j, this.latentShape)]);
    });
    return total(expected) + this._logConstant() - this.totals.length * lgamma(this.channels);
  }

  /** Draws of Gamma(alpha_j), divided by their sum; in logarithms, so that no site is all 0. */
  draw(seed) {
    const random = randomGenerator(seed);
    const z = this.alpha.map((a) => random.logGamma(a));
    for (let first = 0; first < this.size; first += this.channels) {
      const site = z.subarray(first, first + this.channels);
      const most = Math.max(...site);
      site.forEach((log, i) => (site[i] = Math.exp(log - most)));
      const sum = total(site);
      site.forEach((part, i) => (site[i] = part / sum));
    }
    return z;
  }

  /** A density with respect to any C - 1 of the dimensions of a site. */
  logProb(z) {
    return this._logConstant() + total(this.alpha.map((a, j) => xlogy(a - 1, z[j])));
  }

  /** -ln B(alpha), summed over the sites. */
  _logConstant() {
    return total(this.totals.map(lgamma)) - total(this.alpha.map(lgamma));
  }
}

// On a plane

/**
 * Concentrations of two latent dimensions j and k for many images.
 * @returns {{a, b, totalA, totalB: Float64Array}} each (n): alpha_j and alpha_k, and alpha_0
 *   of their sites
 */
function concentrationsOnAxes(params, n, latentShape, axes) {
  const channels = latentShape.at(-1);
  const [a, b, totalA, totalB] = Array.from({ length: 4 }, () => new Float64Array(n));
  const { first, second, stride, channel } = placesOfAxes(params.length / n, latentShape, axes);
  for (let i = 0, at = 0; i < n; i++, at += stride) {
    a[i] = concentration(params[at + first + channel[0]]);
    b[i] = concentration(params[at + second + channel[1]]);
    totalA[i] = totalConcentration(params, at + first, channels);
    totalB[i] = first === second ? totalA[i] : totalConcentration(params, at + second, channels);
  }
  return { a, b, totalA, totalB };
}

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
