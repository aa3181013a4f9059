/**
 * Windows on a density that is known in some cells of a grid: interpolated within them, with the
 * levels above which they hold a given share of it.
 */

import { SLACK, logSumExp, maximum } from "./true_posterior.js";

const N_VALUES = 6000; // that all windows have together, about
const MAX_PARTS = 12; // that a cell is cut into, along a side
const TAPS = 5; // cells that a value is interpolated from, along a side

/**
 * The windows around all cells that may matter. The logarithm is interpolated by cubic
 * convolution (Keys 1981), which is exact for a Gaussian, however narrow.
 * @param {{level: number, i, j, value, slope}} cells - see PosteriorGrid; on a line, windows are
 *   one value high
 * @param {PosteriorGrid} grid
 * @returns {{windows: {nx, ny, x, y, step, values: Float64Array}[], logMass: number,
 *   mode: {z: number[], value: number}, isCutOff: boolean}} values (ny, nx), upwards; x, y: of
 *   the first value; logMass: of the windows, in nats; isCutOff: whether one of the cells is at
 *   the grid's edge
 */
export function densityWindows({ level, i, j, value, slope }, grid) {
  const highest = maximum(value);
  const active = [];
  for (let c = 0; c < value.length; c++) {
    if (value[c] + slope[c] > highest - SLACK) active.push([i[c], j[c]]);
  }
  const known = level === 0 ? grid.lookUp(value) : lookUpIn({ i, j, value });
  const parts = Math.min(Math.max(Math.floor(Math.sqrt(N_VALUES / active.length)), 1), MAX_PARTS);
  const cellStep = grid.step / 2 ** level;
  const step = cellStep / parts;
  const taps = Array.from({ length: parts }, (_, part) => tapsAt((part + 0.5) / parts - 0.5));
  const isLine = grid.ndim === 1;
  const windows = connected(active).map((some) => {
    const [i0, j0] = [Math.min(...some.map(([a]) => a)) - 1, Math.min(...some.map(([, b]) => b)) - 1];
    const nx = (Math.max(...some.map(([a]) => a)) - i0 + 2) * parts;
    const ny = isLine ? 1 : (Math.max(...some.map(([, b]) => b)) - j0 + 2) * parts;
    const values = new Float64Array(nx * ny).fill(-Infinity);
    for (const [a, b] of some) {
      if (isLine) {
        values.set(alongRow(known, a, b, taps, known(a, b)), (a - i0) * parts);
        continue;
      }
      const cell = interpolated(known, a, b, taps);
      const isHalf = grid.isHalf(level, a, b);
      for (let row = 0; row < parts; row++) {
        const to = ((b - j0) * parts + row) * nx + (a - i0) * parts;
        const inside = isHalf ? parts - row : parts; // of a triangle
        values.set(cell.subarray(row * parts, row * parts + inside), to);
      }
    }
    const [x, y] = [i0, j0].map((first) => grid.origin + first * cellStep + 0.5 * step);
    return { nx, ny, x, y, step, values };
  });
  const logMass = logSumExp(windows.map((one) => logSumExp(one.values))) + grid.ndim * Math.log(step);
  const isCutOff = active.some(([a, b]) => grid.isAtEdge(a >> level, b >> level));
  const { z, value: most } = modeOf(windows);
  return { windows, logMass, mode: { z: z.slice(0, grid.ndim), value: most }, isCutOff };
}

/**
 * The level that the densest places are above which together hold a share of the windows' mass.
 * @returns {number[]} one for each share, in nats
 */
export function levelsOf(windows, shares) {
  const all = new Float64Array(windows.reduce((n, { values }) => n + values.length, 0));
  let n = 0;
  for (const { values } of windows) {
    for (let k = 0; k < values.length; k++) if (values[k] > -Infinity) all[n++] = values[k];
  }
  const sorted = all.subarray(0, n).sort();
  const total = logSumExp(sorted);
  const levels = [];
  let [held, k] = [0, n]; // the k lowest are not held
  for (const share of [...shares].sort((a, b) => a - b)) {
    while (k > 0 && held < share) held += Math.exp(sorted[--k] - total);
    levels.push(k > 0 ? 0.5 * (sorted[Math.min(k, n - 1)] + sorted[k - 1]) : sorted[0]);
  }
  return shares.map((share) => levels[[...shares].sort((a, b) => a - b).indexOf(share)]);
}

/** In how many separate regions the density is above a level; neighbours across corners count. */
export function regionsAbove(windows, level) {
  let found = 0;
  for (const { nx, ny, values } of windows) {
    const open = Uint8Array.from(values, (value) => value > level);
    for (let first = 0; first < open.length; first++) {
      if (!open[first]) continue;
      found++;
      const region = [first];
      open[first] = 0;
      for (let at = region.pop(); at !== undefined; at = region.pop()) {
        const [column, row] = [at % nx, Math.floor(at / nx)];
        for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, ny - 1); y++) {
          for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, nx - 1); x++) {
            if (open[y * nx + x]) region.push(y * nx + x);
            open[y * nx + x] = 0;
          }
        }
      }
    }
  }
  return found;
}

function modeOf(windows) {
  let mode = { z: null, value: -Infinity };
  for (const { nx, x, y, step, values } of windows) {
    for (let k = 0; k < values.length; k++) {
      if (values[k] <= mode.value) continue;
      mode = { z: [x + (k % nx) * step, y + Math.floor(k / nx) * step], value: values[k] };
    }
  }
  return mode;
}

/** From the place of a cell to its value; undefined where there is none. */
function lookUpIn({ i, j, value }) {
  const known = new Map();
  for (let c = 0; c < value.length; c++) known.set(keyOf(i[c], j[c]), value[c]);
  return (across, up) => known.get(keyOf(across, up));
}

function keyOf(i, j) {
  return j * 2 ** 20 + i;
}

/** The places in groups of neighbours, diagonal ones included. */
function connected(places) {
  const open = new Map(places.map((place) => [keyOf(...place), place]));
  const groups = [];
  for (const place of places) {
    if (!open.delete(keyOf(...place))) continue;
    const group = [place];
    for (const [i, j] of group) {
      for (let up = -1; up <= 1; up++) {
        for (let across = -1; across <= 1; across++) {
          const key = keyOf(i + across, j + up);
          const other = open.get(key);
          if (other && open.delete(key)) group.push(other);
        }
      }
    }
    groups.push(group);
  }
  return groups;
}

/** Weights of the five cells around, at a share of a cell from the middle one's middle. */
function tapsAt(away) {
  const weights = new Float64Array(TAPS);
  const first = away < 0 ? 0 : 1;
  const t = away < 0 ? away + 1 : away;
  weights[first] = -0.5 * t + t ** 2 - 0.5 * t ** 3;
  weights[first + 1] = 1 - 2.5 * t ** 2 + 1.5 * t ** 3;
  weights[first + 2] = 0.5 * t + 2 * t ** 2 - 1.5 * t ** 3;
  weights[first + 3] = -0.5 * t ** 2 + 0.5 * t ** 3;
  return weights;
}

/** The values within a cell; a neighbour that is not known counts as the cell itself. */
function interpolated(known, i, j, taps) {
  const parts = taps.length;
  const middle = known(i, j);
  const rows = Array.from({ length: TAPS }, (_, b) => alongRow(known, i, j + b - 2, taps, middle));
  const values = new Float64Array(parts * parts);
  for (let row = 0; row < parts; row++) {
    for (let b = 0; b < TAPS; b++) {
      const weight = taps[row][b];
      for (let part = 0; part < parts; part++) values[row * parts + part] += weight * rows[b][part];
    }
  }
  return values;
}

/** The same along one row of cells. */
function alongRow(known, i, j, taps, middle) {
  const values = new Float64Array(taps.length);
  for (let a = 0; a < TAPS; a++) {
    const value = known(i + a - 2, j) ?? middle;
    for (let part = 0; part < values.length; part++) values[part] += taps[part][a] * value;
  }
  return values;
}
