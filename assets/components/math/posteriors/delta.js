/**
 * The point mass: an auto-encoder's code, without a width.
 */

import { Posterior, readParams } from "./base.js";
import { Gaussian } from "./diagonal.js";

/** z = mu with certainty: infinitely far from any prior with a density. */
export class PointMass extends Posterior {
  static isRotationInvariant = true;

  static fromParams(params, latentShape) {
    return new PointMass(latentShape, readParams(params, latentShape));
  }

  /** N(0, I), for draws, although the model was not trained against it. */
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
