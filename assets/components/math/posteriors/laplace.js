/**
 * A posterior and a prior with sharp peaks.
 */

import { count } from "../../model/engine.js";
import { DiagonalGaussian, clampedLogVariance } from "./gaussian.js";
import { noise } from "../random.js";
import { Posterior, float64s, readParams, total } from "./posterior.js";

const LAPLACE_PRIOR_SCALE = Math.SQRT1_2; // of variance 1

/** Laplace(mu_j, b_j) against Laplace(0, 1/sqrt 2): C locations, C log-variances of 2 b^2. */
export class Laplace extends Posterior {
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
