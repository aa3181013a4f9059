/**
 * Adam (Kingma & Ba 2015), in PyTorch's form and with its settings.
 */

const [FORGET_MEAN, FORGET_SQUARE, EPSILON] = [0.9, 0.999, 1e-8];

export class Adam {
  /** @param {number} length - how many weights */
  constructor(length) {
    this.mean = new Float64Array(length);
    this.square = new Float64Array(length);
    this.steps = 0;
  }

  /**
   * One step: weights are changed in place.
   * @param {Float64Array} weights
   * @param {Float64Array} gradient
   * @param {number} rate - the learning rate
   * @param {number} first - weights from here on take steps that are `factor` times as large
   * @param {number} factor
   */
  step(weights, gradient, rate, first = weights.length, factor = 1) {
    this.steps++;
    this._update(weights, gradient, rate, 0, first);
    this._update(weights, gradient, factor * rate, first, weights.length);
  }

  _update(weights, gradient, rate, from, to) {
    const { mean, square } = this;
    const long = rate / (1 - FORGET_MEAN ** this.steps);
    const root = 1 / Math.sqrt(1 - FORGET_SQUARE ** this.steps);
    for (let i = from; i < to; i++) {
      const slope = gradient[i];
      mean[i] += (1 - FORGET_MEAN) * (slope - mean[i]);
      square[i] = FORGET_SQUARE * square[i] + (1 - FORGET_SQUARE) * slope * slope;
      weights[i] -= (long * mean[i]) / (Math.sqrt(square[i]) * root + EPSILON);
    }
  }
}
