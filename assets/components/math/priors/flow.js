/**
 * A normalising flow as p(z), as vae_core/priors/flow.py: z = f(u), u ~ N(0, I), f being couplings
 * that scale and shift half of the dimensions by functions of the other half.
 */

import { standardNormals } from "../posteriors/diagonal.js";
import { count } from "../shapes.js";
import { LearnedPrior } from "./base.js";

const MAX_LOG_SCALE = 2;

export class FlowPrior extends LearnedPrior {
  /**
   * @param {number[]} latentShape
   * @param {{moved: number, layers: {weight, bias}[]}[]} couplings - the first is applied to u first;
   *   moved: 0 where it moves even dimensions, 1 where odd ones; tensors {values, shape}
   * @param {ArrayLike<number>} mean
   */
  constructor(latentShape, couplings, mean) {
    super(latentShape);
    this.couplings = couplings;
    this.mean = Float64Array.from(mean);
    this.size = count(latentShape);
  }

  draw(seed) {
    const z = standardNormals(seed, this.size);
    for (const coupling of this.couplings) {
      const { dims, scale, shift } = this._functionsOf(coupling, z);
      dims.forEach((j, i) => {
        z[j] = z[j] * Math.exp(scale[i]) + shift[i];
      });
    }
    return z;
  }

  logProb(z) {
    const u = Float64Array.from(z);
    let log = 0;
    for (const coupling of this.couplings.toReversed()) {
      const { dims, scale, shift } = this._functionsOf(coupling, u);
      dims.forEach((j, i) => {
        u[j] = (u[j] - shift[i]) * Math.exp(-scale[i]);
        log -= scale[i];
      });
    }
    return u.reduce((sum, value) => sum - 0.5 * (value * value + Math.log(2 * Math.PI)), log);
  }

  /** Of the whole of z, where that is the plane. */
  logPlane([j, k]) {
    return this.size === 2 && j !== k ? (x, y) => this.logProb(j ? [y, x] : [x, y]) : null;
  }

  _functionsOf({ moved, layers }, z) {
    const all = [...z.keys()];
    const dims = all.filter((j) => j % 2 === moved);
    let values = all.filter((j) => j % 2 !== moved).map((j) => z[j]);
    layers.forEach((layer, k) => {
      values = affine(layer, values);
      if (k < layers.length - 1) values = values.map(Math.tanh);
    });
    const scale = values.slice(0, dims.length).map((s) => MAX_LOG_SCALE * Math.tanh(s / MAX_LOG_SCALE));
    return { dims, scale, shift: values.slice(dims.length) };
  }
}

function affine({ weight, bias }, x) {
  const [rows, columns] = weight.shape;
  return Array.from({ length: rows }, (_, i) => {
    let sum = bias.values[i];
    for (let j = 0; j < columns; j++) sum += weight.values[i * columns + j] * x[j];
    return sum;
  });
}
