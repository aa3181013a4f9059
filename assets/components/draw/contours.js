/**
 * Contours of a function on a regular grid, by marching squares (Lorensen & Cline 1987).
 */

/**
 * Where the function crosses a level, as line segments.
 * @param {{nx, ny, x, y, step, values: Float64Array}} window - values (ny, nx), upwards, the
 *   first of them at (x, y); -Infinity where nothing is known
 * @param {number} level
 * @returns {number[]} x1, y1, x2, y2 of one segment after another
 */
export function contourOf({ nx, ny, x, y, step, values }, level) {
  const segments = [];
  for (let row = 0; row < ny - 1; row++) {
    for (let column = 0; column < nx - 1; column++) {
      const k = row * nx + column;
      const above = (values[k] > level) + (values[k + 1] > level) + (values[k + nx] > level);
      if (above === 0 && !(values[k + nx + 1] > level)) continue;
      if (above === 3 && values[k + nx + 1] > level) continue;
      const corners = [values[k], values[k + 1], values[k + nx + 1], values[k + nx]];
      for (const [across, up] of crossings(corners, level)) {
        segments.push(x + (column + across) * step, y + (row + up) * step);
      }
    }
  }
  return segments;
}

const CORNERS = [[0, 0], [1, 0], [1, 1], [0, 1]]; // of a square, and its sides from each to the next

/** Ends of the segments within a unit square: none, two, or four of them. */
function crossings(corners, level) {
  const ends = [];
  for (let side = 0; side < 4; side++) {
    const [from, to] = [corners[side], corners[(side + 1) % 4]];
    if (from > level === to > level) continue;
    // halfway to a place where nothing is known
    const share = Number.isFinite(from) && Number.isFinite(to) ? (level - from) / (to - from) : 0.5;
    const [[ax, ay], [bx, by]] = [CORNERS[side], CORNERS[(side + 1) % 4]];
    ends.push([ax + share * (bx - ax), ay + share * (by - ay)]);
  }
  if (ends.length < 4) return ends;
  // two opposite corners are above: the middle says whether they belong together
  const isMiddleAbove = corners.reduce((a, b) => a + b, 0) / 4 > level;
  const isFirstAbove = corners[0] > level;
  return isMiddleAbove === isFirstAbove ? ends : [ends[3], ends[0], ends[1], ends[2]];
}
