/**
 * The families of p(x|z), as in vae_core/likelihoods.py: decoder output -> pixels.
 *
 * Pixels are independent given z. Constants are kept: a log-density is in nats. Computed in
 * double precision.
 */

import { randomGenerator } from "./random.js";
import { count } from "./shapes.js";
import { clamp, sigmoid, softplus, sumOfSoftplus } from "./special.js";

const LOG_SIGMA_MIN = Math.log(1e-3);
const LOG_SIGMA_MAX = Math.log(1e3);
const LOG_SCALE_MIN = -7; // of a logistic, the image being 1 wide
const LOG_SCALE_MAX = 3;
const TOP_LEVEL = 255; // of the grey levels 0, 1, ..., 255
const SATURATED = 37; // from here on a sigmoid is 1 to rounding
const NEAR_ZERO = 0.1; // where the continuous Bernoulli's formulas lose digits

/**
 * p(x|z) of one image.
 * @param {{name: string, sigma: string, log_sigma: number}} likelihood - for a Gaussian, sigma is
 *   fixed, learned, analytic or per-image; log_sigma the shared one, or what each image's is
 *   added to
 * @param {Float32Array} output - (n_params * c, H, W), what the decoder gives; kept, not copied
 * @param {number[]} imageShape - (c, H, W)
 * @returns {{output: Float32Array, mean: Float32Array, logProb: function(ArrayLike<number>): number,
 *   logProbPerPixel: function(ArrayLike<number>): Float32Array,
 *   draw: function(number): Float32Array}} images are (c, H, W); the mean may leave [0, 1];
 *   draw takes a seed
 */
export function pixels(likelihood, output, imageShape) {
  const size = count(imageShape);
  const { mean, nats, sample } = LIKELIHOODS[likelihood.name](output, size, likelihood);
  return {
    output,
    mean: image(size, mean),
    logProb(x) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += nats(i, x[i]);
      return sum;
    },
    logProbPerPixel: (x) => image(size, (i) => nats(i, x[i])),
    draw(seed) {
      const random = randomGenerator(seed);
      return image(size, (i) => sample(i, random));
    },
  };
}

/**
 * log p(x|z) as scale * sum_i output_i x_i + bend * sum_i x_i^2 + constant: for many images, one
 * product with the outputs of many z. Of what `pixels` takes.
 * @returns {?{scale: number, bend: number, constant: number}} null for a likelihood that is no
 *   such function of the image
 */
export function affineInImage(likelihood, output, imageShape) {
  const { affine } = LIKELIHOODS[likelihood.name](output, count(imageShape), likelihood);
  return affine?.() ?? null;
}

/** log p(x|z), without the picture that `pixels` makes: of what it takes, and an image. */
export function logProbOf(likelihood, output, imageShape, x) {
  const form = affineInImage(likelihood, output, imageShape);
  if (!form) return pixels(likelihood, output, imageShape).logProb(x);
  let [sum, square] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    sum += output[i] * x[i];
    square += x[i] * x[i];
  }
  return form.scale * sum + form.bend * square + form.constant;
}

/** f of every pixel. */
function image(size, f) {
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) values[i] = f(i);
  return values;
}

/**
 * By their names in vae_core: functions of pixel i. `mean(i)` is what is shown,
 * `nats(i, x)` = log p(x_i = x | z), `sample(i, random)` a draw; `affine()` where it is one, see
 * affineInImage.
 */
export const LIKELIHOODS = {
  /** The output is the logit. On grey pixels this is a cross-entropy, not a density. */
  bernoulli: (logits, size) => ({
    mean: (i) => sigmoid(logits[i]),
    nats: (i, x) => logits[i] * x - softplus(logits[i]),
    sample: (i, random) => (random.uniform() < sigmoid(logits[i]) ? 1 : 0),
    affine: () => ({ scale: 1, bend: 0, constant: -sumOfSoftplus(logits, size) }),
  }),

  /** p(x) = exp(eta x - A(eta)) on [0, 1], A(eta) = ln((e^eta - 1) / eta), eta the output. */
  "continuous-bernoulli": (etas, size) => ({
    mean: (i) => continuousMean(etas[i]),
    nats: (i, x) => etas[i] * x - logNormaliser(etas[i]),
    sample(i, random) {
      const size = Math.max(Math.abs(etas[i]), 1e-6);
      const dark = -Math.log1p(random.uniform() * Math.expm1(-size)) / size; // inverse of the CDF
      return etas[i] > 0 ? 1 - dark : dark;
    },
    affine: () => ({ scale: 1, bend: 0, constant: -sumOver(size, (i) => logNormaliser(etas[i])) }),
  }),

  /** x = output + sigma eps, eps from N(0, 1), one sigma for all pixels of an image. */
  gaussian(output, size, { sigma, log_sigma: shared }) {
    const own = sigma === "per-image" ? meanOf(output.subarray(size, 2 * size)) : 0;
    const logSigma = clamp(shared + own, LOG_SIGMA_MIN, LOG_SIGMA_MAX);
    const constant = logSigma + 0.5 * Math.log(2 * Math.PI);
    const precision = Math.exp(-2 * logSigma);
    return {
      mean: (i) => output[i],
      nats: (i, x) => -0.5 * precision * (x - output[i]) ** 2 - constant,
      sample: (i, random) => output[i] + Math.exp(logSigma) * random.normal(),
      affine() {
        const square = sumOver(size, (i) => output[i] * output[i]);
        const rest = -0.5 * precision * square - size * constant;
        return { scale: precision, bend: -0.5 * precision, constant: rest };
      },
    };
  },

  /** 256 levels, each with the mass of a logistic over its bin; the outer bins are unbounded. */
  "discretised-logistic"(output, size) {
    const logScale = (i) => clamp(output[size + i], LOG_SCALE_MIN, LOG_SCALE_MAX);
    const inLevels = (i) => [TOP_LEVEL * output[i], Math.exp(-logScale(i)) / TOP_LEVEL];
    return {
      mean: (i) => meanLevel(...inLevels(i)) / TOP_LEVEL,
      nats: (i, x) => logMass(nearestLevel(x), ...inLevels(i)),
      sample(i, random) {
        const u = random.uniform();
        const logit = Math.log(u) - Math.log1p(-u);
        return nearestLevel(output[i] + Math.exp(logScale(i)) * logit) / TOP_LEVEL;
      },
    };
  },
};

/** Sum of f over the pixels. */
function sumOver(size, f) {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += f(i);
  return sum;
}

function meanOf(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** A'(eta). It is not the parameter sigmoid(eta). */
function continuousMean(eta) {
  if (Math.abs(eta) < NEAR_ZERO) return 0.5 + eta / 12 - eta ** 3 / 720 + eta ** 5 / 30240;
  const size = Math.abs(eta);
  const dark = 1 / size - 1 / Math.expm1(size); // of the pixel or its negative
  return eta > 0 ? 1 - dark : dark;
}

/** A(eta). */
function logNormaliser(eta) {
  if (Math.abs(eta) < NEAR_ZERO) {
    return eta / 2 + eta ** 2 / 24 - eta ** 4 / 2880 + eta ** 6 / 181440;
  }
  const size = Math.abs(eta);
  return Math.max(eta, 0) - Math.log(size / -Math.expm1(-size));
}

/** 0, 1, ..., 255. */
function nearestLevel(x) {
  return clamp(Math.round(TOP_LEVEL * x), 0, TOP_LEVEL);
}

/** Sum over k = 1 ... 255 of P(level >= k) = sigmoid((loc - (k - 0.5)) sharpness). */
function meanLevel(loc, sharpness) {
  const first = clamp(Math.floor(loc + 0.5 - SATURATED / sharpness), 1, TOP_LEVEL + 1);
  let sum = first - 1; // certain to be reached
  // One exponential a pixel: e^-(loc - (k - 0.5)) sharpness grows by the same factor each time.
  let odds = Math.exp((first - 0.5 - loc) * sharpness);
  const factor = Math.exp(sharpness);
  for (let k = first; k <= TOP_LEVEL && odds < Infinity; k++) {
    sum += 1 / (1 + odds);
    odds *= factor;
  }
  return sum;
}

/** ln(F(upper edge) - F(lower edge)) of level k. */
function logMass(k, loc, sharpness) {
  const below = -softplus((loc - k - 0.5) * sharpness); // ln P(level <= k)
  const above = -softplus((k - 0.5 - loc) * sharpness); // ln P(level >= k)
  if (k === 0) return below;
  if (k === TOP_LEVEL) return above;
  // sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - e^(a - b)), without cancellation
  return below + above + Math.log(-Math.expm1(-sharpness));
}
