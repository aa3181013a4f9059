/**
 * Base class of learned priors p(z), as vae_core/priors/base.py, and the rate of q(z|x) against them.
 *
 * The families' own priors are objects of the families. Either has `mean`, `draw(seed)` and
 * `logProb(z)`.
 */

import { normalLattice } from "../nodes.js";
import { float64s } from "../shapes.js";

const RATE_SAMPLES = 200; // of z for each image, where q has no nodes
export const REACH = 5.2; // standard deviations
const REACH_SAMPLES = 400;

export class LearnedPrior {
  /** Told apart from the families' own. */
  isLearned = true;

  constructor(latentShape) {
    this.latentShape = latentShape;
  }

  /** p(z|y), where the prior is one for each label. */
  given() {
    return this;
  }

  /** How far from 0, in any dimension, it has all mass that matters; 5.2 is that of N(0, 1). */
  get reach() {
    const draws = Array.from({ length: REACH_SAMPLES }, (_, k) => this.draw(k + 1));
    return float64s(this.mean.length, (j) => {
      const away = draws.reduce((sum, z) => sum + (z[j] - this.mean[j]) ** 2, 0);
      return Math.abs(this.mean[j]) + REACH * Math.sqrt(away / REACH_SAMPLES);
    }).reduce((a, b) => Math.max(a, b), REACH);
  }

  /** What it is a mixture of: {q, weight}; null of one that is no mixture. */
  get parts() {
    return null;
  }

  /** log p(z_j) of one dimension; NaN where it is not known. */
  logMarginal() {
    return NaN;
  }

  /** log p(z_j = x, z_k = y) of two dimensions, a function; null where it is not known. */
  logPlane() {
    return null;
  }

  /**
   * KL(q(z|x) || p(z)) in nats: by nodes of q without noise, else by samples of q, always the same.
   * @param {Posterior} q
   * @returns {{value: number, error: number}} the error is one standard error
   */
  rate(q) {
    const ratio = (z) => q.logProb(z) - this.logProb(z);
    const nodes = q.nodes();
    if (nodes) {
      const value = nodes.z.reduce((sum, z, k) => sum + nodes.weights[k] * ratio(z), 0);
      return { value, error: 0 };
    }
    const ratios = float64s(RATE_SAMPLES, (k) => ratio(q.draw(k + 1)));
    const mean = ratios.reduce((sum, one) => sum + one, 0) / RATE_SAMPLES;
    const squares = ratios.reduce((sum, one) => sum + (one - mean) ** 2, 0);
    return { value: mean, error: Math.sqrt(squares / (RATE_SAMPLES - 1) / RATE_SAMPLES) };
  }

  /** KL of every dimension's marginal, of a Gaussian q; NaN where either is not known. */
  ratePerDim(q) {
    const isNormal = q.constructor.isRotationInvariant;
    return float64s(q.size, (j) => (isNormal ? this._rateOfDim(q.mean[j], q.variance[j], j) : NaN));
  }

  _rateOfDim(mean, variance, j) {
    const sigma = Math.sqrt(variance);
    return normalLattice(1).reduce((sum, [u, weight]) => {
      const own = -0.5 * (u * u + Math.log(2 * Math.PI * variance));
      return sum + weight * (own - this.logMarginal(j, mean + sigma * u));
    }, 0);
  }
}

/** log of the sum of e^log, without overflow. */
export function logSumExp(logs) {
  const most = logs.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!Number.isFinite(most)) return most;
  return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0));
}
