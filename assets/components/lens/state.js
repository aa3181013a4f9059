/**
 * The state of a lens: where z begins, z itself, what is decoded from it, and what is shown.
 *
 * Views and controls read it, and subscribe to its changes; only the lens and the callbacks that
 * it hands out change it. The parts that Python keeps are those of LensState in
 * pages/ui/components/lens_state.py.
 */

import { inOrder } from "../math/shapes.js";

const MOVED = 1e-4; // from here on a dimension counts as moved by hand
const DIGITS = 3; // of a moved dimension, in the page's address
const POINT_DIGITS = 4; // of a drawing, in units of the pad's side

export class LensState {
  /**
   * @param {Object} begun - image, draw, z, axes, layers, cells, channel, drawing, shuffled, tour,
   *   classes, count, label: see Python's LensState
   * @param {number} firstDraw - seed of the draw that z is while `draw` is null; 0: the mean
   * @param {?number[]} order - of the cells, for the decoder, while they are shuffled
   */
  constructor(begun, firstDraw, order = null) {
    this._listeners = new Set();
    const { image, draw, axes, layers, cells, channel, drawing, tour, classes, count, label } = structuredClone(begun);
    Object.assign(this, { image, draw, axes, layers, cells, channel, drawing, tour, firstDraw });
    Object.assign(this, { classes, count }); // of the images on the plane of posteriors
    this.chosenLabel = label ?? null; // of a conditional model; null for the image's own
    this.drawnLabel = null; // of a drawing
    this.shuffled = Boolean(begun.shuffled);
    this.order = order;
    this.model = null;
    this.base = null; // "image", "drawing" or "prior"
    this.x = null; // the image itself, (c, H, W); null while there is none
    this.isFetchingImage = false;
    this.q = null; // q(z|x), or the prior
    this.moved = null; // q with its mean or scale changed by hand
    this.origin = null; // z before it was moved by hand
    this.start = null; // the z that pictures are compared with
    this.startPixels = null; // p(x|start)
    this.z = null;
    this.isEdited = false;
    this.pixels = null; // p(x|z), of z as the decoder reads it
  }

  /**
   * Have a function called after each change, with the names of what was set.
   * @param {function(Set<string>)} listener
   */
  subscribe(listener) {
    this._listeners.add(listener);
  }

  /** Set some of the state. What is set counts as changed, whatever it was before. */
  change(changes) {
    Object.assign(this, changes);
    const names = new Set(Object.keys(changes));
    for (const listener of this._listeners) listener(names);
  }

  /** Let z begin at q: at its draw, or at its mean. */
  begin(base, q, others = {}) {
    const origin = Float64Array.from(this.seed ? q.draw(this.seed) : q.mean);
    const start = base === "prior" ? origin : q.mean;
    const z = origin.slice();
    this.change({ ...others, base, q, moved: null, origin, start, isEdited: false, z });
  }

  /** Put z somewhere by hand; it stays there. */
  place(z) {
    this.change({ isEdited: true, z: Float64Array.from(z) });
  }

  /** The label of what z begins at, which a conditional model's encoder was given. */
  get ownLabel() {
    const { labels } = this.model.codes;
    if (this.base === "image") return labels[this.image];
    return this.base === "drawing" ? (this.drawnLabel ?? labels[0]) : labels[0];
  }

  /** The label that a conditional model's decoder is given. */
  get label() {
    return this.chosenLabel ?? this.ownLabel;
  }

  /** z as the decoder reads it: with its cells in another order while they are shuffled. */
  get read() {
    const isAnother = this.shuffled && this.order;
    return isAnother ? inOrder(this.z, this.order, this.model.latentShape.at(-1)) : this.z;
  }

  /** Seed of the draw that z is, 0 for the mean: the reader's choice, or the page's. */
  get seed() {
    return this.draw ?? this.firstDraw;
  }

  /** A seed that was not used before. */
  nextSeed() {
    this._lastSeed = Math.max(this._lastSeed ?? 0, this.seed) + 1;
    return this._lastSeed;
  }

  /** Put q somewhere by hand, and z where the same noise brings it. */
  placePosterior(q, z) {
    this.change({ moved: q, isEdited: true, z: Float64Array.from(z) });
  }

  /** q(z|x), or what was made of it by hand; null while there is no x. */
  get posterior() {
    const isEmpty = this.base === "prior" || (this.base === "drawing" && !this.x);
    return isEmpty ? null : (this.moved ?? this.q);
  }

  /** Whether z begins at a digit of the reader's of which nothing is written yet. */
  get isEmpty() {
    return this.base === "drawing" && !this.x && !this.isEdited;
  }

  /** What z is: "draw", "mean", or put somewhere by "hand". */
  get how() {
    if (this.isEdited) return "hand";
    return this.seed ? "draw" : "mean";
  }

  /** -log p(x|z) in nats; null without an image. */
  get distortion() {
    return this.x && this.pixels ? -this.pixels.logProb(this.x) : null;
  }

  /** -log p(y|z) of the decoder's mean y, as if it were the image; null before it is there. */
  get scoreOfMean() {
    return this.pixels ? -this.pixels.logProb(this.pixels.mean) : null;
  }

  get startName() {
    if (this.base === "prior") return "at the start";
    return this.base === "drawing" && !this.x ? "at the prior's mean" : "at z = μ";
  }

  /** What Python keeps of it. */
  toPage() {
    const { image, draw, axes, layers, cells, channel, base, shuffled, tour, classes, count, chosenLabel } = this;
    const isDrawing = base === "drawing";
    const z = this.isEdited || isDrawing ? this._moved(isDrawing) : {}; // no link holds a drawing
    const kept = { axes, layers, cells, channel, shuffled, tour, classes, count, label: chosenLabel };
    const shown = { image, draw: isDrawing ? 0 : draw, ...kept };
    const drawing = isDrawing ? this._lines() : [];
    return structuredClone({ ...shown, z, drawing, at: Array.from(this.z) });
  }

  /** The lines of the drawing, each a list of points in units of the pad's side. */
  _lines() {
    const rounded = (value) => Number(value.toFixed(POINT_DIGITS));
    return this.drawing.map((line) => line.map((point) => point.map(rounded)));
  }

  /** The dimensions that were moved by hand, or all. */
  _moved(isAll) {
    const found = {};
    this.z.forEach((value, j) => {
      const isMoved = isAll || Math.abs(value - this.origin[j]) > MOVED;
      if (isMoved) found[j] = Number(value.toFixed(DIGITS));
    });
    return found;
  }
}
