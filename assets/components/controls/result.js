/**
 * The result: p(x|z), its mean, a sample from it, and a picture to compare with.
 */

import { channelsOf } from "../draw/colours.js";
import { paintDifference, paintPicture, pictureFrame } from "../draw/pictures.js";
import { button, element } from "../page/element.js";

export class Result {
  /**
   * @param {HTMLElement} host
   * @param {{shape: number[], colours: {brighter: string, darker: string},
   *   origin: function(): string}} options - (c, H, W) of a picture; colours of a difference; what
   *   z begins at now, in words
   */
  constructor(host, { shape, colours, origin }) {
    Object.assign(this, { shape, origin });
    this.colours = { brighter: channelsOf(colours.brighter), darker: channelsOf(colours.darker) };
    this.mean = pictureFrame("decoded", "decoder mean", "large");
    this.outlines = element("div", { class: "outlines", "aria-hidden": "true" });
    this.mean.figure.insertBefore(this.outlines, this.mean.text);
    this.before = pictureFrame("at the start", "at the start");
    this.difference = pictureFrame("difference", "difference");
    this.draw = pictureFrame("decoder sample", "sample");
    this.legend = element("p", { class: "note", "data-words": "" });
    this.keep = button("Compare with this", () => this._keep(), {
      title: "Keep this picture to compare others with",
    });
    const small = [this.before, this.difference, this.draw].map(({ figure }) => figure);
    this.words = element("p", { class: "note", hidden: true });
    host.append(
      this.mean.figure,
      element("div", { class: "small" }, ...small),
      this.legend,
      element("div", { class: "controls" }, this.keep),
      this.words,
    );
    this.kept = null;
  }

  /** A sentence on where the pictures come from, or none. */
  note(words) {
    this.words.textContent = words;
    this.words.hidden = !words;
  }

  /**
   * z begins somewhere else; what was kept stays until the reader lets it go.
   * @param {Object} pixels - p(x|z) there
   * @param {string} name - what that z is called
   */
  begin(pixels, name) {
    this.start = pixels.mean.slice();
    this.startName = name;
    this._name();
    if (this.pixels) this.show(this.pixels, this.seed);
  }

  _keep() {
    this.kept = this.kept ? null : { mean: this.pixels.mean.slice(), origin: this.origin() };
    this._name();
    this.show(this.pixels, this.seed);
  }

  /** Name the picture that others are compared with, and what the difference is to. */
  _name() {
    const { kept, startName } = this;
    this.before.text.textContent = kept ? `kept, from ${kept.origin}` : startName;
    this.keep.textContent = kept ? "Let it go" : "Compare with this";
    const than = kept ? "than what is kept" : `than ${startName}`;
    this.legend.textContent = `Difference: orange is brighter, blue darker ${than}. Sample: from p(x|z).`;
  }

  /** Show nothing: there is no z yet. */
  clear() {
    this.pixels = null;
    this.keep.disabled = true;
    for (const { canvas } of [this.mean, this.before, this.difference, this.draw]) {
      canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    }
  }

  /** Paint p(x|z): its mean, and the sample of a seed. */
  show(pixels, seed) {
    this.pixels = pixels;
    this.keep.disabled = false;
    this.seed = seed;
    paintPicture(this.mean.canvas, pixels.mean, this.shape);
    paintPicture(this.draw.canvas, pixels.draw(seed), this.shape);
    const before = this.kept?.mean ?? this.start;
    if (!before) return;
    paintPicture(this.before.canvas, before, this.shape);
    paintDifference(this.difference.canvas, pixels.mean, before, this.shape, this.colours);
  }

  /** Outline parts of the picture: what picked cells can reach. */
  outline(boxes) {
    const [, H, W] = this.shape;
    const percent = (part, whole) => `${(100 * part) / whole}%`;
    this.outlines.classList.toggle("many", boxes.length > 1);
    this.outlines.replaceChildren(
      ...boxes.map(({ top, bottom, left, right }) => {
        const box = element("i");
        box.style.top = percent(top, H);
        box.style.left = percent(left, W);
        box.style.height = percent(bottom - top + 1, H);
        box.style.width = percent(right - left + 1, W);
        return box;
      }),
    );
  }
}
