/**
 * A network of affine layers with ReLU between them, run on many rows at once, and its gradient.
 */

import { addWeightGradient, affine, timesWeight } from "./matrix.js";

export class Network {
  /**
   * @param {string} name - its tensors are named as in the library's model: name.1.weight, ...
   * @param {number[]} widths - of what goes in, of the hidden layers, and of what comes out
   * @param {number} capacity - the most rows that are run at once
   */
  constructor(name, widths, capacity) {
    this.name = name;
    this.widths = widths;
    this.outputs = widths.slice(1).map((wide) => new Float64Array(wide * capacity));
    this.slopes = widths.slice(1).map((wide) => new Float64Array(wide * capacity));
  }

  /** Names and shapes of its tensors, in order. */
  get tensors() {
    return this.widths.slice(1).flatMap((fanOut, k) => [
      { name: `${this.name}.${2 * k + 1}.weight`, shape: [fanOut, this.widths[k]] },
      { name: `${this.name}.${2 * k + 1}.bias`, shape: [fanOut] },
    ]);
  }

  /** Take these arrays, weight and bias of each layer, as its weights and as their gradient. */
  bind(weights, gradients) {
    const pairs = (values) => this.outputs.map((_, k) => ({ weight: values[2 * k], bias: values[2 * k + 1] }));
    this.layers = pairs(weights);
    this.gradients = pairs(gradients);
  }

  /** (n, widths[0]) -> (n, widths.at(-1)), overwritten by the next call. */
  run(x, n) {
    this.input = x;
    let values = x;
    this.layers.forEach(({ weight, bias }, k) => {
      affine(values, n, weight, bias, this.outputs[k]);
      values = this.outputs[k];
      if (k < this.layers.length - 1) rectify(values, n * this.widths[k + 1]);
    });
    return values;
  }

  /** Where the slope of the loss by what came out is to be written, (n, widths.at(-1)). */
  get slope() {
    return this.slopes.at(-1);
  }

  /**
   * Add to the gradients what the last run and `slope` give.
   * @param {number} n
   * @param {?Float64Array} ofInput - (n, widths[0]), to write the slope by what went in
   */
  addGradient(n, ofInput = null) {
    for (let k = this.layers.length - 1; k >= 0; k--) {
      const below = k ? this.outputs[k - 1] : this.input;
      const { weight, bias } = this.gradients[k];
      addWeightGradient(below, n, this.slopes[k], weight, bias);
      const slope = k ? this.slopes[k - 1] : ofInput;
      if (!slope) continue;
      timesWeight(this.slopes[k], n, this.layers[k].weight, this.widths[k], slope);
      if (k) silence(slope, below, n * this.widths[k]);
    }
  }
}

function rectify(values, size) {
  for (let i = 0; i < size; i++) if (!(values[i] > 0)) values[i] = 0;
}

/** No slope through units that are off. */
function silence(slope, values, size) {
  for (let i = 0; i < size; i++) if (values[i] === 0) slope[i] = 0;
}
