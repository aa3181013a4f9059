/**
 * Where z begins: a test image, a drawing, or the prior.
 */

import { createPad } from "./pad.js";
import { element, paintPicture } from "../draw/pictures.js";

const ORIGIN_NAMES = { image: "An image", drawing: "Your drawing", prior: "The prior" };

export class Source {
  /**
   * @param {HTMLElement} host
   * @param {Object} lens - told of what is chosen: setImage(i), setDrawing(x), setPrior()
   * @param {string[]} origins - of ORIGIN_NAMES, those to offer
   */
  constructor(host, lens, origins) {
    this.lens = lens;
    this.shape = lens.facts.image_shape;
    this.tabs = origins.map((origin) =>
      element("button", {
        type: "button", text: ORIGIN_NAMES[origin], "aria-pressed": "false",
        onclick: () => this.open(origin),
      }),
    );
    this.origins = origins;
    this.caption = element("figcaption");
    this.canvas = element("canvas", { class: "picture", role: "img" });
    this.missing = element("div", { class: "missing", text: lens.facts.missing });
    this.padHost = element("div", { class: "pad-host" });
    this.seen = element("canvas", { class: "picture seen", role: "img", "aria-label": "as the encoder sees it" });
    this.figure = element("figure", {}, this.canvas, this.missing, this.padHost, this.seen, this.caption);
    const tabs = { class: "tabs", role: "group", "aria-label": "z begins at" };
    host.append(
      element("div", { class: "origin" },
        origins.length > 1 ? element("div", tabs, ...this.tabs) : null,
        this.figure, this._imageControls(), this._padControls(), this._priorControls(),
      ),
    );
  }

  _imageControls() {
    const { facts } = this.lens;
    this.number = element("input", {
      type: "number", min: 0, max: facts.n_images - 1, step: 1, "aria-label": "Test image",
      onchange: () => this.lens.setImage(Number(this.number.value) || 0),
    });
    this.label = element("select", {
      "aria-label": "Class", onchange: () => this.lens.setImage(this._next(Number(this.label.value))),
    });
    this.label.append(
      ...facts.labels.map((label) => element("option", { value: label, text: facts.class_names[label] })),
    );
    const another = element("button", {
      type: "button", text: "Another", onclick: () => this.lens.setImage(this._next(Number(this.label.value))),
    });
    this.imageControls = element("div", { class: "controls" }, this.number, this.label, another);
    return this.imageControls;
  }

  _padControls() {
    const clear = element("button", { type: "button", text: "Clear", onclick: () => this.pad?.clear() });
    const undo = element("button", { type: "button", text: "Undo", onclick: () => this.pad?.undo() });
    this.padControls = element("div", { class: "controls" }, clear, undo);
    return this.padControls;
  }

  _priorControls() {
    const again = element("button", { type: "button", text: "Draw again", onclick: () => this.lens.redraw() });
    const mean = element("button", { type: "button", text: "Its mean", onclick: () => this.lens.toMean() });
    this.priorControls = element("div", { class: "controls" }, again, mean);
    return this.priorControls;
  }

  /** The next test image of a class, after the one that is shown. */
  _next(label) {
    const { labels } = this.lens.model.codes;
    const now = this.lens.look.image ?? -1;
    for (let step = 1; step <= labels.length; step++) {
      const i = (now + step) % labels.length;
      if (labels[i] === label) return i;
    }
    return now;
  }

  /** Begin somewhere else. */
  open(origin) {
    if (!this.lens.model?.codes) return;
    if (origin === "image") this.lens.setImage(this.lens.look.image ?? 0);
    if (origin === "prior") this.lens.setPrior();
    if (origin === "drawing") {
      this.show("drawing");
      this._makePad();
      this.lens.setDrawing(this.pad.picture());
    }
  }

  _makePad() {
    this.pad ??= createPad(this.padHost, {
      imageShape: this.shape,
      label: "Draw a digit here",
      onInk: (picture) => this.lens.setDrawing(picture),
      onRelease: () => this.lens.release(),
    });
  }

  /** Show what belongs to an origin. */
  show(origin) {
    this.origins.forEach((each, k) => this.tabs[k].setAttribute("aria-pressed", String(each === origin)));
    this.imageControls.hidden = origin !== "image";
    this.padControls.hidden = origin !== "drawing";
    this.priorControls.hidden = origin !== "prior";
    this.padHost.hidden = origin !== "drawing";
    this.figure.hidden = origin === "prior";
    if (origin === "image") {
      const { look, model, facts } = this.lens;
      const label = model.codes.labels[look.image];
      this.number.value = look.image;
      this.label.value = label;
      this.caption.textContent = `x: ${facts.class_names[label]}, test image ${look.image}`;
    } else this.caption.textContent = "x, centred and scaled as the images were";
    this.origin = origin;
    this.showPicture(this.lens.x);
  }

  /** The image itself, or that it is not here. */
  showPicture(x) {
    const isDrawing = this.origin === "drawing";
    this.canvas.hidden = isDrawing || !x;
    this.seen.hidden = !isDrawing;
    this.missing.hidden = isDrawing || Boolean(x) || this.lens.isFetchingImage;
    const canvas = isDrawing ? this.seen : this.canvas;
    canvas.setAttribute("aria-label", this.caption.textContent);
    if (x) paintPicture(canvas, x, this.shape);
    else if (isDrawing) paintPicture(canvas, new Float32Array(this.shape[1] * this.shape[2]), this.shape);
  }

  destroy() {
    this.pad?.destroy();
  }
}
