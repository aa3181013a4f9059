/**
 * How z lies on the plane: two of its numbers, three on a triangle, or one on a line.
 */

import { moments } from "../math/posteriors/families.js";
import { TRIANGLE } from "./plane_painter.js";
import { isOneSite } from "../math/posteriors/posterior.js";

/**
 * @param {LensModel} model
 * @param {number[]} axes - two numbers of z
 * @param {Object} facts - names, family, isTriangle
 * @returns {Object} toPlane(z) -> [x, y]; place(z, [x, y]) -> a new z that lies there;
 *   covariance(q) -> [xx, xy, yy]; points(params, n) -> means and covariances of many;
 *   axes, titles, corners (names or null), unit: the affine map (a, b, c, d, e, f) from
 *   (z_j, z_k) to the plane
 */
export function planeLayout(model, axes, facts) {
  if (facts.is_triangle) return triangleLayout(model, facts);
  if (model.size === 1) return lineLayout(model, facts);
  const [j, k] = axes;
  const channels = model.latentShape.at(-1);
  const isBound = model.family === "dirichlet" && isOneSite(axes, model.latentShape);
  return {
    axes,
    titles: axes.map((axis) => facts.names[axis]),
    corners: null,
    unit: [1, 0, 0, 1, 0, 0],
    toPlane: (z) => [z[j], z[k]],
    place: (z, at) => (isBound ? placeOnSimplex(z, axes, at, channels) : placeFreely(z, axes, at, facts)),
    covariance: (q) => [q.variance[j], q.covariance(j, k), q.variance[k]],
    points: (params, n) => moments(model.family, params, n, model.latentShape, axes),
  };
}

function placeFreely(z, [j, k], [x, y], { family }) {
  const moved = Float64Array.from(z);
  const inside = (v) => (family.low < 0 ? v : Math.min(Math.max(v, family.low), family.high));
  moved[j] = inside(x);
  moved[k] = inside(y);
  return moved;
}

/** Two numbers of a simplex at a place; the others of their site share what is left. */
function placeOnSimplex(z, [j, k], at, channels) {
  let [a, b] = at.map((v) => Math.min(Math.max(v, 0), 1));
  const over = Math.max(a + b, 1);
  [a, b] = [a / over, b / over];
  const moved = Float64Array.from(z);
  const first = Math.floor(j / channels) * channels;
  const others = [];
  for (let i = first; i < first + channels; i++) if (i !== j && i !== k) others.push(i);
  const total = others.reduce((sum, i) => sum + z[i], 0);
  for (const i of others) moved[i] = (1 - a - b) * (total > 0 ? z[i] / total : 1 / others.length);
  if (!others.length) [a, b] = [a / (a + b || 1), 1 - a / (a + b || 1)];
  moved[j] = a;
  moved[k] = b;
  return moved;
}

/** z = (1 - s - t, s, t) lies at s right + t up, for the corners `right` and `up`. */
function triangleLayout(model, facts) {
  const [, right, up] = TRIANGLE;
  const unit = [right[0], right[1], up[0], up[1], 0, 0];
  const toPlane = (z) => [z[1] * right[0] + z[2] * up[0], z[2] * up[1]];
  const across = ([xx, xy, yy]) => [
    xx + 2 * up[0] * xy + up[0] ** 2 * yy,
    up[1] * (xy + up[0] * yy),
    up[1] ** 2 * yy,
  ];
  return {
    axes: [1, 2],
    titles: [],
    corners: facts.names,
    unit,
    toPlane,
    place(z, [x, y]) {
      const t = Math.min(Math.max(y / up[1], 0), 1);
      const s = Math.min(Math.max(x - up[0] * t, 0), 1 - t);
      return Float64Array.of(1 - s - t, s, t);
    },
    covariance: (q) => across([q.variance[1], q.covariance(1, 2), q.variance[2]]),
    points(params, n) {
      const found = moments(model.family, params, n, model.latentShape, [1, 2]);
      for (let i = 0; i < n; i++) {
        const [x, y] = toPlane([0, found.x[i], found.y[i]]);
        const [xx, xy, yy] = across([found.xx[i], found.xy[i], found.yy[i]]);
        [found.x[i], found.y[i]] = [x, y];
        [found.xx[i], found.xy[i], found.yy[i]] = [xx, xy, yy];
      }
      return found;
    },
  };
}

/** One number: across; up has no meaning, and points are spread there to be seen. */
function lineLayout(model, facts) {
  return {
    axes: [0, 0],
    titles: [facts.names[0], ""],
    corners: null,
    unit: null,
    toPlane: (z) => [z[0], 0],
    place: (z, [x]) => Float64Array.of(x),
    covariance: (q) => [q.variance[0], 0, 0],
    points(params, n) {
      const found = moments(model.family, params, n, model.latentShape, [0, 0]);
      for (let i = 0; i < n; i++) found.y[i] = ((i * 0.618034) % 1) - 0.5;
      return { ...found, xy: new Float64Array(n), yy: new Float64Array(n) };
    },
  };
}

/**
 * The moment-matched Gaussian of every class: E[z] and Cov(E[z|x]) + E[Cov(z|x)].
 * @param {{x, y, xx, xy, yy: Float64Array}} points
 * @param {Float32Array} labels
 * @returns {{label: number, mean: number[], covariance: number[]}[]} in order of label
 */
export function classMoments({ x, y, xx, xy, yy }, labels) {
  const sums = new Map(); // label -> n, then sums
  labels.forEach((label, i) => {
    const s = sums.get(label) ?? new Float64Array(9);
    sums.set(label, s);
    const terms = [1, x[i], y[i], x[i] ** 2, x[i] * y[i], y[i] ** 2, xx[i], xy[i], yy[i]];
    terms.forEach((term, t) => (s[t] += term));
  });
  return [...sums.keys()].sort((a, b) => a - b).map((label) => {
    const [n, ...s] = sums.get(label);
    const [mx, my, sx, sxy, sy, vx, vxy, vy] = s.map((sum) => sum / n);
    const covariance = [sx - mx * mx + vx, sxy - mx * my + vxy, sy - my * my + vy];
    return { label, mean: [mx, my], covariance };
  });
}
