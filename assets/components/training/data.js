/**
 * Data to train on in the page: points of a plane, those that were drawn by hand, or small digits.
 */

import { randomGenerator } from "../math/random.js";
import { unpacked } from "../page/fetch.js";
import { POINT_SETS, pointsOf } from "./points.js";

export const DRAWN = "drawn";
export const DIGITS = "digits";
const N_SHOWN = 600; // points of a set whose codes are seen
const MAX_SHOWN = 1500; // points drawn by hand, the last of them
const DRAWN_REACH = 3;

/** Names and titles of all sets. */
export const SETS = [
  [DIGITS, "Digits, 8 × 8"],
  ...Object.entries(POINT_SETS).map(([name, { title }]) => [name, title]),
  [DRAWN, "Drawn by hand"],
];

/**
 * The rows of a set.
 * @param {string} name
 * @param {number} seed - of its points
 * @param {{points: number[][], digits: Object}} given - points drawn by hand; digits as `readDigits`
 *   gives them
 * @returns {{train, test, shown: Float64Array, labels: Uint8Array, size: number, reach: number,
 *   classes: number}} rows of `size` numbers; shown: those whose codes are seen, of these `labels`;
 *   reach: half the side of the square that holds points
 */
export function dataOf(name, seed, { points, digits }) {
  if (name === DIGITS) return { ...digits, shown: digits.test, labels: digits.testLabels, size: 64, reach: 0, classes: 10 };
  if (name === DRAWN) {
    const x = Float64Array.from(points.flat());
    const shown = x.slice(Math.max(0, x.length - 2 * MAX_SHOWN));
    return { train: x, test: x, shown, labels: new Uint8Array(shown.length / 2), size: 2, reach: DRAWN_REACH, classes: 1 };
  }
  const { x, labels, nTrain } = pointsOf(name, randomGenerator(1000 + seed));
  const { classes, reach } = POINT_SETS[name];
  return {
    train: x.slice(0, 2 * nTrain), test: x.slice(2 * nTrain), size: 2, reach, classes,
    shown: x.slice(2 * nTrain, 2 * (nTrain + N_SHOWN)), labels: labels.slice(nTrain, nTrain + N_SHOWN),
  };
}

/**
 * The digits as pages/ui/components/training.py packs them: a label and 64 levels from 0 to 16 each.
 * @param {{packed: string, n_train: number, levels: number}} given
 */
export async function readDigits({ packed, n_train: nTrain, levels }) {
  const bytes = new Uint8Array(await unpacked(packed));
  const n = bytes.length / 65;
  const rows = new Float64Array(64 * n);
  const labels = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    labels[i] = bytes[65 * i];
    for (let k = 0; k < 64; k++) rows[64 * i + k] = bytes[65 * i + 1 + k] / levels;
  }
  return {
    train: rows.subarray(0, 64 * nTrain), test: rows.subarray(64 * nTrain), testLabels: labels.subarray(nTrain),
  };
}
