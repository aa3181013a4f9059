/**
 * The families of q(z|x), as in vae_core/posteriors: parameters become a distribution over z.
 *
 * Pure functions of what an encoder says of one image: `params`, sites * P numbers, channels
 * last. A latent has shape (*sites, C) and d numbers in all; sites are independent given x.
 * Computed in double precision. Every KL and log-density is in nats.
 */

import { count } from "./engine.js";
import { noise } from "./noise.js";
import { clamp, digamma, lbeta, lgamma, softplus, xlogy } from "./special.js";

const LOGVAR_MIN = -30;
const LOGVAR_MAX = 20;
const ALPHA_MIN = 0.05;
const LAPLACE_PRIOR_SCALE = Math.SQRT1_2; // of variance 1
const FLOAT32_EPSILON = 2 ** -23; // what torch keeps partial correlations from 1 by

/**
 * q(z|x) for one image.
 * @param {string} name - key of FAMILIES
 * @param {ArrayLike<number>} params - sites * P numbers, as the encoder gives them
 * @param {number[]} latentShape - (D,) or (h, w, C)
 * @returns {Posterior} mean, variance, klPerDim: Float64Array(d); covariance(j, k); kl;
 *   parts: null, or {location, width} that add up to klPerDim; draw(seed): Float64Array(d);
 *   logProb(z)
 */
export function posterior(name, params, latentShape) {
  return FAMILIES[name].fromParams(params, latentShape);
}

/**
 * The family's p(z): mean, variance, draw(seed), logProb(z) as for `posterior`.
 * @param {string} name
 * @param {number[]} latentShape
 */
export function prior(name, latentShape) {
  return FAMILIES[name].prior(latentShape);
}

/**
 * z with one number at a value, the others following if they must.
 * @param {string} name
 * @param {ArrayLike<number>} z - d numbers
 * @param {number[]} latentShape
 * @param {number} index - of 0 ... d - 1
 * @param {number} value
 * @returns {Float64Array} (d)
 */
export function move(name, z, latentShape, index, value) {
  return FAMILIES[name].move(z, latentShape.at(-1), index, value);
}

/**
 * Moments of two latent numbers j and k for many images, and of no others.
 * @param {string} name
 * @param {ArrayLike<number>} params - n rows of sites * P numbers
 * @param {number} n
 * @param {number[]} latentShape
 * @param {number[]} axes - [j, k]
 * @returns {{x, y, xx, xy, yy: Float64Array}} each (n): the means of j and of k; Var j,
 *   Cov(j, k), Var k given each image
 */
export function moments(name, params, n, latentShape, axes) {
  const family = FAMILIES[name];
  const channels = latentShape.at(-1);
  const [x, y, xx, xy, yy] = Array.from({ length: 5 }, () => new Float64Array(n));
  const { first, second, isSameSite, stride, channel } = placesOfAxes(
    params.length / n, latentShape, axes,
  );
  const [j, k] = channel;
  for (let i = 0, at = 0; i < n; i++, at += stride) {
    if (isSameSite) {
      [x[i], y[i], xx[i], xy[i], yy[i]] = family.pair(params, at + first, channels, j, k);
    } else {
      [x[i], , xx[i]] = family.pair(params, at + first, channels, j, j);
      [y[i], , yy[i]] = family.pair(params, at + second, channels, k, k);
    }
  }
  return { x, y, xx, xy, yy };
}

/**
 * What a Dirichlet says of two latent numbers j and k for many images.
 * @returns {{a, b, totalA, totalB: Float64Array}} each (n): alpha_j and alpha_k, and alpha_0
 *   of their sites
 */
export function concentrationsOnAxes(params, n, latentShape, axes) {
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

/** Whether two latent numbers are of the same site. */
export function isOneSite([j, k], latentShape) {
  const channels = latentShape.at(-1);
  return Math.floor(j / channels) === Math.floor(k / channels);
}

/** Where the sites of two latent numbers begin in a row of `stride` params; their channels. */
function placesOfAxes(stride, latentShape, axes) {
  const channels = latentShape.at(-1);
  const perSite = (stride * channels) / count(latentShape);
  const [first, second] = axes.map((axis) => Math.floor(axis / channels) * perSite);
  const channel = axes.map((axis) => axis % channels);
  return { first, second, isSameSite: first === second, stride, channel };
}

/**
 * The eps with which Gaussians draw: z = mu + sigma eps, or mu + L eps.
 * @param {number} seed
 * @param {number} d
 * @returns {Float64Array} (d), from N(0, I)
 */
export function standardNormals(seed, d) {
  const random = noise(seed);
  return float64s(d, () => random.normal());
}

/** f(0), ..., f(size - 1). */
function float64s(size, f) {
  const values = new Float64Array(size);
  for (let i = 0; i < size; i++) values[i] = f(i);
  return values;
}

function total(values) {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Numbers of the params by latent number: number `offset` + channel of each site's P. */
function readParams(params, latentShape, offset = 0) {
  const channels = latentShape.at(-1);
  const size = count(latentShape);
  const perSite = (params.length * channels) / size;
  return float64s(size, (j) => {
    const channel = j % channels;
    return params[((j - channel) / channels) * perSite + offset + channel];
  });
}

/** Give an object a property for good: what is costly is computed when first asked for. */
function keep(object, name, value) {
  Object.defineProperty(object, name, { value });
  return value;
}

/** What follows for all families. Those that have no KL or density say so themselves. */
class Posterior {
  /**
   * @param {number[]} latentShape
   * @param {Float64Array} mean - (d)
   */
  constructor(latentShape, mean) {
    this.latentShape = latentShape;
    this.channels = latentShape.at(-1);
    this.size = mean.length;
    this.mean = mean;
  }

  get variance() {
    return keep(this, "variance", float64s(this.size, (j) => this._variance(j)));
  }

  /** Of two numbers given x; 0 across sites. */
  covariance(j, k) {
    return j === k ? this.variance[j] : 0;
  }

  /** KL of every number's marginal to that of the prior. */
  get klPerDim() {
    return keep(this, "klPerDim", float64s(this.size, (j) => this._klOfMarginal(j)));
  }

  /** KL(q(z|x) || p(z)). */
  get kl() {
    return keep(this, "kl", this._kl());
  }

  _kl() {
    return total(this.klPerDim);
  }

  /** What klPerDim is made of, where the marginals are Gaussian. */
  get parts() {
    return null;
  }

  static move(z, channels, index, value) {
    const moved = Float64Array.from(z);
    moved[index] = value;
    return moved;
  }
}

/** Gaussians, and their KL to N(0, I): what a mean costs, and what a width. */
class Gaussian extends Posterior {
  static prior(latentShape) {
    const zeros = new Float64Array(count(latentShape));
    return new DiagonalGaussian(latentShape, zeros, zeros);
  }

  get parts() {
    const location = this.mean.map((mu) => 0.5 * mu * mu);
    const width = float64s(this.size, (j) => {
      const logVariance = this._logVariance(j);
      return 0.5 * (Math.expm1(logVariance) - logVariance); // sigma^2 - 1 - ln sigma^2
    });
    return keep(this, "parts", { location, width });
  }

  _klOfMarginal(j) {
    return this.parts.location[j] + this.parts.width[j];
  }
}

function clampedLogVariance(logVariance) {
  return clamp(logVariance, LOGVAR_MIN, LOGVAR_MAX);
}

/** N(mu, diag sigma^2): C means, then C log-variances. */
class DiagonalGaussian extends Gaussian {
  constructor(latentShape, mean, logVariance) {
    super(latentShape, mean);
    this.logVariance = logVariance;
  }

  static fromParams(params, latentShape) {
    const logVariance = readParams(params, latentShape, latentShape.at(-1));
    const mean = readParams(params, latentShape);
    return new DiagonalGaussian(latentShape, mean, logVariance.map(clampedLogVariance));
  }

  static pair(params, at, channels, j, k) {
    const xx = Math.exp(clampedLogVariance(params[at + channels + j]));
    const yy = Math.exp(clampedLogVariance(params[at + channels + k]));
    return [params[at + j], params[at + k], xx, j === k ? xx : 0, yy];
  }

  _logVariance(j) {
    return this.logVariance[j];
  }

  _variance(j) {
    return Math.exp(this.logVariance[j]);
  }

  /** z = mu + sigma eps. */
  draw(seed) {
    const eps = standardNormals(seed, this.size);
    return this.mean.map((mu, j) => mu + Math.exp(0.5 * this.logVariance[j]) * eps[j]);
  }

  logProb(z) {
    return -total(this.mean.map((mu, j) => {
      const square = (z[j] - mu) ** 2 / this.variance[j];
      return 0.5 * (square + this.logVariance[j] + Math.log(2 * Math.PI));
    }));
  }
}

/**
 * N(mu, L L^T) at every site, L lower triangular. A subclass says `row(params, at, channels, j)`:
 * row j of the L of the site whose params begin at `at`, up to the diagonal.
 */
class CholeskyGaussian extends Gaussian {
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

  /** L's rows, one for every latent number: up to the diagonal, and from its own site alone. */
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

  /** -0.5 ||L^-1 (z - mu)||^2 - sum ln L_jj - d/2 ln 2 pi. */
  logProb(z) {
    const eps = new Float64Array(this.size); // L^-1 (z - mu), one number after the other
    let nats = 0;
    for (let j = 0; j < this.size; j++) {
      const width = this.factor[j].at(-1);
      eps[j] = (z[j] - this.mean[j] - this._rowTimes(j, eps)) / width; // eps[j] is still 0
      nats -= 0.5 * eps[j] * eps[j] + Math.log(width) + 0.5 * Math.log(2 * Math.PI);
    }
    return nats;
  }

  /** L's row of number j times the vector of its site. */
  _rowTimes(j, vector) {
    const first = j - (j % this.channels);
    return dot(this.factor[j], vector.subarray(first, j + 1));
  }
}

/** Over as many numbers as the shorter one has. */
function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length && i < b.length; i++) sum += a[i] * b[i];
  return sum;
}

/** C means, C logarithms of L's diagonal, then the rows of L below it. */
class FullGaussian extends CholeskyGaussian {
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
class FullCorrelationGaussian extends CholeskyGaussian {
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

/** Laplace(mu_j, b_j) against Laplace(0, 1/sqrt 2): C locations, C log-variances of 2 b^2. */
class Laplace extends Posterior {
  constructor(latentShape, mean, scale) {
    super(latentShape, mean);
    this.scale = scale;
  }

  static fromParams(params, latentShape) {
    const logVariance = readParams(params, latentShape, latentShape.at(-1));
    const scale = logVariance.map((v) => Math.SQRT1_2 * Math.exp(0.5 * clampedLogVariance(v)));
    return new Laplace(latentShape, readParams(params, latentShape), scale);
  }

  static prior(latentShape) {
    const zeros = new Float64Array(count(latentShape));
    return new Laplace(latentShape, zeros, zeros.map(() => LAPLACE_PRIOR_SCALE));
  }

  static pair(params, at, channels, j, k) {
    return DiagonalGaussian.pair(params, at, channels, j, k);
  }

  _variance(j) {
    return 2 * this.scale[j] ** 2;
  }

  /** |mu| / b0 + (b / b0) exp(-|mu| / b) - ln(b / b0) - 1. */
  _klOfMarginal(j) {
    const distance = Math.abs(this.mean[j]);
    const ratio = this.scale[j] / LAPLACE_PRIOR_SCALE;
    const reach = distance / LAPLACE_PRIOR_SCALE;
    return reach + ratio * Math.exp(-distance / this.scale[j]) - Math.log(ratio) - 1;
  }

  /** z = mu + b eps, eps the difference of two exponential draws. */
  draw(seed) {
    const random = noise(seed);
    const eps = float64s(this.size, () => random.exponential() - random.exponential());
    return this.mean.map((mu, j) => mu + this.scale[j] * eps[j]);
  }

  logProb(z) {
    return -total(this.mean.map((mu, j) => {
      return Math.abs(z[j] - mu) / this.scale[j] + Math.log(2 * this.scale[j]);
    }));
  }
}

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
class Dirichlet extends Posterior {
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

/** z = mu with certainty: infinitely far from any prior with a density. */
class PointMass extends Posterior {
  static fromParams(params, latentShape) {
    return new PointMass(latentShape, readParams(params, latentShape));
  }

  /** N(0, I): what one would sample from by mistake. */
  static prior(latentShape) {
    return Gaussian.prior(latentShape);
  }

  static pair(params, at, channels, j, k) {
    return [params[at + j], params[at + k], 0, 0, 0];
  }

  _variance() {
    return 0;
  }

  _klOfMarginal() {
    return Infinity;
  }

  draw() {
    return this.mean.slice();
  }

  /** NaN: a point has no density. */
  logProb() {
    return NaN;
  }
}

/** By the names that vae_core gives them. */
export const FAMILIES = {
  diagonal: DiagonalGaussian,
  full: FullGaussian,
  "full-correlation": FullCorrelationGaussian,
  laplace: Laplace,
  dirichlet: Dirichlet,
  delta: PointMass,
};
