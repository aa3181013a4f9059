/**
 * Magnifiers of a plane: what is too small to be seen, enlarged in its corners.
 */

import { fontOf } from "./marks.js";

const LEAST = 3; // times that are worth a box
const EDGE = 6; // pixels to the frame
const BUTTONS = 46; // pixels that the buttons for zooming take at the right, above

/**
 * q(z|x) and p(z|x), together where they are near, else each in a corner of its own.
 * @param {CanvasRenderingContext2D} pen
 * @param {Object} plane - left, top, side of it on the screen; scale: pixels per unit of z; scene;
 *   place: where q is on the screen, which the boxes keep away from
 * @param {{centre: number[], half: number}} q - the square around it, half its side
 * @param {?{centre: number[], half: number}} truth - that around the contours of p(z|x)
 * @param {function({scale, toScreen})} paint - paints all marks in a frame
 */
export function magnifyAll(pen, plane, q, truth, paint) {
  const { left, top, side, place: [x, y], scene } = plane;
  const isLeft = x > left + side / 2;
  const isTop = y > top + side / 2 || Boolean(scene.corners); // a triangle leaves room above
  if (!truth) {
    magnify(pen, plane, q, { isLeft, isTop, name: "q(z|x)" }, paint);
    return;
  }
  const p = { centre: truth.centre, half: 1.35 * truth.half };
  const both = boxAround([q, p]);
  if (both.half < 3 * Math.max(q.half, p.half)) {
    magnify(pen, plane, both, { isLeft, isTop, name: "q(z|x), p(z|x)" }, paint);
    return;
  }
  magnify(pen, plane, q, { isLeft, isTop, name: "q(z|x)" }, paint);
  magnify(pen, plane, p, { isLeft: !isLeft, isTop, name: "p(z|x)" }, paint);
}

/** A square of the plane, enlarged in a corner, where it would be small. */
function magnify(pen, { left, top, side, scale: before, scene }, square, corner, paint) {
  const { centre, half } = square;
  const { isLeft, isTop, name } = corner;
  const box = Math.min(0.28 * side, 150);
  const scale = box / 2 / half;
  const times = scale / before;
  if (times < LEAST || !half) return;
  const boxLeft = isLeft ? left + EDGE : left + side - box - EDGE - (isTop ? BUTTONS : 0);
  const boxTop = isTop ? top + EDGE : top + side - box - EDGE;
  pen.save();
  pen.beginPath();
  pen.rect(boxLeft, boxTop, box, box);
  pen.fillStyle = scene.paper;
  pen.fill();
  pen.strokeStyle = scene.grey;
  pen.lineWidth = 1.5;
  pen.stroke();
  pen.clip();
  paint({
    scale,
    isSmall: box < 125, // no room for numbers
    toScreen: ([px, py]) => [
      boxLeft + box / 2 + (px - centre[0]) * scale,
      boxTop + box / 2 - (py - centre[1]) * scale,
    ],
  });
  pen.font = fontOf(13, scene);
  pen.textAlign = "left";
  pen.fillStyle = scene.ink;
  const [short, long] = ["", ", enlarged"].map((how) => `${name}${how} × ${zoomed(times)}`);
  const title = pen.measureText(long).width < box - 10 ? long : short;
  pen.fillText(title, boxLeft + 5, boxTop + box - 6);
  pen.restore();
}

/** A magnification in words: two digits. */
function zoomed(times) {
  return times < 99.5 ? times.toPrecision(2) : String(Math.round(times / 10) * 10);
}

/** The square around others, each {centre, half}. */
function boxAround(boxes) {
  const edge = (sign, k) => boxes.map(({ centre, half }) => centre[k] + sign * half);
  const [low, high] = [[0, 1].map((k) => Math.min(...edge(-1, k))), [0, 1].map((k) => Math.max(...edge(1, k)))];
  const half = Math.max(high[0] - low[0], high[1] - low[1]) / 2;
  return { centre: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2], half };
}
