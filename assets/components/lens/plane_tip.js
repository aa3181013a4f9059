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
    this.decoded = element("canvas", { class: "picture" });
    this.original = element("canvas", { class: "picture" });
    this.words = element("p");
    this.box = element("div", { class: "tip", hidden: true }, this.decoded, this.original, this.words);
    holder.append(this.box);
  }

  /**
   * Show an image beside a point of the plane's canvas, or nothing.
   * @returns {boolean} whether it is another image than before
   */
  show(index, at) {
    const isNew = index !== this.index;
    this.index = index;
    this.box.hidden = index === null;
    if (index !== null) {
      this._place(at);
      if (isNew) this._fill(index);
    }
    return isNew;
  }

  _place([left, top]) {
    const { style } = this.box;
    const wide = this.holder.clientWidth;
    const isLeft = left < wide / 2;
    style.left = isLeft ? `${left + ASIDE}px` : "";
    style.right = isLeft ? "" : `${wide - left + ASIDE}px`;
    style.top = `${Math.max(top - ABOVE, 0)}px`;
  }

  _fill(index) {
    const { model } = this.state;
    const { class_names: names, image_shape: shape } = this.facts;
    const show = (canvas, values) => this.index === index && paintPicture(canvas, values, shape);
    this.words.textContent = `${names[model.codes.labels[index]]}, test image ${index}`;
    model.decode(model.posteriorAt(index).mean, (pixels) => show(this.decoded, pixels.mean));
    this.original.hidden = !this.originals.has(index);
    this.originals.fetch(index, (x) => show(this.original, x));
  }
}
