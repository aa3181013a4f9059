/**
 * What the decoder makes of z: its mean, a draw from it, and a picture to compare it with.
 */

import { element, paintDifference, paintPicture, pictureFrame } from "../draw/pictures.js";

export class Result {
  /**
   * @param {HTMLElement} host
   * @param {Object} lens
   */
  constructor(host, lens) {
    this.lens = lens;
    this.shape = lens.facts.image_shape;
    this.mean = pictureFrame("decoded", "decoder mean", "large");
    this.outlines = element("div", { class: "outlines", "aria-hidden": "true" });
    this.mean.figure.insertBefore(this.outlines, this.mean.text);
    this.before = pictureFrame("at the start", "at the start");
    this.difference = pictureFrame("difference", "orange brighter, blue darker");
    this.draw = pictureFrame("decoder draw", "a draw from p(x|z)");
    this.keep = element("button", {
      type: "button", text: "Compare with this", title: "Keep this picture to compare others with",
      onclick: () => this._keep(),
    });
    const small = [this.before, this.difference, this.draw].map(({ figure }) => figure);
    this.note = element("p", { class: "note", hidden: true });
    host.append(
      this.mean.figure,
      element("div", { class: "small" }, ...small),
      element("div", { class: "controls" }, this.keep),
      this.note,
    );
    this.kept = null;
  }

  /** Say something about where the pictures come from. */
  say(words) {
    this.note.textContent = words;
    this.note.hidden = !words;
  }

  /** Forget what was kept: z begins somewhere else. */
  begin(pixels) {
    this.kept = null;
    this.start = pixels.mean.slice();
    this.before.text.textContent = this.lens.startName;
    this.keep.textContent = "Compare with this";
    if (this.pixels) this.show(this.pixels);
  }

  _keep() {
    this.kept = this.kept ? null : this.pixels.mean.slice();
    this.before.text.textContent = this.kept ? "kept" : this.lens.startName;
    this.keep.textContent = this.kept ? "Let it go" : "Compare with this";
    this.show(this.pixels);
  }

  /** Paint p(x|z). */
  show(pixels) {
    this.pixels = pixels;
    paintPicture(this.mean.canvas, pixels.mean, this.shape);
    paintPicture(this.draw.canvas, pixels.draw(this.lens.draw), this.shape);
    const before = this.kept ?? this.start;
    if (!before) return;
    paintPicture(this.before.canvas, before, this.shape);
    const colours = this.lens.differenceColours;
    paintDifference(this.difference.canvas, pixels.mean, before, this.shape, colours);
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
