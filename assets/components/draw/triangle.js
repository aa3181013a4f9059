/**
 * The simplex of three proportions as a triangle with its corners' names.
 */

import { TRIANGLE } from "../math/geometry.js";

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {string[]} names - of the dimensions that are 1 in its corners
 * @param {{grey: string, ink: string, font: string}} scene
 * @param {function(number[]): number[]} toScreen
 */
export function drawTriangle(pen, names, { grey, ink, font }, toScreen) {
  const corners = TRIANGLE.map(toScreen);
  pen.strokeStyle = grey;
  pen.lineWidth = 2;
  pen.beginPath();
  for (const corner of corners) pen.lineTo(...corner);
  pen.closePath();
  pen.stroke();
  pen.fillStyle = ink;
  pen.font = `bold 15px ${font}`;
  pen.textAlign = "center";
  const shifts = [[0, 22], [0, 22], [0, -10]];
  names.forEach((name, k) => {
    pen.fillText(`${name} = 1`, corners[k][0] + shifts[k][0], corners[k][1] + shifts[k][1]);
  });
}
