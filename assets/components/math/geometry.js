/**
 * Points on a plane: which lie inside a loop, which is nearest, which comes next.
 */

/** The corners of a triangle, where the three dimensions of a simplex are 1. */
export const TRIANGLE = [[0, 0], [1, 0], [0.5, Math.sqrt(0.75)]];

/** Whether (x, y) lies inside a loop [[x, y], ...]: a ray from it crosses an odd number of sides. */
export function isInside(loop, x, y) {
  let inside = false;
  for (let i = 0, j = loop.length - 1; i < loop.length; j = i++) {
    const [ax, ay] = loop[i];
    const [bx, by] = loop[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** Positions of the shown points inside a loop, rising. */
export function pointsInside(loop, { x, y, shown }) {
  const [left, low, right, high] = loop.reduce(
    ([a, b, c, d], [px, py]) => [Math.min(a, px), Math.min(b, py), Math.max(c, px), Math.max(d, py)],
    [Infinity, Infinity, -Infinity, -Infinity],
  );
  const found = [];
  for (let i = 0; i < x.length; i++) {
    if (x[i] < left || x[i] > right || y[i] < low || y[i] > high || !shown(i)) continue;
    if (isInside(loop, x[i], y[i])) found.push(i);
  }
  return found;
}

/** Position of the shown point nearest to a place and at most `reach` from it, or null. */
export function nearestPoint([px, py], reach, { x, y, shown }) {
  let best = reach ** 2;
  let nearest = null;
  for (let i = 0; i < x.length; i++) {
    const distance = (x[i] - px) ** 2 + (y[i] - py) ** 2;
    if (distance < best && shown(i)) [best, nearest] = [distance, i];
  }
  return nearest;
}

/** Position of the nearest shown point that lies in a direction from a place, or null. */
export function nextPoint([px, py], [dx, dy], { x, y, shown }) {
  let best = Infinity;
  let next = null;
  for (let i = 0; i < x.length; i++) {
    const along = (x[i] - px) * dx + (y[i] - py) * dy;
    const aside = Math.abs((x[i] - px) * dy - (y[i] - py) * dx);
    if (along <= 0 || aside > along || !shown(i)) continue;
    const distance = along ** 2 + 4 * aside ** 2;
    if (distance < best) [best, next] = [distance, i];
  }
  return next;
}

/**
 * The square that holds all points, with some air: its centre and half its side, at least
 * `fewest`, so that small differences are not magnified.
 */
export function squareAround(x, y, fewest) {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (let i = 0; i < x.length; i++) {
    [x[i], y[i]].forEach((value, k) => {
      low[k] = Math.min(low[k], value);
      high[k] = Math.max(high[k], value);
    });
  }
  const wide = Math.max(high[0] - low[0], high[1] - low[1]);
  return { centre: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2], reach: Math.max(0.53 * wide, fewest) };
}

/** Where half of the values lie below and half above. */
export function median(values) {
  const sorted = Float32Array.from(values).sort();
  return sorted[Math.floor(sorted.length / 2)];
}
