/**
 * What every family of q(z|x) answers for one image, and what follows from it for all of them.
 */

import { count } from "../../model/engine.js";

/** Whether two latent numbers are of the same site. */
export function isOneSite([j, k], latentShape) {
  const channels = latentShape.at(-1);
  return Math.floor(j / channels) === Math.floor(k / channels);
}

/** f(0), ..., f(size - 1). */
export function float64s(size, f) {
  const values = new Float64Array(size);
  for (let i = 0; i < size; i++) values[i] = f(i);
  return values;
}

export function total(values) {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Numbers of the params by latent number: number `offset` + channel of each site's P. */
export function readParams(params, latentShape, offset = 0) {
  const channels = latentShape.at(-1);
  const size = count(latentShape);
  const perSite = (params.length * channels) / size;
  return float64s(size, (j) => {
    const channel = j % channels;
    return params[((j - channel) / channels) * perSite + offset + channel];
  });
}

/** Give an object a property for good: what is costly is computed when first asked for. */
export function keep(object, name, value) {
  Object.defineProperty(object, name, { value });
  return value;
}

/** What follows for all families. Those that have no KL or density say so themselves. */
export class Posterior {
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
