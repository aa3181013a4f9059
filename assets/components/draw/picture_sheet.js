/**
 * A sheet of small pictures on one canvas, whose pixels move evenly from one to the next.
 */

import { element } from "../page/element.js";

const GAP = 2; // canvas pixels between two pictures

export class PictureSheet {
  /**
   * @param {string} label - for those who do not see it
   * @param {{columns: number, rows: number, shape: number[]}} sheet - shape (c, H, W) of a picture
   */
  constructor(label, { columns, rows, shape: [channels, high, wide] }) {
    Object.assign(this, { columns, rows, channels, high, wide });
    this.canvas = element("canvas", {
      class: "sheet", role: "img", "aria-label": label,
      width: columns * (wide + GAP) - GAP, height: rows * (high + GAP) - GAP,
    });
    this.pen = this.canvas.getContext("2d");
  }

  /** Pictures (n, c, H, W) with values from 0 to 255, flat, row by row. */
  paint(pixels) {
    const { columns, channels, high, wide } = this;
    const { width, height } = this.canvas;
    const image = this.pen.createImageData(width, height);
    const size = high * wide;
    const count = Math.min(pixels.length / (channels * size), columns * this.rows);
    for (let k = 0; k < count; k++) {
      const left = (k % columns) * (wide + GAP);
      const top = Math.floor(k / columns) * (high + GAP);
      const from = k * channels * size;
      for (let row = 0; row < high; row++) {
        for (let column = 0; column < wide; column++) {
          const at = 4 * ((top + row) * width + left + column);
          const pixel = from + row * wide + column;
          for (let c = 0; c < 3; c++) image.data[at + c] = pixels[pixel + (channels === 3 ? c * size : 0)];
          image.data[at + 3] = 255;
        }
      }
    }
    this.pen.putImageData(image, 0, 0);
  }
}
