/**
 * Densities over a line: the true posterior p(z|x), q(z|x) and the prior, as curves.
 */

import { withAlpha } from "./colours.js";

const HIGH = 0.5; // of the plane's side, for the highest density
const STEPS = 240; // of a curve

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Object} curves - truth: pieces {x, step, values}, evenly spaced from x; q(z), prior(z):
 *   densities; mean, sigma: of q
 * @param {{ink, paper, grey, orange: string}} colours
 * @param {{plane: PlanePainter, base: number[]}} where - base: a point of the line they stand on
 */
export function drawCurves(pen, { truth, q, prior, mean, sigma }, { ink, paper, grey, orange }, { plane, base }) {
  const [, bottom] = plane.toScreen(base);
  const middle = plane.centre[0];
  const half = plane.side / 2 / plane.scale;
  const along = (density, from, to) => Array.from({ length: STEPS + 1 }, (_, k) => {
    const z = from + ((to - from) * k) / STEPS;
    return [z, density(z)];
  });
  const peaks = truth.map(({ x, step, values }) => Array.from(values, (value, k) => [x + k * step, value]));
  const lines = [
    { points: along(prior, middle - half, middle + half), colour: grey, alpha: 0.15 },
    { points: along(q, mean - 5 * sigma, mean + 5 * sigma), colour: orange, alpha: 0.25 },
    ...peaks.map((points) => ({ points, colour: ink, alpha: 0 })),
  ];
  const most = Math.max(...lines.flatMap(({ points }) => points.map(([, density]) => density)));
  const unit = (HIGH * plane.side) / most;
  pen.save();
  pen.lineJoin = "round";
  for (const { points, colour, alpha } of lines) {
    pen.beginPath();
    const at = ([z, density]) => [plane.toScreen([z, base[1]])[0], bottom - unit * density];
    points.forEach((point, k) => (k ? pen.lineTo(...at(point)) : pen.moveTo(...at(point))));
    pen.lineWidth = 5;
    pen.strokeStyle = paper;
    pen.stroke();
    pen.lineWidth = 2.2;
    pen.strokeStyle = colour;
    pen.stroke();
    if (!alpha) continue;
    pen.fillStyle = withAlpha(colour, alpha);
    pen.fill();
  }
  pen.restore();
}
