/**
 * The true posterior p(z|x) = p(x|z) p(z) / p(x) of a model with two latent dimensions, on grids.
 *
 * What the decoder gives does not depend on the image. A coarse grid over the prior is decoded
 * once per model; an image then costs one product of that table with its pixels, zeros passed
 * over: quick enough to follow a pen. A peak of p(z|x) may be far narrower than a coarse cell.
 * Its logarithm is smooth, and is interpolated for what has to be quick; for log p(x) itself the
 * cells around the peaks are halved, and decoded, until the sum no longer changes, as in
 * vae_core/analysis/quadrature.py. Nats, in double precision.
 */

import { affineInImage, pixels } from "./likelihoods.js";
import { count } from "./shapes.js";

export const SLACK = 8; // nats below the highest value from which on a cell is not halved
const MORE_SLACK = 4; // of coarse cells, which are larger than a narrow peak; less at each level
const REACHES = [5.2, 8]; // half the side of the grid: the first at whose edge the prior is small
const PRIOR_SLACK = 13.52; // nats below the prior's mode beyond which nothing is decoded
const MAX_CELLS = 97; // along a side; odd, so that every second cell is not a mirror of the others
const FEWEST_CELLS = 49;
const COST = 2.4e9; // multiply-adds that a square of cells may take: about 2 s
const TOLERANCE = 5e-4; // nats: what is left to gain by another halving
const MAX_HALVINGS = 12;
const MAX_SPLIT = 8000; // cells halved at once; p(z|x) is wide then, and the sum hardly changes
const KEPT = 24e6; // values of fine cells that are kept from image to image: 96 MB
const PER_LOOK = 8; // fine cells between two yields: what is kept costs little

/** Products of a table, pixel by pixel, with an image: (n) sums over its pixels that are not 0. */
export function timesImage(table, n, x, sums) {
  const ink = [];
  for (let i = 0; i < x.length; i++) if (x[i] !== 0) ink.push(i);
  sums.fill(0);
  for (let k = 0; k < ink.length; k += 4) {
    // four pixels at a time: the sums are then read and written a quarter as often
    const [a, b, c, d] = [0, 1, 2, 3].map((more) => ink[k + more] ?? ink[k]);
    const [va, vb, vc, vd] = [0, 1, 2, 3].map((more) => (k + more < ink.length ? x[ink[k + more]] : 0));
    const [atA, atB, atC, atD] = [a * n, b * n, c * n, d * n];
    for (let cell = 0; cell < n; cell++) {
      sums[cell] +=
        va * table[atA + cell] + vb * table[atB + cell] + vc * table[atC + cell] + vd * table[atD + cell];
    }
  }
  return sums;
}

/** ln of the sum of e^value. */
export function logSumExp(values) {
  let most = -Infinity;
  for (const value of values) if (value > most) most = value;
  if (most === -Infinity) return most;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - most);
  return most + Math.log(sum);
}

export class PosteriorGrid {
  /**
   * @param {Object} model
   *   outputAt(z) -> what the decoder gives, overwritten by the next call; likelihood, imageShape:
   *   as `pixels` has them; logPrior(z); cost: multiply-adds of one decoding
   */
  constructor({ outputAt, likelihood, imageShape, logPrior, cost }) {
    Object.assign(this, { outputAt, likelihood, imageShape, logPrior });
    this.mostSplit = Math.min(MAX_SPLIT, COST / cost / 3);
    const edge = logPrior([0, 0]) - PRIOR_SLACK + 0.01;
    this.reach = REACHES.find((far) => logPrior([far, 0]) < edge) ?? REACHES.at(-1);
    const affordable = 2 * Math.floor(Math.sqrt(COST / cost) / 2) + 1;
    this.side = Math.min(Math.max(affordable, FEWEST_CELLS), MAX_CELLS);
    this.step = (2 * this.reach) / this.side;
    this.size = count(imageShape);
    this.at = new Int32Array(this.side ** 2).fill(-1); // cell of a place, -1 where none is
    const places = [];
    for (let j = 0; j < this.side; j++) {
      for (let i = 0; i < this.side; i++) {
        if (logPrior(this.middle(0, i, j)) < edge - 0.01) continue;
        this.at[j * this.side + i] = places.length;
        places.push([i, j]);
      }
    }
    this.n = places.length;
    this.i = Int32Array.from(places, ([i]) => i);
    this.j = Int32Array.from(places, ([, j]) => j);
    this.done = 0; // cells decoded
    this.fine = new Map(); // cells that were halved, by level and place
  }

  /** z in the middle of a cell; every level halves the cells. */
  middle(level, i, j) {
    const step = this.step / 2 ** level;
    return [-this.reach + (i + 0.5) * step, -this.reach + (j + 0.5) * step];
  }

  get isFull() {
    return this.done === this.n;
  }

  /** Decode every coarse cell; yields after each how much is done, 0 ... 1. */
  *fill() {
    const { n, size } = this;
    const isAffine = Boolean(this._decoded([0, 0]).form);
    // an affine likelihood is read pixel by pixel, any other cell by cell
    this.table ??= isAffine ? new Float32Array(n * size) : [];
    for (const name of ["scale", "bend", "constant", "prior"]) this[name] ??= new Float64Array(n);
    while (this.done < n) {
      const cell = this.done;
      const { output, form, prior } = this._decoded(this.middle(0, this.i[cell], this.j[cell]));
      if (isAffine) {
        for (let p = 0; p < size; p++) this.table[p * n + cell] = output[p];
        [this.scale[cell], this.bend[cell], this.constant[cell]] = [form.scale, form.bend, form.constant];
      } else this.table[cell] = output.slice();
      this.prior[cell] = prior;
      this.done++;
      yield this.done / n;
    }
    this.isAffine = isAffine;
    this.sums = new Float64Array(n);
  }

  _decoded(z) {
    const output = this.outputAt(z);
    const form = affineInImage(this.likelihood, output, this.imageShape);
    return { output, form, prior: this.logPrior(z) };
  }

  /**
   * log p(x, z) in the coarse cells; yields where that takes long.
   * @returns {Generator<undefined, Object>} cells: {level, i, j, value, slope}, each array (n);
   *   slope: as far as the value may change within the cell, by its neighbours
   */
  *coarse(x) {
    const { n } = this;
    const value = new Float64Array(n);
    if (this.isAffine) {
      const square = sumOfSquares(x);
      timesImage(this.table, n, x, this.sums);
      for (let c = 0; c < n; c++) {
        const fit = this.scale[c] * this.sums[c] + this.bend[c] * square + this.constant[c];
        value[c] = fit + this.prior[c];
      }
    } else {
      for (let c = 0; c < n; c++) {
        value[c] = pixels(this.likelihood, this.table[c], this.imageShape).logProb(x) + this.prior[c];
        if (c % PER_LOOK === 0) yield;
      }
    }
    return { level: 0, i: this.i, j: this.j, value, slope: this._slopes(value) };
  }

  /** Half of the largest difference to a neighbour: as far as a corner of the cell is away. */
  _slopes(value) {
    const { side, at, i, j } = this;
    const slope = new Float64Array(this.n);
    for (let c = 0; c < slope.length; c++) {
      let most = 0;
      for (let up = -1; up <= 1; up++) {
        for (let across = -1; across <= 1; across++) {
          const [x, y] = [i[c] + across, j[c] + up];
          if (x < 0 || y < 0 || x >= side || y >= side) continue;
          const other = at[y * side + x];
          if (other >= 0) most = Math.max(most, Math.abs(value[c] - value[other]));
        }
      }
      slope[c] = 0.5 * most;
    }
    return slope;
  }

  /** Whether a coarse cell has a neighbour that is not on the grid. */
  isAtEdge(i, j) {
    const { side, at } = this;
    if (i < 1 || j < 1 || i >= side - 1 || j >= side - 1) return true;
    const row = j * side + i;
    return [row - 1, row + 1, row - side, row + side].some((place) => at[place] < 0);
  }

  /**
   * log p(x), the cells around the peaks halved as long as that changes it.
   * @param {ArrayLike<number>} x
   * @param {Object} cells - of `coarse`
   * @returns {Generator<undefined, {logEvidence: number, error: number, cells: Object}>} yields
   *   after some cells; error: by the last halving, and by every second cell; cells: the finest
   */
  *refine(x, cells) {
    if (this.fine.size * this.size > KEPT) this.fine.clear();
    const shown = { x, ink: inkOf(x), square: sumOfSquares(x) };
    let volume = 2 * Math.log(this.step);
    let left = -Infinity; // the logarithm of what cells hold that were not halved
    let total = logSumExp(cells.value) + volume;
    let error = errorOf(this._quarters(cells.value), logSumExp(cells.value));
    for (let level = 1; level <= MAX_HALVINGS && error > TOLERANCE; level++) {
      const highest = cells.value.reduce((a, b) => Math.max(a, b), -Infinity);
      const slack = SLACK + Math.max(MORE_SLACK - (level - 1) * 2 * Math.LN2, 0);
      const [split, rest] = [[], []];
      cells.value.forEach((value, c) => {
        (value + cells.slope[c] > highest - slack ? split : rest).push(c);
      });
      if (split.length > this.mostSplit) break;
      left = logSumExp([left, ...rest.map((c) => cells.value[c] + volume)]);
      volume -= 2 * Math.LN2;
      cells = yield* this._halved(shown, cells, split, level);
      const quarters = [0, 1, 2, 3].map((k) => cells.value.filter((_, c) => c % 4 === k));
      const some = logSumExp(cells.value);
      const before = total;
      total = logSumExp([left, some + volume]);
      const byQuarters = errorOf(quarters, some) * Math.exp(some + volume - total);
      error = Math.max(byQuarters, Math.abs(total - before) / 3);
    }
    return { logEvidence: total, error, cells };
  }

  /** The coarse values in four lattices of twice the step. */
  _quarters(value) {
    const quarters = [[], [], [], []];
    for (let c = 0; c < this.n; c++) {
      quarters[2 * (this.j[c] % 2) + (this.i[c] % 2)].push(value[c]);
    }
    return quarters;
  }

  *_halved(shown, { i, j, value }, split, level) {
    const n = 4 * split.length;
    const made = { level, i: new Int32Array(n), j: new Int32Array(n) };
    Object.assign(made, { value: new Float64Array(n), slope: new Float64Array(n) });
    for (let k = 0; k < n; k++) {
      const parent = split[k >> 2];
      made.i[k] = 2 * i[parent] + (k & 1);
      made.j[k] = 2 * j[parent] + ((k >> 1) & 1);
      made.value[k] = this._valueAt(shown, level, made.i[k], made.j[k]);
      made.slope[k] = Math.abs(made.value[k] - value[parent]);
      yield;
    }
    return made;
  }

  /** log p(x, z) in the middle of a fine cell, decoded on first use. */
  _valueAt({ x, ink, square }, level, i, j) {
    const key = (level * 2 ** 20 + j) * 2 ** 20 + i;
    let cell = this.fine.get(key);
    if (!cell) {
      const { output, form, prior } = this._decoded(this.middle(level, i, j));
      cell = { output: output.slice(), form, prior };
      this.fine.set(key, cell);
    }
    const { output, form, prior } = cell;
    if (!form) return pixels(this.likelihood, output, this.imageShape).logProb(x) + prior;
    let sum = 0;
    for (const p of ink) sum += output[p] * x[p];
    return form.scale * sum + form.bend * square + form.constant + prior;
  }
}

/**
 * How far a sum over cells may be from the integral, in nats. Each quarter of them is a lattice of
 * twice the step; the farthest is off by about four times as much, for a decoder may have kinks.
 */
function errorOf(quarters, whole) {
  const far = quarters.map((some) => Math.abs(logSumExp(some) + 2 * Math.LN2 - whole));
  return Math.max(...far) / 4;
}

function inkOf(x) {
  const ink = [];
  x.forEach((value, p) => value !== 0 && ink.push(p));
  return Int32Array.from(ink);
}

function sumOfSquares(x) {
  let sum = 0;
  for (const value of x) sum += value * value;
  return sum;
}
