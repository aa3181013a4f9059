/**
 * The frame of a plane of two latent dimensions: axes with ticks, or a triangle for proportions.
 */

import { TRIANGLE } from "../math/geometry.js";
import { signed } from "../page/text.js";
import { withAlpha } from "./colours.js";
import { fontOf, line, niceTicks } from "./marks.js";

export const PLANE_MARGIN = { left: 40, right: 10, top: 10, bottom: 40 }; // CSS pixels, for ticks

/** A box with the axes' titles, and ticks where lengths have a unit. `plane` is its painter. */
export function drawAxes(pen, plane) {
  const { titles, grey, ink, hasNoUnit } = plane.scene;
  const { left, top } = PLANE_MARGIN;
  const bottom = top + plane.side;
  pen.fillStyle = ink;
  if (!hasNoUnit) drawTicks(pen, plane);
  pen.strokeStyle = withAlpha(grey, 0.6);
  pen.strokeRect(left, top, plane.side, plane.side);
  pen.textAlign = "center";
  pen.font = fontOf(14, plane.scene, true);
  pen.fillText(titles[0], left + plane.side / 2, bottom + 22 + 13 * (plane.scene.unit ?? 1));
  pen.save();
  pen.translate(11, top + plane.side / 2);
  pen.rotate(-Math.PI / 2);
  pen.fillText(titles[1], 0, 2);
  pen.restore();
  pen.font = fontOf(14, plane.scene);
}

function drawTicks(pen, plane) {
  const { left, top } = PLANE_MARGIN;
  const bottom = top + plane.side;
  const right = left + plane.side;
  const ticks = niceTicks((plane.scene.reach * 2) / plane.zoom, plane.side / 60);
  pen.strokeStyle = withAlpha(plane.scene.grey, 0.25);
  for (const axis of [0, 1]) {
    const middle = plane.centre[axis];
    const half = plane.scene.reach / plane.zoom;
    const first = Math.ceil((middle - half) / ticks.step) * ticks.step;
    for (let value = first; value <= middle + half + 1e-9; value += ticks.step) {
      const [x, y] = plane.toScreen(axis ? [0, value] : [value, 0]);
      const text = signed(value, ticks.digits);
      pen.beginPath();
      if (axis && plane.scene.isLine) continue; // up has no values
      if (axis) {
        line(pen, left, y, right, y);
        pen.textAlign = "right";
        pen.fillText(text, left - 6, y + 5);
      } else {
        line(pen, x, top, x, bottom);
        pen.textAlign = "center";
        pen.fillText(text, x, bottom + 4 + 13 * (plane.scene.unit ?? 1));
      }
      pen.stroke();
    }
  }
}

/** A triangle, and the names of its corners. */
export function drawTriangle(pen, plane, names) {
  const corners = TRIANGLE.map((corner) => plane.toScreen(corner));
  pen.strokeStyle = plane.scene.grey;
  pen.lineWidth = 2;
  pen.beginPath();
  for (const corner of corners) pen.lineTo(...corner);
  pen.closePath();
  pen.stroke();
  pen.fillStyle = plane.scene.ink;
  pen.font = fontOf(15, plane.scene, true);
  pen.textAlign = "center";
  const shifts = [[0, 22], [0, 22], [0, -10]];
  names.forEach((name, k) => {
    pen.fillText(`${name} = 1`, corners[k][0] + shifts[k][0], corners[k][1] + shifts[k][1]);
  });
}
