/**
 * Nodes and weights: expectations without noise.
 */

import { softplus } from "./special.js";

// Of Gauss and Hermite for N(0, 1): exact for polynomials of degree 17. The others mirror these.
const HERMITE = [
  [0, 0.40634920634920635],
  [1.0232556637891326, 0.24409750289493953],
  [2.07684797867783, 0.04991640676521782],
  [3.20542900285647, 0.0027891413212317692],
  [4.512745863399783, 2.2345844007746607e-5],
];
/** Of the standard normal distribution: 9 nodes. */
export const NORMAL_NODES = [
  ...HERMITE.slice(1).map(([place, weight]) => [-place, weight]).reverse(), ...HERMITE,
];

const [STEP, FIRST, LAST] = [0.3, -9, 11]; // of v, and its ends in steps: see laplaceNodes

/** Of the Laplace distribution of scale 1, as vae_core/posteriors/laplace.py: crowded at its peak. */
export const LAPLACE_NODES = laplaceNodes();

/** Equal steps of v on either side, |eps| = exp(v - e^-v) (Takahasi & Mori 1974). */
function laplaceNodes() {
  const side = Array.from({ length: LAST - FIRST + 1 }, (_, k) => {
    const v = STEP * (FIRST + k);
    const away = Math.exp(v - Math.exp(-v));
    return [away, away * (1 + Math.exp(-v)) * Math.exp(-away)];
  });
  const whole = 2 * side.reduce((sum, [, weight]) => sum + weight, 0);
  return [-1, 1].flatMap((sign) => side.map(([away, weight]) => [sign * away, weight / whole]));
}

// Of a Beta's logit, as vae_core/posteriors/dirichlet.py
const [LOGIT_STEPS, MAX_WIDTH] = [40, 1.5];
const [LOGIT_REACH, TAIL] = [6, 20]; // standard deviations, and nats of a tail, that they reach

/**
 * Logits of a share that is Beta(a, b), whose density is v^a (1 - v)^b / B(a, b).
 * @returns {number[][]} [logit, weight]
 */
export function logitNodes(a, b) {
  const middle = Math.log(a / b);
  const width = Math.min(Math.sqrt(1 / a + 1 / b), MAX_WIDTH);
  const [below, above] = [a, b].map((c) => Math.asinh(LOGIT_REACH + TAIL / (c * width)));
  const nodes = Array.from({ length: LOGIT_STEPS + 1 }, (_, k) => {
    const share = k / LOGIT_STEPS;
    const w = share * above - (1 - share) * below;
    const u = middle + width * Math.sinh(w);
    return [u, Math.log(Math.cosh(w)) - a * softplus(-u) - b * softplus(u)];
  });
  const most = Math.max(...nodes.map(([, log]) => log));
  const sizes = nodes.map(([, log]) => Math.exp(log - most));
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  return nodes.map(([u], k) => [u, sizes[k] / whole]);
}

const [SPACING, REACH] = [0.25, 5]; // standard deviations

/**
 * A lattice over N(0, I), for what bends sharply at many places, as log p(x, z) of a ReLU network.
 * @param {number} d - 1 or 2
 * @returns {number[][]} [x, weight] or [x, y, weight]; mean and covariance are exact
 */
export function normalLattice(d) {
  const n = Math.floor(REACH / SPACING);
  const axis = Array.from({ length: 2 * n + 1 }, (_, k) => SPACING * (k - n));
  const places = d === 1 ? axis.map((x) => [x]) : axis.flatMap((x) => axis.map((y) => [x, y]));
  const square = (place) => place.reduce((sum, u) => sum + u * u, 0);
  const within = places.filter((place) => square(place) <= REACH * REACH);
  const sizes = within.map((place) => Math.exp(-0.5 * square(place)));
  const whole = sizes.reduce((a, b) => a + b, 0);
  const variance = within.reduce((sum, [x], k) => sum + (sizes[k] / whole) * x * x, 0);
  return within.map((place, k) => [...place.map((u) => u / Math.sqrt(variance)), sizes[k] / whole]);
}

/** All pairs of nodes: [x, y, weight]. */
export function pairsOf(nodes, others = nodes) {
  return nodes.flatMap(([x, a]) => others.map(([y, b]) => [x, y, a * b]));
}
