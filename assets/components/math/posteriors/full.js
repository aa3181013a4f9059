/**
 * Gaussians with a full covariance at every site, through its Cholesky factor L.
 */

import { float64s, isOneSite, total } from "../shapes.js";
import { clamp } from "../special.js";
import { keep, readParams } from "./base.js";
import {
  Gaussian, LOGVAR_MAX, LOGVAR_MIN, clampedLogVariance, standardNormals,
} from "./diagonal.js";

const FLOAT32_EPSILON = 2 ** -23; // what torch keeps partial correlations from 1 by

/**
 * N(mu, L L^T) at every site, L lower triangular. A subclass has `row(params, at, channels, j)`:
 * row j of the L of the site whose params begin at `at`, up to the diagonal.
 */
class CholeskyGaussian extends Gaussian {
  static best = "full";

  constructor(latentShape, params) {
    super(latentShape, readParams(params, latentShape));
    this.params = params.slice(); // read later, when the encoder may have written over its own
  }

  static fromParams(params, latentShape) {
    return new this(latentShape, params);
  }

  static pair(params, at, channels, j, k) {
    const across = this.row(params, at, channels, j);
    const up = j === k ? across : this.row(params, at, channels, k);
    const [xx, xy, yy] = [dot(across, across), dot(across, up), dot(up, up)];
    return [params[at + j], params[at + k], xx, xy, yy];
  }

  /** L's rows, one for every latent dimension: up to the diagonal, and from its own site alone. */
  get factor() {
    const perSite = (this.params.length * this.channels) / this.size;
    const rows = Array.from(this.mean, (_, j) => {
      const channel = j % this.channels;
      const at = ((j - channel) / this.channels) * perSite;
      return this.constructor.row(this.params, at, this.channels, channel);
    });
    return keep(this, "factor", rows);
  }

  covariance(j, k) {
    return isOneSite([j, k], this.latentShape) ? dot(this.factor[j], this.factor[k]) : 0;
  }

  _variance(j) {
    return dot(this.factor[j], this.factor[j]);
  }

  _logVariance(j) {
    return Math.log(this.variance[j]);
  }

  /** 0.5 (||L||^2 + ||mu||^2 - d) - sum ln L_jj. */
  _kl() {
    return total(this.mean.map((mu, j) => {
      return 0.5 * (this.variance[j] + mu * mu - 1) - Math.log(this.factor[j].at(-1));
    }));
  }

  /** z = mu + L eps. */
  draw(seed) {
    const eps = standardNormals(seed, this.size);
    return this.mean.map((mu, j) => mu + this._rowTimes(j, eps));
  }

  /** The diagonal of L. */
  get scales() {
    return keep(this, "scales", float64s(this.size, (j) => this.factor[j].at(-1)));
  }

  get named() {
    return { mu: this.mean, log_diagonal: this.scales.map(Math.log), L: this.factor };
  }

  /** L^-1 (z - mu), one dimension after the other. */
  noiseAt(z) {
    const eps = new Float64Array(this.size);
    for (let j = 0; j < this.size; j++) { // eps[j] is still 0
      eps[j] = (z[j] - this.mean[j] - this._rowTimes(j, eps)) / this.scales[j];
    }
    return eps;
  }

  /** Of L the diagonal entry j alone: the rest of its row stays. */
  withDimension(j, mean, scale) {
    const moved = new this.constructor(this.latentShape, this.params);
    const factor = this.factor.slice();
    factor[j] = factor[j].with(-1, scale);
    keep(moved, "mean", this.mean.with(j, mean));
    keep(moved, "factor", factor);
    return moved;
  }

  /** -0.5 ||L^-1 (z - mu)||^2 - sum ln L_jj - d/2 ln 2 pi. */
  logProb(z) {
    return -total(this.noiseAt(z).map((eps, j) => {
      return 0.5 * eps * eps + Math.log(this.scales[j]) + 0.5 * Math.log(2 * Math.PI);
    }));
  }

  /** L's row of dimension j times the vector of its site. */
  _rowTimes(j, vector) {
    const first = j - (j % this.channels);
    return dot(this.factor[j], vector.subarray(first, j + 1));
  }
}

/** Over as many values as the shorter one has. */
function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length && i < b.length; i++) sum += a[i] * b[i];
  return sum;
}

/** C means, C logarithms of L's diagonal, then the rows of L below it. */
export class FullGaussian extends CholeskyGaussian {
  static row(params, at, channels, j) {
    const start = at + 2 * channels + (j * (j - 1)) / 2;
    const row = float64s(j + 1, (i) => params[start + i]);
    row[j] = Math.exp(clamp(params[at + channels + j], LOGVAR_MIN / 2, LOGVAR_MAX / 2));
    return row;
  }
}

/**
 * L = diag(sigma) times the Cholesky factor of a correlation matrix: C means, C log-variances,
 * then what becomes partial correlations r = tanh(.). They break a stick of squared length 1.
 */
export class FullCorrelationGaussian extends CholeskyGaussian {
  get named() {
    const logvar = this.variance.map(Math.log);
    return { mu: this.mean, logvar, std: this.variance.map(Math.sqrt), L: this.factor };
  }

  static row(params, at, channels, j) {
    const start = at + 2 * channels + (j * (j - 1)) / 2;
    let left = Math.exp(0.5 * clampedLogVariance(params[at + channels + j]));
    const row = new Float64Array(j + 1);
    for (let i = 0; i < j; i++) {
      const most = 1 - FLOAT32_EPSILON;
      const r = clamp(Math.tanh(params[start + i]), -most, most);
      row[i] = left * r;
      left *= Math.sqrt((1 - r) * (1 + r));
    }
    row[j] = left;
    return row;
  }
}
