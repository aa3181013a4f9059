/**
 * The true posterior p(z|x) = p(x|z) p(z) / p(x) on grids: of a line, a plane or a triangle of
 * latent dimensions, which are all of them or a slice.
 *
 * What the decoder gives does not depend on the image. A coarse grid over the prior is decoded
 * once per model; an image then costs one product of that table with its pixels, zeros passed
 * over: quick enough to follow a pen. A peak of p(z|x) may be far narrower than a coarse cell.
 * Its logarithm is smooth, and is interpolated for what has to be quick; for log p(x) itself the
 * cells around the peaks are halved, and decoded, until the sum no longer changes, as in
 * vae_core/analysis/evidence/quadrature.py. Nats, in double precision.
 */

import { affineInImage, pixels } from "./likelihoods.js";
import { count } from "./shapes.js";

export const SLACK = 8; // nats below the highest value from which on a cell is not halved
const MORE_SLACK = 4; // of coarse cells, which are larger than a narrow peak; less at each level
const REACHES = [5.2, 8]; // half the side of the grid: the first at whose edge the prior is small
const PRIOR_SLACK = 13.52; // nats below the prior's mode beyond which nothing is decoded
// Along a side, by the number of dimensions, the fewest and the most; odd, so that every second cell
// is not a mirror of the others.
const SIDES = { 1: [129, 801], 2: [49, 97] };
const COST = 2.4e9; // multiply-adds that a square of cells may take: about 2 s
const TOLERANCE = 5e-4; // nats: what is left to gain by another halving
const MAX_HALVINGS = 12;
const MAX_SPLIT = 8000; // cells halved at once; p(z|x) is wide then, and the sum hardly changes
const KEPT = 24e6; // values of fine cells that are kept from image to image: 96 MB
const PER_LOOK = 8; // coarse cells between two yields: what is kept costs little
const AT_ONCE = { most: 8, cost: 4e6 }; // latents, and multiply-adds: some milliseconds

/** How many latents are decoded between two yields, by the multiply-adds of one. */
export function atOnce(cost) {
  return Math.min(Math.max(Math.floor(AT_ONCE.cost / cost), 1), AT_ONCE.most);
}

/** All of z, in two dimensions. */
const PLANE = { ndim: 2, isSimplex: false, latentAt: (place) => place };

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
  const most = maximum(values);
  if (most === -Infinity) return most;
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += Math.exp(values[k] - most);
  return most + Math.log(sum);
}

/** The greatest of them, minus infinity of none. */
export function maximum(values) {
  let most = -Infinity;
  for (let k = 0; k < values.length; k++) if (values[k] > most) most = values[k];
  return most;
}

export class PosteriorGrid {
  /**
   * @param {Object} model
   *   outputsAt([z, ...]) -> what the decoder gives at each; likelihood, imageShape: as `pixels`
   *   has them; logPrior(z); cost: multiply-adds of one decoding; chart: see posterior_chart.js;
   *   reach: how far from 0 a learned prior has its mass, null for the family's own; mostCells:
   *   along a side
   */
  constructor({
    outputsAt, likelihood, imageShape, logPrior, cost, chart = PLANE, reach = null, mostCells = Infinity,
  }) {
    const { ndim, isSimplex, latentAt } = chart;
    Object.assign(this, { outputsAt, likelihood, imageShape, logPrior, ndim, isSimplex, latentAt });
    this.atOnce = atOnce(cost);
    this.mostSplit = Math.min(MAX_SPLIT, COST / cost / 3);
    const logPriorAt = (x) => logPrior(latentAt([x, 0]));
    const edge = isSimplex || reach ? -Infinity : logPriorAt(0) - PRIOR_SLACK + 0.01;
    const far = reach ?? REACHES.find((one) => logPriorAt(one) < edge) ?? REACHES.at(-1);
    [this.origin, this.width] = isSimplex ? [0, 1] : [-far, 2 * far];
    const affordable = 2 * Math.floor((COST / cost) ** (1 / ndim) / 2) + 1;
    const [fewest, most] = SIDES[ndim];
    this.side = Math.min(Math.max(affordable, fewest), most, mostCells);
    this.rows = ndim === 1 ? 1 : this.side;
    this.step = this.width / this.side;
    this.size = count(imageShape);
    this.at = new Int32Array(this.side * this.rows).fill(-1); // cell of a place, -1 where none is
    const places = [];
    for (let j = 0; j < this.rows; j++) {
      for (let i = 0; i < this.side; i++) {
        if (!this.has(0, i, j) || logPrior(latentAt(this.middle(0, i, j))) < edge - 0.01) continue;
        this.at[j * this.side + i] = places.length;
        places.push([i, j]);
      }
    }
    this.n = places.length;
    this.i = Int32Array.from(places, ([i]) => i);
    this.j = Int32Array.from(places, ([, j]) => j);
    this.done = 0; // cells decoded
    this.fine = new Map(); // cells that were halved, by level and place
    this.waiting = new Map(); // places of those that are decoded next
  }

  /** The place in the middle of a cell; every level halves the cells. */
  middle(level, i, j) {
    const step = this.step / 2 ** level;
    const half = this.isHalf(level, i, j) ? 1 / 3 : 0.5; // the centroid of a half
    return [i, j].slice(0, this.ndim).map((k) => this.origin + (k + half) * step);
  }

  /** Whether a cell is inside of the triangle, where there is one. */
  has(level, i, j) {
    return !this.isSimplex || i + j < this.side * 2 ** level;
  }

  /** Whether a cell is cut in half by the long side of the triangle. */
  isHalf(level, i, j) {
    return this.isSimplex && i + j === this.side * 2 ** level - 1;
  }

  get isFull() {
    return this.done === this.n;
  }

  /** Decode every coarse cell; yields after some how much is done, 0 ... 1. */
  *fill() {
    const { n, size } = this;
    for (const name of ["scale", "bend", "constant", "prior"]) this[name] ??= new Float64Array(n);
    while (this.done < n) {
      const cells = Array.from({ length: Math.min(this.atOnce, n - this.done) }, (_, k) => this.done + k);
      const decoded = this._decoded(cells.map((cell) => this.middle(0, this.i[cell], this.j[cell])));
      // an affine likelihood is read pixel by pixel, any other cell by cell
      this.isAffine ??= Boolean(decoded[0].form);
      this.table ??= this.isAffine ? new Float32Array(n * size) : [];
      this._keep(cells, decoded);
      this.done += cells.length;
      yield this.done / n;
    }
    this.sums = new Float64Array(n);
  }

  _keep(cells, decoded) {
    const { n, size, table } = this;
    cells.forEach((cell, k) => {
      const { output, form, prior } = decoded[k];
      this.prior[cell] = prior;
      if (!form) table[cell] = output;
      else [this.scale[cell], this.bend[cell], this.constant[cell]] = [form.scale, form.bend, form.constant];
    });
    if (!this.isAffine) return;
    const outputs = decoded.map(({ output }) => output);
    for (let p = 0, at = cells[0]; p < size; p++, at += n) {
      for (let k = 0; k < outputs.length; k++) table[at + k] = outputs[k][p];
    }
  }

  /** What the decoder gives at places, what an affine likelihood makes of it, and the prior. */
  _decoded(places) {
    const all = places.map(this.latentAt);
    return this.outputsAt(all).map((output, k) => ({
      output, form: affineInImage(this.likelihood, output, this.imageShape), prior: this.logPrior(all[k]),
    }));
  }

  /**
   * log p(x, z) in the coarse cells; yields where that takes long.
   * @returns {Generator<undefined, Object>} cells: {level, i, j, value, slope, mass}, each array
   *   (n); slope: as far as the value may change within the cell, by its neighbours; mass: the
   *   value, less ln 2 for half a cell
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
    const cells = { level: 0, i: this.i, j: this.j, value, slope: this._slopes(value) };
    return { ...cells, mass: this._massOf(cells) };
  }

  /** From the place of a coarse cell to its value; undefined where there is none. */
  lookUp(value) {
    const { at, side, rows } = this;
    return (i, j) => {
      if (i < 0 || j < 0 || i >= side || j >= rows) return undefined;
      const cell = at[j * side + i];
      return cell < 0 ? undefined : value[cell];
    };
  }

  _massOf({ level, i, j, value }) {
    if (!this.isSimplex) return value;
    return value.map((nats, c) => (this.isHalf(level, i[c], j[c]) ? nats - Math.LN2 : nats));
  }

  /** Half of the largest difference to a neighbour: as far as a corner of the cell is away. */
  _slopes(value) {
    const { side, rows, at, i, j } = this;
    const slope = new Float64Array(this.n);
    for (let c = 0; c < slope.length; c++) {
      let most = 0;
      for (let up = -1; up <= 1; up++) {
        for (let across = -1; across <= 1; across++) {
          const [x, y] = [i[c] + across, j[c] + up];
          if (x < 0 || y < 0 || x >= side || y >= rows) continue;
          const other = at[y * side + x];
          if (other >= 0) most = Math.max(most, Math.abs(value[c] - value[other]));
        }
      }
      slope[c] = 0.5 * most;
    }
    return slope;
  }

  /** Whether a coarse cell has a neighbour that is not on the grid, and might have been. */
  isAtEdge(i, j) {
    const { side, at } = this;
    if (this.isSimplex) return false;
    if (this.ndim === 1) return i < 1 || i >= side - 1;
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
    let volume = this.ndim * Math.log(this.step);
    let left = -Infinity; // the logarithm of what cells hold that were not halved
    let total = logSumExp(cells.mass) + volume;
    let error = this.isSimplex ? Infinity : this._errorOf(cells);
    for (let level = 1; level <= MAX_HALVINGS && error > TOLERANCE; level++) {
      const highest = maximum(cells.value);
      const slack = SLACK + Math.max(MORE_SLACK - (level - 1) * 2 * Math.LN2, 0);
      const [split, rest] = [[], []];
      cells.value.forEach((value, c) => {
        (value + cells.slope[c] > highest - slack ? split : rest).push(c);
      });
      if (split.length > this.mostSplit) break;
      left = logSumExp([left, ...rest.map((c) => cells.mass[c] + volume)]);
      volume -= this.ndim * Math.LN2;
      cells = yield* this._halved(shown, cells, split, level);
      const some = logSumExp(cells.mass);
      const before = total;
      total = logSumExp([left, some + volume]);
      const byLattices = this._errorOf(cells) * Math.exp(some + volume - total);
      error = Math.max(byLattices, Math.abs(total - before) / 3);
    }
    return { logEvidence: total, error, cells };
  }

  /**
   * How far a sum over cells may be from the integral, in nats. Every second cell, in each
   * direction, is a lattice of twice the step; the farthest is off by about four times as much,
   * for a decoder may have kinks.
   */
  _errorOf({ level, i, j, mass }) {
    const count = 2 ** this.ndim;
    const lattices = Array.from({ length: count }, () => []);
    const common = []; // of halved halves, which the lattices share unevenly
    for (let c = 0; c < mass.length; c++) {
      if (level > 0 && this.isHalf(level - 1, i[c] >> 1, j[c] >> 1)) common.push(mass[c]);
      else lattices[2 * (j[c] % 2) + (i[c] % 2)].push(mass[c]);
    }
    const whole = logSumExp(mass);
    const shared = logSumExp(common);
    const sums = lattices.map((some) => logSumExp([logSumExp(some) + Math.log(count), shared]));
    return Math.max(...sums.map((sum) => Math.abs(sum - whole))) / 4;
  }

  *_halved(shown, { i, j, value }, split, level) {
    const made = { level, i: [], j: [], value: [], slope: [] };
    const parents = [];
    for (const parent of split) {
      for (let k = 0; k < 2 ** this.ndim; k++) {
        const [x, y] = [2 * i[parent] + (k & 1), 2 * j[parent] + (k >> 1)];
        if (!this.has(level, x, y)) continue;
        made.i.push(x);
        made.j.push(y);
        parents.push(parent);
      }
    }
    for (let first = 0; first < parents.length; first += this.atOnce) {
      const until = Math.min(first + this.atOnce, parents.length);
      const keys = [];
      for (let c = first; c < until; c++) keys.push(this._decodedLater(level, made.i[c], made.j[c]));
      this._decodeNow();
      for (const key of keys) made.value.push(this._valueOf(shown, this.fine.get(key)));
      yield;
    }
    // the largest among siblings: a peak may lie between one of them and the parent
    const apart = new Map(split.map((parent) => [parent, 0]));
    made.value.forEach((nats, c) => {
      const far = Math.abs(nats - value[parents[c]]);
      if (far > apart.get(parents[c])) apart.set(parents[c], far);
    });
    made.slope = parents.map((parent) => apart.get(parent));
    return { ...made, mass: this._massOf(made) };
  }

  /** The key of a fine cell, which is decoded next, where it is not kept already. */
  _decodedLater(level, i, j) {
    const key = (level * 2 ** 20 + j) * 2 ** 20 + i;
    if (!this.fine.has(key)) this.waiting.set(key, this.middle(level, i, j));
    return key;
  }

  _decodeNow() {
    if (!this.waiting.size) return;
    const keys = [...this.waiting.keys()];
    this._decoded([...this.waiting.values()]).forEach((cell, k) => this.fine.set(keys[k], cell));
    this.waiting.clear();
  }

  /** log p(x, z) in a fine cell. */
  _valueOf({ x, ink, square }, { output, form, prior }) {
    if (!form) return pixels(this.likelihood, output, this.imageShape).logProb(x) + prior;
    let sum = 0;
    for (const p of ink) sum += output[p] * x[p];
    return form.scale * sum + form.bend * square + form.constant + prior;
  }
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
