/**
 * Earlier samples of z from one posterior: where they were, and what was decoded from them.
 */

import { paintPicture } from "../draw/pictures.js";
import { element } from "../page/element.js";

const MAX_SAMPLES = 6; // that are kept, the latest first

export class Samples {
  /**
   * @param {HTMLElement} host
   * @param {Object} lens - facts, state
   */
  constructor(host, { facts, state }) {
    Object.assign(this, { facts, state });
    this.earlier = []; // {z, mean: pixels}
    this.title = element("p", { class: "note", hidden: true, text: "Earlier samples, decoded" });
    this.canvases = Array.from({ length: MAX_SAMPLES }, () =>
      element("canvas", { class: "picture", role: "img", hidden: true }),
    );
    this.row = element("div", { class: "earlier" }, ...this.canvases);
    this.words = element("p", { class: "note try", "data-words": "", text: facts.words?.sampling ?? "" });
    host.append(
      element("section", { class: "samples", hidden: !facts.family.has_density },
        this.title, this.row, this.words,
      ),
    );
    state.subscribe((changed) => this._changed(changed));
  }

  _changed(changed) {
    const { state, now } = this;
    if (changed.has("q")) {
      if (state.q !== this.q) this.earlier = [];
      else if (now?.mean) this.earlier = [now, ...this.earlier].slice(0, MAX_SAMPLES);
      this.q = state.q;
      this.now = state.how === "draw" ? { z: state.z, mean: null } : null;
      this._paint();
    }
    if (changed.has("pixels") && now && state.z === now.z) now.mean = state.pixels.mean.slice();
  }

  _paint() {
    this.title.hidden = !this.earlier.length;
    this.canvases.forEach((canvas, k) => {
      const sample = this.earlier[k];
      canvas.hidden = !sample;
      if (!sample) return;
      canvas.setAttribute("aria-label", `sample ${k + 1} before this one, decoded`);
      paintPicture(canvas, sample.mean, this.facts.image_shape);
    });
  }
}
