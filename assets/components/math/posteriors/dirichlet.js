/**
 * Codes that are proportions: a Dirichlet over the numbers of every site.
 */

import { count } from "../../model/engine.js";
import { noise } from "../random.js";
import { Posterior, float64s, isOneSite, total } from "./posterior.js";
import { digamma, lbeta, lgamma, softplus, xlogy } from "../special.js";

const ALPHA_MIN = 0.05;

/** alpha = ALPHA_MIN + softplus(param). */
export function concentration(param) {
  return ALPHA_MIN + softplus(param);
}

/** alpha_0 of the site whose params begin at `at`. */
export function totalConcentration(params, at, channels) {
  let sum = 0;
  for (let i = at; i < at + channels; i++) sum += concentration(params[i]);
  return sum;
}

/** Dirichlet(alpha) at every site, against Dirichlet(1, ..., 1): C concentrations. */
export class Dirichlet extends Posterior {
  /**
   * @param {number[]} latentShape
   * @param {Float64Array} alpha - (d)
   */
  constructor(latentShape, alpha) {
    const channels = latentShape.at(-1);
    const totals = float64s(alpha.length / channels, (site) =>
      total(alpha.subarray(site * channels, (site + 1) * channels)),
    );
    super(latentShape, alpha.map((a, j) => a / totals[Math.floor(j / channels)]));
    this.alpha = alpha;
    this.totals = totals; // alpha_0 of every site
  }

  static fromParams(params, latentShape) {
    return new Dirichlet(latentShape, Float64Array.from(params, concentration));
  }

  static prior(latentShape) {
    return new Dirichlet(latentShape, new Float64Array(count(latentShape)).fill(1));
  }

  static pair(params, at, channels, j, k) {
    const sum = totalConcentration(params, at, channels);
    const [x, y] = [concentration(params[at + j]) / sum, concentration(params[at + k]) / sum];
    const [xx, yy] = [(x * (1 - x)) / (sum + 1), (y * (1 - y)) / (sum + 1)];
    return [x, y, xx, j === k ? xx : (-x * y) / (sum + 1), yy];
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

  _total(j) {
    return this.totals[Math.floor(j / this.channels)];
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
      return (a - 1) * (digamma(a) - psi[Math.floor(j / this.channels)]);
    });
    return total(expected) + this._logConstant() - this.totals.length * lgamma(this.channels);
  }

  /** Draws of Gamma(alpha_j), divided by their sum; in logarithms, so that no site is all 0. */
  draw(seed) {
    const random = noise(seed);
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

  /** A density with respect to any C - 1 of the numbers of a site. */
  logProb(z) {
    return this._logConstant() + total(this.alpha.map((a, j) => xlogy(a - 1, z[j])));
  }

  /** -ln B(alpha), summed over the sites. */
  _logConstant() {
    return total(this.totals.map(lgamma)) - total(this.alpha.map(lgamma));
  }
}
