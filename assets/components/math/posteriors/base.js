/**
 * Base class of the families of q(z|x), as vae_core.posteriors.base: one object for one image.
 *
 * `params` are what an encoder returns for one image: sites * P values, channels last. A latent
 * has shape (*sites, C) and d dimensions; sites are independent given x. Everything is computed
 * in double precision; every KL and log-density is in nats.
 */

import { count, float64s, siteOf, total } from "../shapes.js";

/** The params of all d dimensions: value `offset` + channel of each site's P. */
export function readParams(params, latentShape, offset = 0) {
  const channels = latentShape.at(-1);
  const size = count(latentShape);
  const perSite = (params.length * channels) / size;
  return float64s(size, (j) => {
    return params[siteOf(j, latentShape) * perSite + offset + (j % channels)];
  });
}

/** Where the sites of two dimensions begin in a row of `stride` params; their channels. */
export function placesOfAxes(stride, latentShape, axes) {
  const channels = latentShape.at(-1);
  const perSite = (stride * channels) / count(latentShape);
  const [first, second] = axes.map((axis) => siteOf(axis, latentShape) * perSite);
  const channel = axes.map((axis) => axis % channels);
  return { first, second, isSameSite: first === second, stride, channel };
}

/** Define a property for good: what is costly is computed on first use. */
export function keep(object, name, value) {
  Object.defineProperty(object, name, { value });
  return value;
}

/**
 * q(z|x) of one image.
 *
 * A family is a subclass. It has the static functions
 * `fromParams(params, latentShape)`: q(z|x);
 * `prior(latentShape)`: the matching p(z);
 * `pair(params, at, channels, j, k)`: means of channels j and k of the site whose params begin
 * at `at`, and Var j, Cov(j, k), Var k;
 * `planeMixture(params, n, latentShape, axes)`: see math/mixture.js;
 * and in each object `_variance(j)`, `_klOfMarginal(j)`, `draw(seed)` and `logProb(z)`.
 */
export class Posterior {
  /** Where the prior has its mass: "real", or "simplex", where the channels of a site sum to 1. */
  static support = "real";

  /** The class of q* of the family, see math/best_posterior.js; null where none is searched for. */
  static best = null;

  /** Whether no rotation around the origin changes the prior. */
  static isRotationInvariant = false;

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

  /** The same against a learned prior, in place of the family's own. */
  against(prior) {
    this.learnedPrior = prior;
    return this;
  }

  get variance() {
    return keep(this, "variance", float64s(this.size, (j) => this._variance(j)));
  }

  /** Of two dimensions given x; 0 across sites. */
  covariance(j, k) {
    return j === k ? this.variance[j] : 0;
  }

  /** KL of every dimension's marginal to that of the prior. */
  get klPerDim() {
    const learned = this.learnedPrior?.ratePerDim(this);
    return keep(this, "klPerDim", learned ?? float64s(this.size, (j) => this._klOfMarginal(j)));
  }

  /** KL(q(z|x) || p(z)). */
  get kl() {
    return keep(this, "kl", this.learnedPrior ? this._learnedRate.value : this._kl());
  }

  /** Standard error of `kl` by samples; 0 where it has none. */
  get klError() {
    return this.learnedPrior ? this._learnedRate.error : 0;
  }

  get _learnedRate() {
    return keep(this, "_learnedRate", this.learnedPrior.rate(this));
  }

  _kl() {
    return total(this.klPerDim);
  }

  /**
   * Places and weights for expectations under q without noise; null where the family has none.
   * @returns {?{z: Float64Array[], weights: number[]}} the weights add up to 1
   */
  nodes() {
    return null;
  }

  /**
   * Its parameters by the names that they have in PyTorch: see draw_lines in vae_core.posteriors.
   * @returns {Object} name -> (d) values, channels last
   */
  get named() {
    return { mu: this.mean };
  }

  /** What each dimension's own eps is multiplied by in z; null in families without eps. */
  get scales() {
    return null;
  }

  /** The eps that leads to z; null in families without. */
  noiseAt() {
    return null;
  }

  /** The same posterior with another mean and scale in dimension j; null in families without. */
  withDimension() {
    return null;
  }

  /** What klPerDim is made of, where the marginals are Gaussian: {location, width}. */
  get parts() {
    return null;
  }

  /** The nearest value that a dimension can have. */
  static inside(value) {
    return value;
  }

  /** The nearest z in the support. */
  static nearest(z) {
    return z;
  }

  /**
   * z with one dimension at a value, the others within the support.
   * @param {ArrayLike<number>} z - d values
   * @param {number} channels
   * @param {number} index - of 0 ... d - 1
   * @param {number} value
   * @returns {Float64Array} (d)
   */
  static move(z, channels, index, value) {
    const moved = Float64Array.from(z);
    moved[index] = value;
    return moved;
  }

  /** z with two dimensions at a point, the others within the support. */
  static movePair(z, channels, [j, k], [x, y]) {
    return this.move(this.move(z, channels, j, this.inside(x)), channels, k, this.inside(y));
  }

  /**
   * Moments of two latent dimensions j and k for many images, and of no others.
   * @param {ArrayLike<number>} params - n rows of sites * P values
   * @param {number} n
   * @param {number[]} latentShape
   * @param {number[]} axes - [j, k]
   * @returns {{x, y, xx, xy, yy: Float64Array}} each (n): the means of j and of k; Var j,
   *   Cov(j, k), Var k given each image
   */
  static moments(params, n, latentShape, axes) {
    const channels = latentShape.at(-1);
    const [x, y, xx, xy, yy] = Array.from({ length: 5 }, () => new Float64Array(n));
    const { first, second, isSameSite, stride, channel } = placesOfAxes(
      params.length / n, latentShape, axes,
    );
    const [j, k] = channel;
    for (let i = 0, at = 0; i < n; i++, at += stride) {
      if (isSameSite) {
        [x[i], y[i], xx[i], xy[i], yy[i]] = this.pair(params, at + first, channels, j, k);
      } else {
        [x[i], , xx[i]] = this.pair(params, at + first, channels, j, j);
        [y[i], , yy[i]] = this.pair(params, at + second, channels, k, k);
      }
    }
    return { x, y, xx, xy, yy };
  }

  /** Null: the family has no density on a plane. */
  static planeMixture() {
    return null;
  }
}
