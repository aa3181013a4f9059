/**
 * Small pictures of many images, and which of them to draw so that none hides another.
 */

import { channelsOf } from "./colours.js";

const COLUMNS = 64;
const CLOSEST = 0.7; // of a picture's side: nearer than that, the later one is left out

export class Sprites {
  /**
   * @param {Uint8Array} bytes - (m, c, H, W), of the first m images of the split
   * @param {number[]} shape - (c, H, W)
   * @param {function(number): string} colourOf - the colour of an image's class
   */
  constructor(bytes, shape, colourOf) {
    const [c, H, W] = shape;
    this.shape = shape;
    this.bytes = bytes;
    this.count = bytes.length / (c * H * W);
    this.sheet = new OffscreenCanvas(COLUMNS * W, Math.ceil(this.count / COLUMNS) * H);
    const pen = this.sheet.getContext("2d");
    for (let k = 0; k < this.count; k++) {
      const tile = this._tile(k, channelsOf(colourOf(k)));
      pen.putImageData(tile, (k % COLUMNS) * W, Math.floor(k / COLUMNS) * H);
    }
  }

  /** One picture's bytes, (c, H, W); undefined when it is not among them. */
  picture(k) {
    if (k >= this.count) return undefined;
    const size = this.shape[0] * this.shape[1] * this.shape[2];
    return this.bytes.subarray(k * size, (k + 1) * size);
  }

  /** Grey pictures are ink in their class's colour on nothing; others are as they are. */
  _tile(k, [red, green, blue]) {
    const [c, H, W] = this.shape;
    const from = this.picture(k);
    const tile = new ImageData(W, H);
    for (let i = 0; i < H * W; i++) {
      const pixel = c === 1 ? [red, green, blue, from[i]] : [from[i], from[H * W + i], from[2 * H * W + i], 255];
      tile.data.set(pixel, 4 * i);
    }
    return tile;
  }

  /**
   * Draw those that have room, the first come first.
   * @param {CanvasRenderingContext2D} pen
   * @param {number} side - in CSS pixels
   * @param {function(number): ?number[]} place - where the picture of an image goes, or null
   * @returns {number} how many were drawn
   */
  draw(pen, side, place) {
    const [, H, W] = this.shape;
    const high = (side * H) / W;
    const taken = new Map(); // "column row" -> place
    const apart = CLOSEST * side;
    let drawn = 0;
    for (let k = 0; k < this.count; k++) {
      const at = place(k);
      if (!at || !this._hasRoom(taken, at, apart)) continue;
      const [sx, sy] = [(k % COLUMNS) * W, Math.floor(k / COLUMNS) * H];
      pen.drawImage(this.sheet, sx, sy, W, H, at[0] - side / 2, at[1] - high / 2, side, high);
      drawn++;
    }
    return drawn;
  }

  /** Whether no other lies too near; takes the room if not. */
  _hasRoom(taken, [x, y], apart) {
    const [column, row] = [Math.floor(x / apart), Math.floor(y / apart)];
    for (let i = column - 1; i <= column + 1; i++) {
      for (let j = row - 1; j <= row + 1; j++) {
        const other = taken.get(`${i} ${j}`);
        if (other && Math.abs(other[0] - x) < apart && Math.abs(other[1] - y) < apart) return false;
      }
    }
    taken.set(`${column} ${row}`, [x, y]);
    return true;
  }
}
