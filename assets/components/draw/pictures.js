/**
 * Pictures on canvases, one canvas pixel per image pixel; CSS enlarges them without blurring.
 */

import { element } from "../page/element.js";

const PICTURE_DATA = new WeakMap(); // canvas -> ImageData, made once per size

function pictureData(canvas, [, H, W]) {
  let data = PICTURE_DATA.get(canvas);
  if (!data || data.width !== W || data.height !== H) {
    canvas.width = W;
    canvas.height = H;
    data = new ImageData(W, H);
    PICTURE_DATA.set(canvas, data);
  }
  return data;
}

/**
 * Show a picture.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} values - (c, H, W), c = 1 or 3; clipped to [0, 1]
 * @param {number[]} shape
 */
export function paintPicture(canvas, values, shape) {
  const data = pictureData(canvas, shape);
  const size = shape[1] * shape[2];
  const [green, blue] = shape[0] === 3 ? [size, 2 * size] : [0, 0];
  for (let i = 0, to = 0; i < size; i++, to += 4) {
    data.data[to] = 255 * values[i]; // the array rounds and clips
    data.data[to + 1] = 255 * values[green + i];
    data.data[to + 2] = 255 * values[blue + i];
    data.data[to + 3] = 255;
  }
  canvas.getContext("2d").putImageData(data, 0, 0);
}

/**
 * Show where a picture changed: orange got brighter, blue darker, grey did not.
 *
 * Full colour is a change of 1. A picture in colour is judged by the mean of its channels.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} after
 * @param {Float32Array} before
 * @param {number[]} shape
 * @param {{brighter: number[], darker: number[]}} colours - red, green, blue from 0 to 255
 */
export function paintDifference(canvas, after, before, shape, { brighter, darker }) {
  const data = pictureData(canvas, shape);
  const size = shape[1] * shape[2];
  for (let i = 0; i < size; i++) {
    let change = 0;
    for (let c = 0; c < shape[0]; c++) {
      change += clipped(after[c * size + i]) - clipped(before[c * size + i]);
    }
    change /= shape[0];
    const target = change > 0 ? brighter : darker;
    const share = Math.sqrt(Math.abs(change));
    for (let k = 0; k < 3; k++) data.data[4 * i + k] = 128 + share * (target[k] - 128);
    data.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(data, 0, 0);
}

function clipped(value) {
  return Math.min(Math.max(value, 0), 1);
}

/** A canvas for a picture, with its caption below. */
export function pictureFrame(label, caption, kind = "") {
  const canvas = element("canvas", { class: "picture", role: "img", "aria-label": label });
  const text = element("figcaption", { text: caption });
  const figure = element("figure", { class: kind }, canvas, text);
  return { figure, canvas, text };
}
