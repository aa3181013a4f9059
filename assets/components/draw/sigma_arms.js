/**
 * The arms of a posterior: from its mean by one standard deviation across and up, with their names.
 */

import { fontOf } from "./marks.js";

const CAP = 4; // CSS pixels to either side of an arm's end
const LEAST = 14; // an arm that is shorter has no name
const LONG = 34; // one that is longer has it beside its middle: at its end are the prior's

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {{mean: number[], covariance: number[], hasNumbers: boolean}} posterior - on the plane:
 *   (x, y) and (xx, xy, yy); whether standard deviations are written out
 * @param {{ink: string, paper: string, font: string}} scene
 * @param {{scale: number, toScreen: function(number[]): number[], isSmall: ?boolean}} frame - with
 *   no room for numbers
 */
export function drawArms(pen, { mean, covariance: [xx, , yy], hasNumbers }, scene, frame) {
  const [x, y] = frame.toScreen(mean);
  const [across, up] = [xx, yy].map(Math.sqrt);
  pen.save();
  pen.strokeStyle = pen.fillStyle = scene.ink;
  pen.font = fontOf(13, scene, true);
  const named = (sigma) => (hasNumbers && !frame.isSmall ? `σ = ${sigma.toFixed(sigma < 0.0995 ? 3 : 2)}` : "σ");
  const arm = (sigma, end, cap, place, align) => {
    if (!sigma) return; // of a point mass, or of a line's other direction
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(...end);
    pen.moveTo(end[0] - cap[0], end[1] - cap[1]);
    pen.lineTo(end[0] + cap[0], end[1] + cap[1]);
    pen.stroke();
    if (sigma * frame.scale < LEAST) return;
    pen.textAlign = align;
    pen.lineWidth = 4;
    pen.strokeStyle = scene.paper;
    pen.strokeText(named(sigma), ...place);
    pen.strokeStyle = scene.ink;
    pen.fillText(named(sigma), ...place);
  };
  const [right, top] = [x + across * frame.scale, y - up * frame.scale];
  arm(across, [right, y], [0, CAP], [Math.max((x + right) / 2 - 22, x + 4), y + 16], "left");
  const [place, align] = y - top > LONG ? [[x + 8, (y + top) / 2], "left"] : [[x, top - 7], "center"];
  arm(up, [x, top], [CAP, 0], place, align);
  pen.restore();
}
