/**
 * A part of the posterior or z lit on the plane: its mean, its half-axes, the noise, or z.
 */

import { line, principalAxes } from "./marks.js";

const [RING, HANDLE_RING] = [10, 15]; // pixels
const LIT = "#3f90da";

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {?string} part - "mean", "width", "noise" or "z"
 * @param {{posterior: ?{mean: number[], covariance: number[]}, z: number[]}} marks
 * @param {{scale: number, toScreen: function(number[]): number[]}} frame
 */
export function drawLit(pen, part, { posterior, z }, frame) {
  if (part !== "z" && !posterior) return;
  pen.save();
  pen.strokeStyle = pen.fillStyle = LIT;
  pen.lineWidth = 4;
  pen.beginPath();
  if (part === "z") ring(pen, frame.toScreen(z), HANDLE_RING);
  if (part === "mean") ring(pen, frame.toScreen(posterior.mean), RING);
  if (part === "width") halfAxes(pen, posterior, frame);
  if (part === "noise") arrow(pen, frame.toScreen(posterior.mean), frame.toScreen(z));
  pen.stroke();
  pen.restore();
}

function ring(pen, [x, y], radius) {
  pen.arc(x, y, radius, 0, 2 * Math.PI);
}

/** One standard deviation along both axes of the ellipse. */
function halfAxes(pen, { mean, covariance }, frame) {
  const { long, short, angle } = principalAxes(covariance);
  const [x, y] = frame.toScreen(mean);
  const [dx, dy] = [Math.cos(angle) * frame.scale, -Math.sin(angle) * frame.scale];
  line(pen, x, y, x + long * dx, y + long * dy);
  line(pen, x, y, x + short * dy, y - short * dx);
}

/** From the mean to z. */
function arrow(pen, [x, y], [toX, toY]) {
  const angle = Math.atan2(toY - y, toX - x);
  const head = Math.min(10, Math.hypot(toX - x, toY - y) / 2);
  line(pen, x, y, toX, toY);
  for (const turn of [2.6, -2.6]) {
    line(pen, toX, toY, toX + head * Math.cos(angle + turn), toY + head * Math.sin(angle + turn));
  }
}
