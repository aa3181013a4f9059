/**
 * The best Gaussian q* for one image and two latent dimensions: the one with the highest ELBO. One
 * dimension has a second beside it that is N(0, 1) in both p and q, and adds nothing.
 *
 * As vae_core/analysis/evidence/best_posterior.py: natural gradient steps (Khan & Lin 2017), whose
 * expectations are sums over the nodes of Gauss and Hermite. A q is {mean: [x, y], root: [a, b, c]},
 * its covariance L L^T with L = (a 0; b c).
 */

import { NORMAL_NODES, normalLattice, pairsOf } from "./nodes.js";

const STEPS = 40;
const CONVERGED = 1e-4; // nats that a step gains
const SLOWEST = 1e-3; // share of a step from which on none is shorter
const [LEAST, MOST] = [1e-8, 1e8]; // eigenvalues of a precision
const NODES = pairsOf(NORMAL_NODES);
const LATTICE = normalLattice(2); // for the ELBO at the end, which is told

/** A posterior of a Gaussian family as {mean, root}. */
export function gaussianOf(q) {
  const a = Math.sqrt(q.variance[0]);
  if (q.size === 1) return { mean: [q.mean[0], 0], root: [a, 0, 1] };
  const b = q.covariance(0, 1) / a;
  return { mean: [q.mean[0], q.mean[1]], root: [a, b, Math.sqrt(Math.max(q.variance[1] - b * b, 0))] };
}

/** Var of the first, covariance, Var of the second. */
export function covarianceOf({ root: [a, b, c] }) {
  return [a * a, a * b, b * b + c * c];
}

/** z at nodes of a Gaussian, and their weights. */
export function latticeOf(q) {
  return { z: placed(q, LATTICE), weights: LATTICE.map(([, , weight]) => weight) };
}

function placed({ mean: [x, y], root: [a, b, c] }, nodes) {
  return nodes.map(([u, v]) => [x + a * u, y + b * u + c * v]);
}

/**
 * Climb from a Gaussian to one whose ELBO no step raises.
 * @param {{mean: number[], root: number[]}} begin
 * @param {boolean} isFull - whether the family has correlations
 * @param {function(number[][]): number[]} logJoint - log p(x, z) in nats at each of some z
 * @param {number} atOnce - how many z are handed to it between two yields
 * @returns {Generator<?Object, Object>} yields null after some z were decoded, and the
 *   Gaussian after each step that raised the ELBO; returns the last, its ELBO by the lattice:
 *   {mean, root, elbo}
 */
export function* climb(begin, isFull, logJoint, atOnce = 8) {
  const valuesAt = { logJoint, atOnce };
  let best = yield* scored(begin, valuesAt);
  yield best;
  let rate = 1;
  for (let step = 0; step < STEPS && rate >= SLOWEST; step++) {
    const tried = yield* scored(stepFrom(best, isFull, rate), valuesAt);
    const gain = tried.elbo - best.elbo;
    rate = gain > 0 ? Math.min(2 * rate, 1) : 0.4 * rate;
    if (gain > 0) {
      best = tried;
      yield best;
    }
    if (Math.abs(gain) < CONVERGED) break;
  }
  return yield* scored(best, valuesAt, LATTICE);
}

/**
 * log p(x, z) of pairs, also for one dimension.
 * @param {number} size - how many dimensions z has
 * @param {function(number[][]): number[]} logJoint
 */
export function inPairs(size, logJoint) {
  if (size === 2) return logJoint;
  return (pairs) => logJoint(pairs.map(([x]) => [x])).map((nats, k) => {
    return nats - 0.5 * (pairs[k][1] ** 2 + Math.log(2 * Math.PI));
  });
}

/** Where the search from a mode begins: there, with half of the encoder's widths. */
export function beginAtMode(mode, encoded) {
  const [xx, , yy] = covarianceOf(encoded);
  if (mode.length === 1) return { mean: [mode[0], 0], root: [0.5 * Math.sqrt(xx), 0, 1] };
  return { mean: [mode[0], mode[1]], root: [0.5 * Math.sqrt(xx), 0, 0.5 * Math.sqrt(yy)] };
}

/** With its ELBO, and log p(x, z) at its nodes. */
function* scored(q, { logJoint, atOnce }, nodes = NODES) {
  const values = [];
  const places = placed(q, nodes);
  for (let first = 0; first < places.length; first += atOnce) {
    values.push(...logJoint(places.slice(first, first + atOnce)));
    yield null;
  }
  const entropy = Math.log(q.root[0]) + Math.log(q.root[2]) + 1 + Math.log(2 * Math.PI);
  return { ...q, values, elbo: mean(values, nodes) + entropy };
}

function mean(values, nodes = NODES) {
  return values.reduce((sum, value, m) => sum + value * nodes[m][2], 0);
}

/** The precision set towards -E hess f, the mean along S E grad f; f = log p(x, z). */
function stepFrom({ mean: [x, y], root: [a, b, c], values }, isFull, rate) {
  const middle = mean(values); // which has no part in the derivatives
  const [slope, bend] = [[0, 0], [0, 0, 0]];
  NODES.forEach(([u, v, weight], m) => {
    const f = weight * (values[m] - middle);
    slope[0] += f * u;
    slope[1] += f * v;
    bend[0] += f * (u * u - 1);
    bend[1] += f * u * v;
    bend[2] += f * (v * v - 1);
  });
  const [ia, ib, ic] = [1 / a, -b / (a * c), 1 / c]; // of L^-1
  const gradient = [ia * slope[0] + ib * slope[1], ic * slope[1]];
  const outer = ([xx, xy, yy]) => [
    ia * ia * xx + 2 * ia * ib * xy + ib * ib * yy, ic * (ia * xy + ib * yy), ic * ic * yy,
  ]; // L^-T . L^-1
  const precision = outer([1, 0, 1]);
  const wanted = positive(outer(bend).map((value) => -value), isFull);
  const [pxx, pxy, pyy] = precision.map((now, k) => now + rate * (wanted[k] - now));
  const determinant = pxx * pyy - pxy * pxy;
  const [xx, xy, yy] = [pyy / determinant, -pxy / determinant, pxx / determinant];
  const root = [Math.sqrt(xx), xy / Math.sqrt(xx), Math.sqrt(yy - (xy * xy) / xx)];
  const [gx, gy] = gradient.map((value) => rate * value);
  return { mean: [x + xx * gx + xy * gy, y + xy * gx + yy * gy], root };
}

/** The nearest precision: its eigenvalues positive; diagonal without correlations. */
function positive([xx, xy, yy], isFull) {
  const clamp = (value) => Math.min(Math.max(value, LEAST), MOST);
  if (!isFull) return [clamp(xx), 0, clamp(yy)];
  const [middle, spread] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
  const [high, low] = [clamp(middle + spread), clamp(middle - spread)];
  const turn = Math.atan2(2 * xy, xx - yy) / 2;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return [
    high * cos * cos + low * sin * sin, (high - low) * cos * sin, high * sin * sin + low * cos * cos,
  ];
}
