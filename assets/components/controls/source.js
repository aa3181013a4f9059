/**
 * The source: where z begins. A test image, a drawing, or the prior.
 */

import { paintPicture } from "../draw/pictures.js";
import { button, element } from "../page/element.js";
import { createPad } from "./pad.js";

const ORIGIN_NAMES = { image: "An image", drawing: "Your handwriting", prior: "The prior" };

export class Source {
  /**
   * @param {HTMLElement} host
   * @param {Object} lens - facts; state; callbacks onImage(index), onDrawing(picture, lines), onPrior(),
   *   onRedraw(), onMean(), onRelease()
   * @param {string[]} origins - of ORIGIN_NAMES, those to offer
   */
  constructor(host, lens, origins) {
    this.facts = lens.facts;
    this.state = lens.state;
    this.on = lens;
    this.shape = lens.facts.image_shape;
    this.isOfDigits = lens.facts.class_names.every((name) => /^\d$/.test(name));
    this.invitation = this.isOfDigits ? "Draw a digit here" : "Draw here";
    this.tabs = origins.map((origin) =>
      button(ORIGIN_NAMES[origin], () => this.open(origin), { "aria-pressed": "false" }),
    );
    this.origins = origins;
    this.caption = element("figcaption", { text: "x" });
    this.canvas = element("canvas", { class: "picture", role: "img", "aria-label": "x" });
    this.missing = element("div", { class: "missing", hidden: true, text: lens.facts.missing });
    this.hint = element("p", { class: "pad-hint", text: this.invitation });
    this.padHost = element("div", { class: "pad-host" }, this.hint);
    this.seen = element("canvas", { class: "picture seen", role: "img", hidden: true, "aria-label": "as the encoder sees it" });
    this.figure = element("figure", {}, this.canvas, this.missing, this.padHost, this.seen, this.caption);
    const tabs = { class: "tabs", role: "group", "aria-label": "z begins at" };
    host.append(
      element("div", { class: "origin" },
        origins.length > 1 ? element("div", tabs, ...this.tabs) : null,
        this.figure, this._imageControls(), this._padControls(), this._priorControls(),
      ),
    );
    const { image, drawing } = this.state;
    this._arrange(drawing.length ? "drawing" : image === null ? "prior" : "image");
    this.state.subscribe((changed) => this._changed(changed));
  }

  _changed(changed) {
    const { base } = this.state;
    if (changed.has("base") && !(base === "drawing" && this.origin === base)) {
      this._show(base);
      if (this._hasPad(base)) this._makePad(); // the drawing was brought along
    } else if (changed.has("base") || changed.has("x")) this._showPicture();
  }

  _imageControls() {
    const { facts } = this;
    this.number = element("input", {
      type: "number", min: 0, max: facts.n_images - 1, step: 1, "aria-label": "Test image",
      onchange: () => this._numbered(),
    });
    const another = () => this.on.onImage(this._next(Number(this.label.value)));
    this.label = element("select", { "aria-label": "Class", onchange: another });
    this.label.append(
      ...facts.labels.map((label) => element("option", { value: label, text: facts.class_names[label] })),
    );
    this.imageControls = element(
      "div", { class: "controls" }, this.number, this.label, button("Another", another),
    );
    return this.imageControls;
  }

  /** A number was typed: the nearest image that there is, and a word where that is another. */
  _numbered() {
    const [asked, last] = [Number(this.number.value) || 0, this.facts.n_images - 1];
    this.on.onImage(asked);
    const isThere = asked >= 0 && asked <= last;
    this.number.setCustomValidity(isThere ? "" : `There is no test image ${asked}: they are numbered 0 to ${last}.`);
    if (!isThere) this.number.reportValidity();
  }

  _padControls() {
    const clear = button("Clear", () => this.pad?.clear());
    const undo = button("Undo", () => this.pad?.undo());
    this.padControls = element("div", { class: "controls" }, clear, undo);
    return this.padControls;
  }

  _priorControls() {
    const again = button("Sample again", this.on.onRedraw);
    const mean = button("Its mean", this.on.onMean);
    this.priorControls = element("div", { class: "controls" }, again, mean);
    return this.priorControls;
  }

  /** The next test image of a class, after the one that is shown. */
  _next(label) {
    const { labels } = this.state.model.codes;
    const now = this.state.image ?? -1;
    for (let step = 1; step <= labels.length; step++) {
      const i = (now + step) % labels.length;
      if (labels[i] === label) return i;
    }
    return now;
  }

  /** Begin somewhere else. */
  open(origin) {
    if (!this.state.model) return;
    if (origin === "image") this.on.onImage(this.state.image ?? 0);
    if (origin === "prior") this.on.onPrior();
    if (origin === "drawing") {
      this._show("drawing");
      this._makePad();
      this.on.onDrawing(this.pad.picture(), this.pad.strokes);
    }
  }

  _hasPad(origin) {
    return origin === "drawing" && this.origins.includes(origin);
  }

  _makePad() {
    this.pad ??= createPad(this.padHost, {
      imageShape: this.shape,
      label: this.invitation,
      lines: this.state.drawing,
      onInk: (picture, lines) => {
        this.hint.hidden = lines.length > 0;
        this.on.onDrawing(picture, lines);
      },
      onRelease: this.on.onRelease,
    });
    this.hint.hidden = !this.pad.isEmpty();
  }

  /** Make room for what belongs to an origin, before it is there. */
  _arrange(origin) {
    this.origins.forEach((each, k) => this.tabs[k].setAttribute("aria-pressed", String(each === origin)));
    this.imageControls.hidden = origin !== "image";
    this.padControls.hidden = !this._hasPad(origin);
    this.priorControls.hidden = origin !== "prior";
    this.padHost.hidden = !this._hasPad(origin);
    this.figure.hidden = origin === "prior";
    this.seen.hidden = origin !== "drawing";
    this.canvas.hidden = origin === "drawing";
  }

  /** Show what belongs to an origin. */
  _show(origin) {
    this._arrange(origin);
    if (origin === "image") {
      const { image, model } = this.state;
      const label = model.codes.labels[image];
      this.number.value = image;
      this.label.value = label;
      this.caption.textContent = `x: ${this.facts.class_names[label]}, test image ${image}`;
    } else this.caption.textContent = `x, centred and scaled ${this.isOfDigits ? "as the images were" : "to fit"}`;
    this.origin = origin;
    this._showPicture();
  }

  /** The image itself, or that it is not here. */
  _showPicture() {
    const { x, isFetchingImage } = this.state;
    const isDrawing = this.origin === "drawing";
    this.canvas.hidden = isDrawing || !(x || isFetchingImage);
    this.seen.hidden = !isDrawing;
    this.missing.hidden = isDrawing || Boolean(x) || isFetchingImage;
    const canvas = isDrawing ? this.seen : this.canvas;
    canvas.setAttribute("aria-label", this.caption.textContent);
    if (x) paintPicture(canvas, x, this.shape);
    else if (isFetchingImage) canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    else if (isDrawing) paintPicture(canvas, new Float32Array(this.shape[1] * this.shape[2]), this.shape);
  }

  /** Paint the drawing in the colours of now. */
  repaint() {
    this.pad?.repaint();
  }

  destroy() {
    this.pad?.destroy();
  }
}
