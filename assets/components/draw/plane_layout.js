/**
 * The layout of a plane: how z lies there. Two dimensions across and up, three on a triangle, or
 * one on a line.
 */

import { TRIANGLE } from "../math/geometry.js";

/**
 * @param {LensModel} model - family, latentShape and size are read
 * @param {number[]} axes - two dimensions of z
 * @param {Object} facts - names, is_triangle
 * @returns {Object} toPlane(z) -> [x, y]; place(z, [x, y]) -> a new z that lies there;
 *   covariance(q) -> [xx, xy, yy]; points(params, n, labels) -> means and covariances of many;
 *   axes, titles, corners (names or null), isLine, unit: the affine map (a, b, c, d, e, f) from
 *   (z_j, z_k) to the plane
 */
export function planeLayout(model, axes, facts) {
  if (facts.is_triangle) return triangleLayout(model, facts);
  if (model.size === 1) return lineLayout(model, facts);
  const [j, k] = axes;
  const { family, latentShape } = model;
  return {
    axes,
    titles: axes.map((axis) => facts.names[axis]),
    corners: null,
    unit: [1, 0, 0, 1, 0, 0],
    toPlane: (z) => [z[j], z[k]],
    place: (z, at) => family.movePair(z, latentShape.at(-1), axes, at),
    covariance: (q) => [q.variance[j], q.covariance(j, k), q.variance[k]],
    points: (params, n) => family.moments(params, n, latentShape, axes),
  };
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
      const found = model.family.moments(params, n, model.latentShape, [1, 2]);
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

const Z_ROW = -2.9; // where z and its posterior are drawn
const ROWS = [-2.2, 2.6]; // of the classes, from the last to the first

/** One dimension: across; up has no meaning, and has a row for every class. */
function lineLayout(model, facts) {
  return {
    axes: [0, 0],
    titles: [facts.names[0], ""],
    corners: null,
    isLine: true,
    unit: null,
    toPlane: (z) => [z[0], Z_ROW],
    place: (z, [x]) => Float64Array.of(x),
    covariance: (q) => [q.variance[0], 0, 0],
    points(params, n, labels) {
      const found = model.family.moments(params, n, model.latentShape, [0, 0]);
      const classes = [...new Set(labels)].sort((a, b) => a - b);
      const step = (ROWS[1] - ROWS[0]) / classes.length;
      const middles = new Map(classes.map((label, row) => [label, ROWS[1] - (row + 0.5) * step]));
      for (let i = 0; i < n; i++) {
        found.y[i] = middles.get(labels[i]) + 0.7 * step * (((i * 0.618034) % 1) - 0.5);
      }
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
