/**
 * Marks of the true posterior on a plane: its contours, its mode, and the ellipse of the best q.
 */

import { principalAxes } from "./marks.js";
import { drawCurves } from "./posterior_curves.js";

/**
 * The true posterior, and the best q where there is one; curves not in a magnifier.
 * @param {CanvasRenderingContext2D} pen
 * @param {Object} truth - see PlanePainter.draw
 * @param {PlanePainter} plane
 * @param {{scale, toScreen}} frame - the plane, or a magnifier of it
 */
export function drawTruth(pen, { contours, mode, best, curves }, plane, frame = plane) {
  const { scene } = plane;
  if (curves && frame === plane) drawCurves(pen, curves, scene, { plane, base: mode });
  drawContours(pen, contours, scene, frame);
  drawMode(pen, mode, scene, frame);
  if (best) drawBest(pen, best, scene.orange, frame);
}

/**
 * Contours as lines of the text's colour on a halo of the page's.
 * @param {CanvasRenderingContext2D} pen
 * @param {number[][]} contours - x1, y1, x2, y2, ... of each, the innermost first
 * @param {{ink: string, paper: string}} colours
 * @param {{toScreen: function(number[]): number[]}} frame
 */
export function drawContours(pen, contours, { ink, paper }, frame) {
  pen.save();
  pen.lineCap = "round";
  for (const [colour, width] of [[paper, 5], [ink, 2.2]]) {
    pen.strokeStyle = colour;
    contours.forEach((segments, k) => {
      pen.lineWidth = width - 0.7 * k;
      pen.beginPath();
      for (let at = 0; at < segments.length; at += 4) {
        pen.moveTo(...frame.toScreen([segments[at], segments[at + 1]]));
        pen.lineTo(...frame.toScreen([segments[at + 2], segments[at + 3]]));
      }
      pen.stroke();
    });
  }
  pen.restore();
}

/** A cross at the mode. */
export function drawMode(pen, mode, { ink, paper }, frame) {
  const [x, y] = frame.toScreen(mode);
  pen.save();
  pen.lineCap = "round";
  for (const [colour, width, arm] of [[paper, 6, 7], [ink, 2.5, 7]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    for (const side of [-1, 1]) {
      pen.moveTo(x - arm, y - side * arm);
      pen.lineTo(x + arm, y + side * arm);
    }
    pen.stroke();
  }
  pen.restore();
}

/** The ellipse of a Gaussian at 1 and 2 sigma, dashed. */
export function drawBest(pen, { mean, covariance }, colour, frame) {
  const { long, short, angle } = principalAxes(covariance);
  const [x, y] = frame.toScreen(mean);
  pen.save();
  pen.strokeStyle = colour;
  pen.lineWidth = 2.5;
  pen.setLineDash([6, 4]);
  for (const k of [frame.scale, 2 * frame.scale]) {
    pen.beginPath();
    pen.ellipse(x, y, Math.max(k * long, 2), Math.max(k * short, 2), -angle, 0, 2 * Math.PI);
    pen.stroke();
  }
  pen.restore();
}
