/**
 * A variational auto-encoder that is trained in the page: diagonal Gaussian posterior, Bernoulli or
 * Gaussian likelihood, as in vae_core. Terms are in nats per row.
 */

import { LOGVAR_MAX, LOGVAR_MIN } from "../math/posteriors/diagonal.js";
import { count } from "../math/shapes.js";
import { clamp } from "../math/special.js";
import { Network } from "./network.js";

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);
const LOG_SIGMA_MAX = Math.log(1e3); // of the likelihood; and no less than minus this

export class TrainableVAE {
  /**
   * @param {{size: number, hidden: number[], latent: number, likelihood: string, sigma: string,
   *   sigmaValue: number}} config - size: numbers in a row of data; hidden: of the encoder, [] is
   *   linear, the decoder mirrors it; likelihood: bernoulli or gaussian; sigma: fixed or learned
   * @param {number} capacity - the most rows at once
   */
  constructor(config, capacity) {
    const { size, hidden, latent, likelihood, sigma } = config;
    Object.assign(this, { config, capacity, size, latent });
    this.isGaussian = likelihood === "gaussian";
    this.encoder = new Network("encoder", [size, ...hidden, 2 * latent], capacity);
    this.decoder = new Network("decoder", [latent, ...[...hidden].reverse(), size], capacity);
    const learned = this.isGaussian && sigma === "learned" ? [{ name: "likelihood.log_sigma", shape: [] }] : [];
    const named = [...this.encoder.tensors, ...this.decoder.tensors, ...learned];
    const length = named.reduce((sum, { shape }) => sum + count(shape), 0);
    this.weights = new Float64Array(length); // all of them, one tensor after the other
    this.gradient = new Float64Array(length); // of the loss
    const nEncoder = this.encoder.tensors.length;
    const nNetworks = named.length - learned.length;
    const views = (values) => {
      let at = 0;
      return named.map(({ shape }) => values.subarray(at, (at += count(shape))));
    };
    const [mine, slopes] = [views(this.weights), views(this.gradient)];
    this.encoder.bind(mine.slice(0, nEncoder), slopes.slice(0, nEncoder));
    this.decoder.bind(mine.slice(nEncoder, nNetworks), slopes.slice(nEncoder, nNetworks));
    this.tensors = named.map((tensor, k) => ({ ...tensor, values: mine[k] }));
    this.logSigma = learned.length ? mine.at(-1) : Float64Array.of(0);
    this.logSigmaSlope = learned.length ? slopes.at(-1) : null;
    this.logSigma[0] = Math.log(config.sigmaValue);
    this.z = new Float64Array(capacity * latent);
    this.zSlope = new Float64Array(capacity * latent);
    this.distortions = new Float64Array(capacity); // of the rows scored last
    this.rates = new Float64Array(capacity);
  }

  /** Fresh weights, uniform within 1 / sqrt(fan in) as in PyTorch. */
  begin(random) {
    const fanIns = this.tensors.map(({ name, shape }, k) => name.endsWith("bias") ? this.tensors[k - 1].shape[1] : shape[1]);
    this.tensors.forEach(({ name, values }, k) => {
      if (name.startsWith("likelihood")) return;
      const most = 1 / Math.sqrt(fanIns[k]);
      for (let i = 0; i < values.length; i++) values[i] = most * (2 * random.uniform() - 1);
    });
    this.logSigma[0] = Math.log(this.config.sigmaValue);
  }

  /** The standard deviation of the Gaussian likelihood. */
  get sigma() {
    return Math.exp(clamp(this.logSigma[0], -LOG_SIGMA_MAX, LOG_SIGMA_MAX));
  }

  /** Where a learned sigma stands among the weights; their number where there is none. */
  get nNetworkWeights() {
    return this.weights.length - (this.logSigmaSlope ? 1 : 0);
  }

  /** (n, size) -> (n, 2 latent), means then log-variances; overwritten by the next call. */
  encode(x, n) {
    return this.encoder.run(x, n);
  }

  /** (n, latent) -> (n, size): logits or means; overwritten by the next call. */
  decode(z, n) {
    return this.decoder.run(z, n);
  }

  /**
   * Distortion and rate of every row, into `distortions` and `rates`.
   * @param {Float64Array} x - (n, size)
   * @param {Float64Array} eps - (n, latent), from N(0, 1)
   * @param {number} n - at most `capacity`
   */
  score(x, eps, n) {
    this._sample(this.encode(x, n), eps, n);
    this._distort(this.decode(this.z, n), x, n);
  }

  /**
   * The same, and the gradient of the loss, the mean of distortion + beta rate.
   * @returns {number} the loss
   */
  differentiate(x, eps, n, beta) {
    this.gradient.fill(0);
    this.score(x, eps, n);
    const output = this.decoder.outputs.at(-1);
    const slope = this.decoder.slope;
    if (this.isGaussian) this._gaussianSlope(output, x, slope, n);
    else for (let i = 0; i < n * this.size; i++) slope[i] = (logistic(output[i]) - x[i]) / n;
    this.decoder.addGradient(n, this.zSlope);
    this._posteriorSlope(eps, n, beta);
    this.encoder.addGradient(n);
    let loss = 0;
    for (let row = 0; row < n; row++) loss += this.distortions[row] + beta * this.rates[row];
    return loss / n;
  }

  /** z = mu + sigma eps, and the KL of q(z|x) to N(0, I). */
  _sample(params, eps, n) {
    const d = this.latent;
    for (let row = 0, to = 0; row < n; row++) {
      let rate = 0;
      for (let j = 0, at = 2 * d * row; j < d; j++, at++, to++) {
        const mean = params[at];
        const logVariance = clamp(params[at + d], LOGVAR_MIN, LOGVAR_MAX);
        this.z[to] = mean + Math.exp(0.5 * logVariance) * eps[to];
        rate += 0.5 * (mean * mean + Math.expm1(logVariance) - logVariance);
      }
      this.rates[row] = rate;
    }
  }

  /** -log p(x|z) of every row. */
  _distort(output, x, n) {
    const { size } = this;
    const logSigma = clamp(this.logSigma[0], -LOG_SIGMA_MAX, LOG_SIGMA_MAX);
    const constant = size * (logSigma + HALF_LOG_TWO_PI);
    const half = 0.5 * Math.exp(-2 * logSigma);
    for (let row = 0, at = 0; row < n; row++) {
      let sum = 0;
      if (this.isGaussian) {
        for (const end = at + size; at < end; at++) sum += (x[at] - output[at]) ** 2;
        this.distortions[row] = constant + half * sum;
      } else {
        for (const end = at + size; at < end; at++) {
          const logit = output[at];
          sum += Math.max(logit, 0) - logit * x[at] + Math.log1p(Math.exp(-Math.abs(logit)));
        }
        this.distortions[row] = sum;
      }
    }
  }

  _gaussianSlope(output, x, slope, n) {
    const { size } = this;
    const precision = this.sigma ** -2;
    let squares = 0;
    for (let i = 0; i < n * size; i++) {
      const away = output[i] - x[i];
      slope[i] = (precision * away) / n;
      squares += away * away;
    }
    const isFree = Math.abs(this.logSigma[0]) < LOG_SIGMA_MAX;
    if (this.logSigmaSlope && isFree) this.logSigmaSlope[0] = size - (precision * squares) / n;
  }

  /** Through z, and by the KL itself. */
  _posteriorSlope(eps, n, beta) {
    const d = this.latent;
    const params = this.encoder.outputs.at(-1);
    const slope = this.encoder.slope;
    for (let row = 0, from = 0; row < n; row++) {
      for (let j = 0, at = 2 * d * row; j < d; j++, at++, from++) {
        slope[at] = this.zSlope[from] + (beta * params[at]) / n;
        const logVariance = params[at + d];
        const isFree = logVariance > LOGVAR_MIN && logVariance < LOGVAR_MAX;
        const deviation = Math.exp(0.5 * logVariance);
        const ofKl = (beta * 0.5 * (deviation * deviation - 1)) / n;
        slope[at + d] = isFree ? 0.5 * deviation * eps[from] * this.zSlope[from] + ofKl : 0;
      }
    }
  }
}

/** 1 / (1 + e^-x), without overflow. */
function logistic(x) {
  const small = Math.exp(-Math.abs(x));
  return x < 0 ? small / (1 + small) : 1 / (1 + small);
}
