/**
 * Training: batches in a shuffled order, one step of Adam on each, and scores between them.
 *
 * Shuffling, noise and scores have random generators of their own, so that a seed gives the same
 * weights however often it is looked at.
 */

import { randomGenerator } from "../math/random.js";
import { Adam } from "./adam.js";
import { TrainableVAE } from "./vae.js";

const SIGMA_FACTOR = 10; // a learned sigma takes larger steps than the weights, as in vae_core
const CAPACITY = 512; // rows at once, where batches are not larger

export class Trainer {
  /**
   * @param {Object} config - see TrainableVAE
   * @param {{train: Float64Array, test: Float64Array}} data - rows of config.size numbers
   * @param {{batch: number, rate: number, beta: number, seed: number}} settings - rate: the
   *   learning rate; rate and beta may change later
   */
  constructor(config, data, settings) {
    this.settings = { ...settings };
    this.size = config.size;
    this.vae = new TrainableVAE(config, Math.max(CAPACITY, settings.batch));
    this.vae.begin(randomGenerator(3 * settings.seed));
    this.adam = new Adam(this.vae.weights.length);
    this.shuffling = randomGenerator(3 * settings.seed + 1);
    this.noise = randomGenerator(3 * settings.seed + 2);
    this.scoring = randomGenerator(-1 - settings.seed);
    this.x = new Float64Array(settings.batch * config.size);
    this.eps = new Float64Array(this.vae.capacity * config.latent);
    this.steps = 0;
    this.setData(data);
  }

  /** Go on with other rows, from the beginning of a pass over them. */
  setData({ train, test }) {
    Object.assign(this, { train, test });
    this.n = train.length / this.size;
    this.order = Int32Array.from({ length: this.n }, (_, i) => i);
    this.next = this.n; // rows of the order that were taken: all, so that it is shuffled
    this.passed = 0; // rows before this pass
  }

  /** Passes over the training rows, with a fraction. */
  get epoch() {
    return this.n ? Math.max(this.passed + this.next / this.n - 1, 0) : 0;
  }

  get stepsPerEpoch() {
    return Math.ceil(this.n / this.settings.batch);
  }

  /** One step on the next batch; returns its loss. The last batch of a pass may be smaller. */
  step() {
    if (this.next >= this.n) {
      shuffle(this.order, this.shuffling);
      this.next = 0;
      this.passed++;
    }
    const rows = this.order.subarray(this.next, Math.min(this.next + this.settings.batch, this.n));
    this.next += rows.length;
    const size = rows.length * this.vae.latent;
    for (let i = 0; i < size; i++) this.eps[i] = this.noise.normal();
    return this.update(rows, this.eps);
  }

  /**
   * One step on these rows of the training data, with this noise; returns its loss.
   * @param {Int32Array} rows - at most a batch
   * @param {Float64Array} eps - (rows, latent)
   */
  update(rows, eps) {
    const { size, x, vae } = this;
    for (let k = 0; k < rows.length; k++) {
      const from = rows[k] * size;
      for (let i = 0; i < size; i++) x[k * size + i] = this.train[from + i];
    }
    const loss = vae.differentiate(x, eps, rows.length, this.settings.beta);
    if (!Number.isFinite(loss)) return loss; // the weights stay as they are
    this.adam.step(vae.weights, vae.gradient, this.settings.rate, vae.nNetworkWeights, SIGMA_FACTOR);
    this.steps++;
    return loss;
  }

  /**
   * Distortion and rate of these rows with one draw each, at beta = 1.
   * @param {Float64Array} x - (n, size)
   * @returns {{distortion: number, rate: number, error: number}} means, and the standard error of
   *   their sum
   */
  score(x) {
    const { vae, size } = this;
    const n = x.length / size;
    let [distortion, rate, square] = [0, 0, 0];
    for (let from = 0; from < n; from += vae.capacity) {
      const some = Math.min(vae.capacity, n - from);
      for (let i = 0; i < some * vae.latent; i++) this.eps[i] = this.scoring.normal();
      vae.score(x.subarray(from * size, (from + some) * size), this.eps, some);
      for (let row = 0; row < some; row++) {
        distortion += vae.distortions[row] / n;
        rate += vae.rates[row] / n;
        square += (vae.distortions[row] + vae.rates[row]) ** 2 / n;
      }
    }
    const variance = Math.max(square - (distortion + rate) ** 2, 0);
    return { distortion, rate, error: Math.sqrt(variance / Math.max(n - 1, 1)) };
  }
}

/** In place, every order as likely (Fisher and Yates). */
function shuffle(order, random) {
  for (let i = order.length - 1; i > 0; i--) {
    const k = Math.floor(random.uniform() * (i + 1));
    [order[i], order[k]] = [order[k], order[i]];
  }
}
