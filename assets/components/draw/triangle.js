/**
 * The triangle on which three proportions lie, with their names at its corners.
 */

import { TRIANGLE } from "../math/geometry.js";

const SHIFTS = [[0, 22], [0, 22], [0, -10]]; // of the names, in CSS pixels

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {string[]} names - of the corners, where each is 1
 * @param {{grey: string, ink: string, font: string}} scene
 * @param {function(number[]): number[]} toScreen
 */
export function drawTriangle(pen, names, scene, toScreen) {
  const corners = TRIANGLE.map(toScreen);
  pen.strokeStyle = scene.grey;
  pen.lineWidth = 2;
  pen.beginPath();
  for (const corner of corners) pen.lineTo(...corner);
  pen.closePath();
  pen.stroke();
  pen.fillStyle = scene.ink;
  pen.font = `bold 15px ${scene.font}`;
  pen.textAlign = "center";
  names.forEach((name, k) => {
    pen.fillText(`${name} = 1`, corners[k][0] + SHIFTS[k][0], corners[k][1] + SHIFTS[k][1]);
  });
}
