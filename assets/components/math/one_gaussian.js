/**
 * One latent dimension: q = N(mu, sigma^2) against the prior N(0, 1), as the right formulas have
 * it and as common mistakes do.
 */

import { randomGenerator } from "./random.js";
import { float64s, total } from "./shapes.js";

const REACH = 10; // in sigma; beyond, q adds less than e^-50
const SLICES = 400; // of Simpson's rule, between two signs of ln q/p

/** 0.5 (sigma^2 + sign ln sigma^2 - 1); the right sign is -1. */
function widthPart(sigma, sign = -1) {
  const logVariance = 2 * Math.log(sigma);
  return 0.5 * (Math.expm1(logVariance) + sign * logVariance);
}

/** Parts of mean and of width as a formula has them, by its name; nats. */
const FORMULAS = {
  right: (mu, sigma) => [0.5 * mu * mu, widthPart(sigma)],
  slip: (mu, sigma) => [0.5 * mu * mu, widthPart(sigma, 1)],
  flipped: (mu, sigma) => [-0.5 * mu * mu, -widthPart(sigma)],
  mean: (mu, sigma, d) => [(0.5 * mu * mu) / d, widthPart(sigma) / d],
};

/**
 * What a formula gives for this dimension.
 * @param {string} name - "right"; "slip": the logarithm's sign is wrong; "flipped": every sign
 *   is; "mean": averaged over d dimensions, not added
 * @returns {{mean: number, width: number, sum: number}} nats
 */
export function termsOf(name, mu, sigma, d) {
  const [mean, width] = FORMULAS[name](mu, sigma, d);
  return { mean, width, sum: mean + width };
}

/** What a line of code multiplies eps with; below 0 it mirrors eps, which changes nothing. */
const NOISES = {
  right: (sigma) => sigma,
  "exp-logvar": (sigma) => sigma * sigma,
  seed: (sigma) => Math.log(0.5 * sigma),
};

/** Standard deviation of z as a line of code draws it: "right", "exp-logvar" or "seed". */
export function noiseOf(name, sigma) {
  return Math.abs(NOISES[name](sigma));
}

/** n draws of z by a line of code; the same eps for the same seed. */
export function drawsOf(name, mu, sigma, seed, n) {
  const random = randomGenerator(seed);
  return float64s(n, () => mu + NOISES[name](sigma) * random.normal());
}

/** Standard deviation of draws, and the standard error of it where they are Gaussian. */
export function deviationOf(draws) {
  const n = draws.length;
  const middle = total(draws) / n;
  const value = Math.sqrt(total(draws.map((z) => (z - middle) ** 2)) / (n - 1));
  return { value, error: value / Math.sqrt(2 * (n - 1)) };
}

/** Density of N(mu, sigma^2), per unit of z. */
export function density(z, mu, sigma) {
  return Math.exp(-0.5 * ((z - mu) / sigma) ** 2) / (sigma * Math.sqrt(2 * Math.PI));
}

/** ln q/p at z = mu + sigma t: [a, b, c] of a t^2 + b t + c. */
function logRatio(mu, sigma) {
  return [0.5 * (sigma * sigma - 1), mu * sigma, 0.5 * mu * mu - Math.log(sigma)];
}

/** q(z) ln q(z)/p(z) at z = mu + sigma t, nats per unit of z. */
export function integrand(t, mu, sigma) {
  const [a, b, c] = logRatio(mu, sigma);
  return density(t, 0, 1) / sigma * ((a * t + b) * t + c);
}

/**
 * The area below q ln q/p: above 0, and below it. Together they are the KL.
 * @returns {{above: number, below: number}} nats; below is 0 or less
 */
export function areasOf(mu, sigma) {
  const [a, b, c] = logRatio(mu, sigma);
  const ends = [-REACH, ...rootsOf(a, b, c).filter((t) => Math.abs(t) < REACH), REACH];
  const areas = { above: 0, below: 0 };
  for (let k = 1; k < ends.length; k++) {
    const area = simpson((t) => sigma * integrand(t, mu, sigma), ends[k - 1], ends[k]);
    areas[area > 0 ? "above" : "below"] += area;
  }
  return areas;
}

/** Real roots of a t^2 + b t + c, the smaller first; without the difference of near equals. */
function rootsOf(a, b, c) {
  const square = b * b - 4 * a * c;
  if (square < 0 || (a === 0 && b === 0)) return [];
  const half = -0.5 * (b + (b < 0 ? -1 : 1) * Math.sqrt(square));
  const found = [half / a, c / half].filter(Number.isFinite);
  return found.sort((one, other) => one - other);
}

function simpson(f, from, to) {
  const step = (to - from) / SLICES;
  let sum = f(from) + f(to);
  for (let k = 1; k < SLICES; k++) sum += (k % 2 ? 4 : 2) * f(from + k * step);
  return (sum * step) / 3;
}
