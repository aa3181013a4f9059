/**
 * The lens: what moves under the finger, without asking the server.
 *
 * Holds the model, the image that is looked at and z; draws at most once per frame; tells the
 * server where the reader stands when something is let go, not while it moves.
 */

import { bytesAt } from "../page/fetch.js";
import { LensModel } from "../model/model.js";
import { channelsOf, element } from "../draw/pictures.js";
import { nats } from "../controls/ledger.js";
import { keepOne } from "../page/mounting.js";
import { signed } from "../draw/marks.js";
import { CellsView, OverviewView, SlidersView } from "./views.js";

const VIEWS = { overview: OverviewView, sliders: SlidersView, cells: CellsView };
const MOST_IMAGES = 500; // kept here of those that were fetched
const keepLens = keepOne("state", (...parts) => new Lens(...parts));

/** Called by Streamlit when the lens is put on the page, and again whenever `data` change. */
export default function mount(component) {
  return keepLens(component);
}

class Lens {
  /**
   * @param {Element|ShadowRoot} host
   * @param {Object} facts - see pages/ui/lens.py
   * @param {function(Object)} tell - says where the reader stands
   */
  constructor(host, facts, tell) {
    this.facts = facts;
    this.tell = tell;
    this.look = structuredClone(facts.state);
    this.images = new Map();
    this.root = element("div", { class: `lens ${facts.view}`, ontransitionend: () => this._theme() });
    this.live = element("p", { class: "live", "aria-live": "polite" });
    this.error = element("p", { class: "error", role: "alert", hidden: true });
    this.differenceColours = {
      brighter: channelsOf(facts.colours.brighter), darker: channelsOf(facts.colours.darker),
    };
    host.append(this.error, this.root, this.live);
    this.view = new VIEWS[facts.view](this);
    this.theme = this._readTheme();
    this._open();
  }

  destroy() {
    cancelAnimationFrame(this.pending);
    this.view.source.destroy();
    this.view.destroy?.();
    for (const part of [this.error, this.root, this.live]) part.remove();
    this.isGone = true;
  }

  /** New facts for the same model: images may have come. Where the reader stands, stays. */
  update(facts, tell) {
    this.tell = tell;
    const hadImages = this.facts.images;
    this.facts = Object.assign(this.facts, facts);
    if (facts.images && !hadImages && this.base === "image") this._showImage(this.look.image);
  }

  async _open() {
    try {
      this.model = await LensModel.fetch(this.facts.address);
    } catch (error) {
      this._fail(error.message);
      return;
    }
    if (this.isGone) return;
    this.view.result.say(this.model.shortcomings);
    const { z: edits, image, draw } = this.look;
    if (image === null) this.setPrior(draw ?? 0);
    else this.setImage(image);
    if (Object.keys(edits).length) {
      for (const [j, value] of Object.entries(edits)) this.z[j] = value;
      this.place(this.model.sound(this.z));
    }
    this.view.codesCame();
    this.root.classList.add("ready");
    this.release();
  }

  _fail(words) {
    this.error.textContent = words;
    this.error.hidden = false;
  }

  // ---- what z begins at

  /** Begin at a test image; what the reader moved is given up. */
  setImage(index) {
    const image = Math.min(Math.max(Math.round(index), 0), this.model.codes.n - 1);
    this.look.image = image;
    this.x = this.images.get(image) ?? null;
    this.isFetchingImage = this.hasOriginal(image) && !this.x;
    this._begin("image", this.model.posteriorAt(image));
    this._showImage(image);
    this.release();
  }

  /** The image itself, where it can be had. */
  _showImage(image) {
    this.fetchImage(image, (x) => {
      if (this.look.image !== image || this.base !== "image") return;
      this.isFetchingImage = false;
      this.x = x;
      this.view.source.showPicture(x);
      this.schedule();
    });
  }

  /** Begin at a drawing, or at nothing while there is no ink. */
  setDrawing(picture) {
    this.look.image = null;
    this.x = picture;
    if (!picture) {
      this._begin("drawing", this.model.prior);
      return;
    }
    this.model.encode(picture, (params) => {
      this._begin("drawing", this.model.posteriorOf(params));
    });
  }

  /** Begin at the prior: its mean, or a draw from it. */
  setPrior(draw = this.look.draw || 1) {
    this.look.image = null;
    this.look.draw = draw;
    this.x = null;
    this._begin("prior", this.model.prior);
    this.release();
  }

  _begin(base, q) {
    const isNewBase = base !== this.base;
    this.base = base;
    this.q = q;
    const drawn = this.draw ? q.draw(this.draw) : q.mean;
    this.origin = Float64Array.from(drawn);
    this.start = base === "prior" ? this.origin : q.mean;
    this.isEdited = false;
    this._moveTo(Float64Array.from(drawn));
    if (base === "drawing" && !isNewBase) this.view.source.showPicture(this.x);
    else this.view.source.show(base);
    this.model.decode(this.start, (pixels) => this.view.result.begin(pixels));
  }

  /** Seed of the draw that z is, 0 for the mean: the reader's choice, or the page's. */
  get draw() {
    return this.look.draw ?? this.facts.first_draw;
  }

  get startName() {
    return this.base === "prior" ? "at the start" : "at z = μ";
  }

  // ---- moving z

  /** Draw z again from what it begins at. */
  redraw() {
    this.look.draw = this.nextSeed();
    this._begin(this.base, this.q);
    this.release();
  }

  /** Put z to the mean of what it begins at. */
  toMean() {
    this.look.draw = 0;
    this._begin(this.base, this.q);
    this.release();
  }

  /** Put z back to where it began. */
  toStart() {
    this._begin(this.base, this.q);
    this.release();
  }

  /** Put z anywhere the prior goes. */
  randomise() {
    this.place(this.model.prior.draw(this.nextSeed()));
    this.release();
  }

  nextSeed() {
    this.seed = Math.max(this.seed ?? 0, this.draw) + 1;
    return this.seed;
  }

  /** Put z somewhere by hand; it stays there. */
  place(z) {
    if (!this.model?.codes) return;
    this.isEdited = true;
    this._moveTo(Float64Array.from(z));
  }

  _moveTo(z) {
    this.z = z;
    this.isMoved = true;
    this.schedule();
  }

  /** q(z|x); null while there is no x. */
  get posterior() {
    const isEmpty = this.base === "prior" || (this.base === "drawing" && !this.x);
    return isEmpty ? null : this.q;
  }

  /** Where z is from: a draw, the mean, or somebody's hand. */
  get how() {
    if (this.isEdited) return "hand";
    return this.draw ? "draw" : "mean";
  }

  /** -log p(x|z) in nats; null without an image. */
  get distortion() {
    return this.x && this.pixels ? -this.pixels.logProb(this.x) : null;
  }

  // ---- drawing and telling

  /** Draw in the next frame, once, however often this is called before. */
  schedule() {
    if (this.isGone || !this.root.isConnected) return;
    this.pending ||= requestAnimationFrame(() => this._frame());
  }

  _frame() {
    this.pending = 0;
    if (!this.z) return;
    if (this.isMoved) {
      this.isMoved = false;
      let isNow = true;
      this.model.decode(this.z, (pixels) => {
        if (this.isGone) return;
        this.pixels = pixels;
        this.view.result.show(pixels);
        if (!isNow) this.schedule(); // the server has answered
      });
      isNow = false;
    }
    this.view.frame();
  }

  /** The reader has let go: tell the server, and those who listen. */
  release() {
    if (!this.z || !this.root.classList.contains("ready")) return;
    this.live.textContent = this._spoken();
    const edits = {};
    if (this.isEdited) {
      this.z.forEach((value, j) => {
        if (Math.abs(value - this.origin[j]) > 1e-4) edits[j] = Number(value.toFixed(3));
      });
    } else if (this.base === "drawing") {
      this.z.forEach((value, j) => (edits[j] = Number(value.toFixed(3))));
    }
    const isDrawing = this.base === "drawing";
    const draw = isDrawing ? 0 : this.look.draw;
    const look = { ...this.look, draw, z: edits, at: Array.from(this.z) };
    const words = JSON.stringify(look);
    if (words === this.told) return;
    this.told = words;
    this.tell(structuredClone(look));
  }

  /** z, the nearest class and the KL, in words. */
  _spoken() {
    const { names, order, class_names: classes, family } = this.facts;
    const few = [...order].slice(0, 3).map((j) => `${names[j]} ${signed(this.z[j], 2)}`);
    const label = this.model.codes.labels[this._nearest()];
    const q = this.posterior;
    const kl = family.has_rate && q ? `; KL ${nats(q.kl)} nats` : "";
    return `${few.join(", ")}; nearest class ${classes[label]}${kl}`;
  }

  /** The test image whose mean is nearest to z. */
  _nearest() {
    const { n } = this.model.codes;
    this.means ??= this.model.meansOfCodes();
    const d = this.z.length;
    let [best, nearest] = [Infinity, 0];
    for (let i = 0; i < n; i++) {
      let distance = 0;
      for (let j = 0; j < d && distance < best; j++) {
        distance += (this.means[i * d + j] - this.z[j]) ** 2;
      }
      if (distance < best) [best, nearest] = [distance, i];
    }
    return nearest;
  }

  /** Whether a test image itself can be had, not only its code. */
  hasOriginal(index) {
    return Boolean(this.facts.images) && index < this.facts.n_originals;
  }

  /** Hand a test image to `done` when it is here; nothing happens when it cannot be had. */
  async fetchImage(index, done) {
    if (this.images.has(index)) {
      done(this.images.get(index));
      return;
    }
    if (!this.hasOriginal(index)) return;
    try {
      const x = new Float32Array(await bytesAt(`${this.facts.images}images/${index}`));
      if (this.images.size >= MOST_IMAGES) this.images.delete(this.images.keys().next().value);
      this.images.set(index, x);
      if (!this.isGone) done(x);
    } catch (error) {
      this._fail(error.message);
    }
  }

  // ---- light and dark

  _readTheme() {
    const style = getComputedStyle(this.root);
    return {
      ink: style.color,
      paper: style.getPropertyValue("--st-background-color").trim() || "white",
      font: style.fontFamily,
    };
  }

  _theme() {
    const theme = this._readTheme();
    if (JSON.stringify(theme) === JSON.stringify(this.theme)) return;
    this.theme = theme;
    this.view.source.pad?.repaint();
    if (this.z) this.view.themeChanged?.();
  }
}
