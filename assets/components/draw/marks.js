/**
 * Marks of a plane: axes of ellipses, ticks, lines, points, and labels that do not overlap.
 */

import { channelsOf } from "./colours.js";

// How much of a Gaussian lies within so many sigma: 1 - exp(-k^2 / 2) in a plane, erf(k / sqrt 2)
// on a line.
export const IN_A_PLANE = { 1: "39%", 2: "86%", 3: "99%" };
export const ON_A_LINE = { 1: "68%", 2: "95%", 3: "99.7%" };

/** Standard deviations along the principal axes of a 2 x 2 covariance, and the long one's angle. */
export function principalAxes([xx, xy, yy]) {
  const middle = (xx + yy) / 2;
  const spread = Math.hypot((xx - yy) / 2, xy);
  return {
    long: Math.sqrt(middle + spread),
    short: Math.sqrt(Math.max(middle - spread, 0)),
    angle: Math.atan2(2 * xy, xx - yy) / 2,
  };
}

/** A round step for about `most` ticks over `span`, and the decimals that they need. */
export function niceTicks(span, most) {
  const rough = span / Math.max(most, 2);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((k) => k * power >= rough);
  return { step, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

/** A font of so many pixels where the page's letters have 16, and larger where they have more. */
export function fontOf(size, { font, unit = 1 }, isBold = false) {
  return `${isBold ? "bold " : ""}${Math.round(size * unit)}px ${font}`;
}

export function line(pen, x1, y1, x2, y2) {
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
}

/** Blend a square of `size` device pixels around (x, y) over what is there. */
export function stamp({ data, width, height }, x, y, size, [red, green, blue], opacity) {
  const first = Math.floor(size / 2);
  for (let row = Math.max(y - first, 0); row < Math.min(y - first + size, height); row++) {
    for (let col = Math.max(x - first, 0); col < Math.min(x - first + size, width); col++) {
      const at = 4 * (row * width + col);
      const under = (data[at + 3] / 255) * (1 - opacity);
      const alpha = opacity + under;
      data[at] = (red * opacity + data[at] * under) / alpha;
      data[at + 1] = (green * opacity + data[at + 1] * under) / alpha;
      data[at + 2] = (blue * opacity + data[at + 2] * under) / alpha;
      data[at + 3] = 255 * alpha;
    }
  }
}

/**
 * Names of what is at one place to the eye become one name, in the order they come in.
 * @param {{name: string, label: number, x: number, y: number}[]} marks - in pixels
 * @param {number} near - pixels
 * @returns {{name: string, labels: number[], x: number, y: number}[]}
 */
export function together(marks, near) {
  const groups = [];
  for (const mark of marks) {
    const group = groups.find(([first]) => Math.hypot(first.x - mark.x, first.y - mark.y) < near);
    if (group) group.push(mark);
    else groups.push([mark]);
  }
  return groups.map((group) => ({
    name: group.length > 2 && group.length === marks.length
      ? `all ${group.length} classes` : group.map(({ name }) => name).join(", "),
    labels: group.map(({ label }) => label),
    x: group.reduce((sum, { x }) => sum + x, 0) / group.length,
    y: group.reduce((sum, { y }) => sum + y, 0) / group.length,
  }));
}

/**
 * The ellipses of classes, or where all are one to the eye one of no class: its label is null.
 * @param {{label: number, mean: number[], covariance: number[]}[]} classes
 * @param {number} near - in units of z: by less than this their contours at 2 sigma differ
 */
export function oneForAll(classes, near) {
  if (classes.length < 3) return classes;
  const [first] = classes;
  const areOne = classes.every(({ mean, covariance }) =>
    Math.hypot(mean[0] - first.mean[0], mean[1] - first.mean[1]) < near &&
    widths(covariance).every((wide, k) => Math.abs(wide - widths(first.covariance)[k]) < near / 2));
  return areOne ? [{ ...first, label: null }] : classes;
}

/** Standard deviations across, up, and between: they make the ellipse. */
function widths([xx, xy, yy]) {
  return [xx, yy, (xx + yy) / 2 + xy].map((square) => Math.sqrt(Math.max(square, 0)));
}

export function pushApart(a, b) {
  if (a === b) return;
  const wide = a.half + b.half + 2 - Math.abs(a.x - b.x);
  const high = 22 - Math.abs(a.y - b.y);
  if (wide <= 0 || high <= 0) return;
  if (high <= wide) {
    const up = a.y <= b.y ? -high / 2 : high / 2;
    a.y += up;
    b.y -= up;
  } else {
    const left = a.x <= b.x ? -wide / 2 : wide / 2;
    a.x += left;
    b.x -= left;
  }
}

/** Lay pixels over what is drawn, blended: one of theirs on one of the screen's. */
export function overlay(pen, data) {
  const layer = new OffscreenCanvas(data.width, data.height);
  layer.getContext("2d").putImageData(data, 0, 0);
  pen.save();
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.drawImage(layer, 0, 0);
  pen.restore();
}

/** The points of a plane in one picture: far quicker than a shape each. `frame` is its painter. */
export function drawPoints(pen, { x, y, labels }, frame) {
  const { ratio, below, scene } = frame;
  const data = new ImageData(below.width, below.height);
  const colours = scene.classColours.map(channelsOf);
  const size = Math.max(2, Math.round(2.5 * ratio));
  const opacity = x.length > 20_000 ? 0.35 : 0.5;
  for (let i = 0; i < x.length; i++) {
    const [left, top] = frame.toScreen([x[i], y[i]]);
    const colour = colours[labels[i] % colours.length];
    stamp(data, Math.round(left * ratio), Math.round(top * ratio), size, colour, opacity);
  }
  overlay(pen, data);
}

/** A letter beside a point of the screen, readable on any background. */
export function letter(pen, text, [x, y], [right, down], scene) {
  const { ink, paper } = scene;
  pen.font = fontOf(18, scene, true);
  pen.textAlign = "center";
  pen.lineWidth = 4;
  pen.strokeStyle = paper;
  pen.strokeText(text, x + right, y + down);
  pen.fillStyle = ink;
  pen.fillText(text, x + right, y + down);
}
