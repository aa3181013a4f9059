/**
 * The lens: encoder, decoder and views of one model, run in the page without the server.
 *
 * Opens the model, and changes the state when a view calls back: it begins somewhere else, moves
 * z, decodes. Draws at most once per frame; hands its state to the server when something is let
 * go, not while it moves.
 */

import { pictureOf } from "../controls/pad.js";
import { LensModel } from "../model/model.js";
import { keepOne } from "../page/mounting.js";
import { Stage } from "../page/stage.js";
import { nats, signed } from "../page/text.js";
import { FeatureMapView } from "./feature_map_view.js";
import { Originals } from "./originals.js";
import { OverviewView } from "./overview_view.js";
import { PosteriorsView } from "./posteriors_view.js";
import { SlidersView } from "./sliders_view.js";
import { LensState } from "./state.js";

const VIEWS = {
  overview: OverviewView, posteriors: PosteriorsView, sliders: SlidersView, cells: FeatureMapView,
};
const ROUNDED = 6e-4; // a dimension that differs by less from where z begins was not moved
const keepLens = keepOne("state", (...parts) => new Lens(...parts));

/** Called by Streamlit when the lens is put on the page, and again whenever `data` change. */
export default function mount(component) {
  return keepLens(component);
}

class Lens {
  /**
   * @param {Element|ShadowRoot} host
   * @param {Object} facts - see pages/ui/components/lens.py
   * @param {function(Object)} send - hands the state to the server
   */
  constructor(host, facts, send) {
    this.facts = facts;
    this.send = send;
    this.edits = structuredClone(facts.state.z); // dimensions moved by hand, dim -> value
    const order = facts.view === "cells" ? facts.cell_order : null;
    this.state = new LensState(facts.state, facts.first_draw, order);
    this.stage = new Stage(host, facts.view, {
      onFrame: () => this._frame(),
      onTheme: () => this.view.themeChanged(),
    });
    const [, height, width] = facts.image_shape;
    this.stage.root.style.setProperty("--image-ratio", width / height);
    this._arrange();
    this.originals = new Originals(facts, (words) => this.stage.fail(words));
    this.state.subscribe((changed) => {
      if (changed.has("z") || changed.has("x")) this.stage.schedule();
    });
    this.view = new VIEWS[facts.view](this.stage.root, {
      facts, state: this.state, stage: this.stage, originals: this.originals, ...this._callbacks(),
    });
    this._open();
  }

  /** What views and controls call back. */
  _callbacks() {
    return {
      onImage: (index) => this.setImage(index),
      onDrawing: (picture, lines) => this.setDrawing(picture, lines),
      onPrior: () => this.setPrior(),
      onRedraw: () => this.redraw(),
      onMean: () => this.toMean(),
      onStart: () => this.toStart(),
      onRandomise: () => this.randomise(),
      onPlace: (z) => this.place(z),
      onPosterior: (q, z) => this.state.placePosterior(q, z),
      onRelease: () => this.release(),
      onShuffle: (shuffled) => this.shuffle(shuffled),
      onLabel: (label) => this.chooseLabel(label),
    };
  }

  destroy() {
    this.view.destroy();
    this.originals.destroy();
    this.stage.destroy();
  }

  /** New facts for the same model: images may have come. The state stays. */
  update(facts, send) {
    this.send = send;
    const hadImages = this.facts.images;
    Object.assign(this.facts, facts);
    this._arrange();
    if (facts.images && !hadImages && this.state.base === "image") this._fetchImage();
  }

  /** What a lesson hides, and whether its card stands beside. */
  _arrange() {
    this.stage.hide(this.facts.hide);
    this.stage.root.classList.toggle("beside", Boolean(this.facts.is_beside));
  }

  async _open() {
    const { state } = this;
    try {
      const model = await LensModel.fetch(this.facts.address);
      if (this.stage.isGone) return;
      state.change({ model });
    } catch (error) {
      this.stage.fail(error.message);
      this.send({}); // what waits for the picture waits no longer
      return;
    }
    const { image_shape: shape } = this.facts;
    const picture = shape[0] === 1 ? pictureOf(state.drawing, shape) : null;
    if (picture) {
      this.setDrawing(picture, state.drawing, () => this._takeUp());
      return;
    }
    if (state.image === null) this.setPrior(state.draw ?? 0);
    else this.setImage(state.image);
    this._takeUp();
  }

  /** Go on where z was left, by hand or on another page. */
  _takeUp() {
    const { state } = this;
    if (this.stage.isGone) return;
    const moved = Object.entries(this.edits).filter(
      ([j, value]) => Math.abs(state.z[j] - value) > ROUNDED,
    );
    if (moved.length) {
      for (const [j, value] of moved) state.z[j] = value;
      this.place(state.model.nearest(state.z));
    }
    this.stage.ready();
    this.release();
  }

  // ---- what z begins at

  /** Begin at a test image; what the reader moved is given up. */
  setImage(index) {
    const { model } = this.state;
    const image = Math.min(Math.max(Math.round(index), 0), model.codes.n - 1);
    const x = this.originals.get(image);
    const isFetchingImage = this.originals.has(image) && !x;
    if (this.stage.isReady) this.state.chosenLabel = null; // a link's label is of its own image
    this._begin("image", model.posteriorAt(image), { image, x, isFetchingImage });
    this._fetchImage();
    this.release();
  }

  /** The image itself, where it can be had. */
  _fetchImage() {
    const { state } = this;
    const { image } = state;
    this.originals.fetch(image, (x) => {
      if (state.image !== image || state.base !== "image") return;
      state.change({ x, isFetchingImage: false });
    });
  }

  /** Begin at a drawing, or at nothing while there is no ink; `done` when its code is there. */
  setDrawing(picture, lines, done = () => {}) {
    const { model } = this.state;
    const others = { image: null, x: picture, drawing: lines };
    if (!picture) {
      this._begin("drawing", model.prior, others);
      return;
    }
    Object.assign(this.state, others); // shown when the encoder's output is there
    const drawnLabel = model.isConditional ? model.likeliestLabel(picture, this.facts.labels) : 0;
    model.encode(picture, (params) => {
      this._begin("drawing", model.posteriorOf(params), { drawnLabel });
      done();
    }, drawnLabel);
  }

  /** Begin at the prior: its mean, or a draw from it. */
  setPrior(draw = this.state.draw || 1) {
    this._begin("prior", this.state.model.prior, { image: null, draw, x: null });
    this.release();
  }

  _begin(base, q, others = {}) {
    const { state } = this;
    if ("draw" in others) state.draw = others.draw; // which `begin` draws with
    state.begin(base, q, others);
    state.model.label = state.label;
    state.model.decode(state.start, (startPixels) => state.change({ startPixels }));
  }

  /** Begin again where z began: at another draw, at the mean, or at the same z. */
  _again(others) {
    this._begin(this.state.base, this.state.q, others);
    this.release();
  }

  // ---- moving z

  redraw() {
    this._again({ draw: this.state.nextSeed() });
  }

  toMean() {
    this._again({ draw: 0 });
  }

  toStart() {
    this._again();
  }

  /** Put z anywhere the prior goes. */
  randomise() {
    this.place(this.state.model.prior.draw(this.state.nextSeed()));
    this.release();
  }

  /** Put z somewhere by hand; it stays there. */
  place(z) {
    if (this.state.model) this.state.place(z);
  }

  /** Hand the cells to the decoder in another order, or in their own. */
  shuffle(shuffled) {
    this.state.change({ shuffled });
    this.decoded = null;
    this.stage.schedule();
    this.release();
  }

  /** Decode with another label; null for the image's own. */
  chooseLabel(chosenLabel) {
    const { state } = this;
    state.change({ chosenLabel });
    state.model.label = state.label;
    this.decoded = null;
    this.stage.schedule();
    this.release();
  }

  // ---- drawing and letting go

  _frame() {
    const { state } = this;
    if (!state.z) return;
    if (state.z !== this.decoded) {
      this.decoded = state.z;
      let isNow = true;
      state.model.decode(state.read, (pixels) => {
        if (this.stage.isGone) return;
        state.change({ pixels });
        if (!isNow) this.stage.schedule(); // the server's answer is there
      });
      isNow = false;
    }
    this.view.frame();
  }

  /** The reader has let go: hand the state to the server, and read it out. */
  release() {
    if (!this.state.z || !this.stage.isReady) return;
    this.stage.announce(this._spoken());
    const now = this.state.toPage();
    const words = JSON.stringify(now);
    if (words === this.sent) return;
    this.sent = words;
    this.send(now);
  }

  /** z, the nearest class and the KL, in words. */
  _spoken() {
    const { names, order, class_names: classes, family } = this.facts;
    const { z, model, posterior: q } = this.state;
    const few = [...order].slice(0, 3).map((j) => `${names[j]} ${signed(z[j], 2)}`);
    const label = model.codes.labels[model.nearestCode(z)];
    const isToldKl = family.has_rate && q && !this.stage.hidden.has("ledger");
    const kl = isToldKl ? `; KL ${nats(q.kl)} nats` : "";
    const cells = this.state.shuffled && this.state.order ? "cells shuffled; " : "";
    return `${cells}${few.join(", ")}; nearest class ${classes[label]}${kl}`;
  }
}
