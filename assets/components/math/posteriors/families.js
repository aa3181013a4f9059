/**
 * The families of q(z|x), as in vae_core/posteriors: parameters become a distribution over z.
 *
 * Pure functions of what an encoder says of one image: `params`, sites * P numbers, channels
 * last. A latent has shape (*sites, C) and d numbers in all; sites are independent given x.
 * Computed in double precision. Every KL and log-density is in nats.
 */

import { Dirichlet, concentration, totalConcentration } from "./dirichlet.js";
import { count } from "../../model/engine.js";
import {
  DiagonalGaussian, FullCorrelationGaussian, FullGaussian, Gaussian,
} from "./gaussian.js";
import { Laplace } from "./laplace.js";
import { Posterior, readParams } from "./posterior.js";

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

/** Where the sites of two latent numbers begin in a row of `stride` params; their channels. */
function placesOfAxes(stride, latentShape, axes) {
  const channels = latentShape.at(-1);
  const perSite = (stride * channels) / count(latentShape);
  const [first, second] = axes.map((axis) => Math.floor(axis / channels) * perSite);
  const channel = axes.map((axis) => axis % channels);
  return { first, second, isSameSite: first === second, stride, channel };
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
