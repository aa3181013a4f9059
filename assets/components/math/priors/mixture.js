/**
 * A mixture of posteriors of one family as p(z), as vae_core/priors/mixture.py: of learned
 * Gaussians, of the posteriors of pseudo-inputs, or of a Gaussian for each class.
 */

import { randomGenerator } from "../random.js";
import { float64s } from "../shapes.js";
import { LearnedPrior, REACH, logSumExp } from "./base.js";

const ANOTHER = 0x2545f491; // of a seed: numbers that have not chosen the component

export class MixturePrior extends LearnedPrior {
  /**
   * @param {number[]} latentShape
   * @param {Posterior[]} components
   * @param {ArrayLike<number>} logWeights - of each; -Infinity for one of no weight
   * @param {boolean} isOfClasses - whether component y is the prior of label y
   */
  constructor(latentShape, components, logWeights, isOfClasses = false) {
    super(latentShape);
    this.components = components;
    this.logWeights = Float64Array.from(logWeights);
    this.isOfClasses = isOfClasses;
    this.weights = this.logWeights.map(Math.exp);
    this.mean = float64s(components[0].size, (j) =>
      components.reduce((sum, one, k) => sum + this.weights[k] * one.mean[j], 0),
    );
    this._planes = new Map(); // logarithms of the densities of two dimensions, by their numbers
  }

  get reach() {
    const far = (one) => one.mean.map((m, j) => Math.abs(m) + REACH * Math.sqrt(one.variance[j]));
    return Math.max(REACH, ...this.components.flatMap((one) => Array.from(far(one))));
  }

  get parts() {
    return this.components.map((q, k) => ({ q, weight: this.weights[k] }));
  }

  /** p(z|y), where the prior is one for each label; itself without. */
  given(label) {
    if (!this.isOfClasses || label === null) return this;
    this.ofLabels ??= this.components.map(
      (one) => new MixturePrior(this.latentShape, [one], [0]),
    );
    return this.ofLabels[label];
  }

  logProb(z) {
    return logSumExp(this.components.map((one, k) => this.logWeights[k] + one.logProb(z)));
  }

  /** A component by its weight, then a sample of it. */
  draw(seed) {
    let left = randomGenerator(seed).uniform();
    const k = this.weights.findIndex((weight) => (left -= weight) < 0);
    return this.components.at(k).draw(seed ^ ANOTHER);
  }

  /** log p(z_j) of one dimension; NaN of a family whose marginals are not Gaussian. */
  logMarginal(j, value) {
    return logSumExp(this.components.map((one, k) =>
      this.logWeights[k] + normalLog(value - one.mean[j], this._isNormal ? one.variance[j] : NaN),
    ));
  }

  /** log p(z_j = x, z_k = y); null of a family whose marginals are not Gaussian. */
  logPlane([j, k]) {
    if (!this._isNormal) return null;
    const parts = this.components.map((one) => {
      const [xx, yy, xy] = [one.variance[j], one.variance[k], one.covariance(j, k)];
      const slope = xy / yy;
      return { x: one.mean[j], y: one.mean[k], slope, yy, rest: Math.max(xx - slope * xy, 1e-14 * xx) };
    });
    const logs = new Float64Array(parts.length);
    return (x, y) => {
      parts.forEach((part, i) => {
        const up = y - part.y;
        logs[i] = this.logWeights[i] + normalLog(up, part.yy)
          + normalLog(x - part.x - part.slope * up, part.rest);
      });
      return logSumExp(logs);
    };
  }

  get _isNormal() {
    return this.components[0].constructor.isRotationInvariant;
  }
}

/** log N(x; 0, variance). */
function normalLog(x, variance) {
  return -0.5 * ((x * x) / variance + Math.log(2 * Math.PI * variance));
}
