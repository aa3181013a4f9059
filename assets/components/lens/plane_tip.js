/**
 * The tip beside a point of the plane: the image there, its decoded mean, and what it is.
 */

import { paintPicture } from "../draw/pictures.js";
import { element } from "../page/element.js";

const ASIDE = 16; // CSS pixels from the point
const ABOVE = 90;

export class PlaneTip {
  /**
   * @param {HTMLElement} holder - of the plane
   * @param {Object} lens - facts, state, originals
   */
  constructor(holder, { facts, state, originals }) {
    Object.assign(this, { holder, facts, state, originals });
    this.index = null; // of the image that is shown
    this.z = null; // of the sample of it that is shown in place of its mean
    this.decoded = element("canvas", { class: "picture" });
    this.original = element("canvas", { class: "picture" });
    this.words = element("p");
    this.box = element("div", { class: "tip", hidden: true }, this.decoded, this.original, this.words);
    holder.append(this.box);
  }

  /**
   * Show an image beside a point of the plane's canvas, or nothing (null).
   * @param {?number} index
   * @param {number[]} at - CSS pixels
   * @param {?Float64Array} z - a sample of the image's q(z|x), to be decoded in place of its mean
   */
  show(index, at, z = null) {
    const isNew = index !== this.index || z?.[0] !== this.z?.[0];
    Object.assign(this, { index, z });
    this.box.hidden = index === null;
    if (index === null) return;
    this._place(at);
    if (isNew) this._fill(index, z);
  }

  _place([left, top]) {
    const { style } = this.box;
    const wide = this.holder.clientWidth;
    const isLeft = left < wide / 2;
    style.left = isLeft ? `${left + ASIDE}px` : "";
    style.right = isLeft ? "" : `${wide - left + ASIDE}px`;
    style.top = `${Math.max(top - ABOVE, 0)}px`;
  }

  _fill(index, z) {
    const { model } = this.state;
    const { class_names: names, image_shape: shape } = this.facts;
    const show = (canvas, values) => this.index === index && paintPicture(canvas, values, shape);
    const of = z ? "a sample of " : "";
    this.words.textContent = `${of}${names[model.codes.labels[index]]}, test image ${index}`;
    model.decode(z ?? model.posteriorAt(index).mean, (pixels) => show(this.decoded, pixels.mean));
    this.original.hidden = !this.originals.has(index);
    this.originals.fetch(index, (x) => show(this.original, x));
  }
}
