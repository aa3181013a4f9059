/**
 * The data side for images: the image that is chosen, the decoder's picture at z, its pictures over
 * the latent grid, and those of samples from the prior.
 */

import { paintPicture, pictureFrame } from "../draw/pictures.js";
import { button, element, write } from "../page/element.js";

const SHAPE = [1, 8, 8];
const SAMPLE_COLUMNS = 10;

export class DataImages {
  /**
   * @param {HTMLElement} host
   * @param {{onChoose: function(number)}} events - another image: its number
   */
  constructor(host, { onChoose }) {
    this.onChoose = onChoose;
    this.x = pictureFrame("The chosen image", "x");
    this.mean = pictureFrame("The decoder's picture at z", "decoder at z");
    this.lattice = pictureFrame(
      "Pictures of the decoder over the latent plane", "decoder over the latent plane, z0 across and z1 up from −3 to 3", "sheet",
    );
    this.samples = pictureFrame("Pictures of samples from the prior", "decoder at 30 samples of p(z)", "sheet");
    const step = (by) => () => this._choose(this.index + by);
    this.number = element("input", {
      type: "number", min: 0, "aria-label": "Number of the test image", onchange: () => this._choose(Number(this.number.value)),
    });
    const choice = element(
      "div", { class: "controls" }, button("←", step(-1), { "aria-label": "Previous image" }), this.number,
      button("→", step(1), { "aria-label": "Next image" }),
    );
    this.root = element(
      "div", { class: "images" }, this.lattice.figure,
      element("div", { class: "pair" }, this.x.figure, choice, this.mean.figure), this.samples.figure,
    );
    host.append(this.root);
  }

  destroy() {
    this.root.remove();
  }

  _choose(index) {
    this.onChoose(((Math.round(index) || 0) % this.n + this.n) % this.n);
  }

  /** Show an image of the set. */
  show(data, index) {
    this.n = data.labels.length;
    this.index = index;
    this.number.max = this.n - 1;
    this.number.value = index;
    paintPicture(this.x.canvas, data.shown.subarray(64 * index, 64 * index + 64), SHAPE);
    write(this.x.text, `x, a ${data.labels[index]}`);
  }

  /** What the decoder makes. */
  draw({ picture, lattice, samples }) {
    if (picture) paintPicture(this.mean.canvas, picture, SHAPE);
    paintSheet(this.lattice.canvas, lattice, Math.sqrt(lattice.length / 64));
    paintSheet(this.samples.canvas, samples, SAMPLE_COLUMNS);
  }
}

/** Images side by side, with a grey line between them. */
function paintSheet(canvas, values, columns) {
  const rows = Math.ceil(values.length / 64 / columns);
  const [wide, high] = [9 * columns - 1, 9 * rows - 1];
  const sheet = new Float32Array(wide * high).fill(0.5);
  for (let at = 0; at < values.length; at++) {
    const [cell, pixel] = [at >> 6, at & 63];
    const row = 9 * Math.floor(cell / columns) + (pixel >> 3);
    sheet[row * wide + 9 * (cell % columns) + (pixel & 7)] = values[at];
  }
  paintPicture(canvas, sheet, [1, high, wide]);
}
