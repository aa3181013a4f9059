/**
 * Training in the page: a model learns in a worker, and data space and latent space show it side by
 * side, with a point of either that can be moved.
 */

import { classMoments } from "../draw/plane_layout.js";
import { LatentPlane } from "../draw/latent_plane.js";
import { button, element, write } from "../page/element.js";
import { keepOne } from "../page/mounting.js";
import { Stage } from "../page/stage.js";
import { nats, signed } from "../page/text.js";
import { download } from "../page/download.js";
import { Controls } from "./controls.js";
import { DIGITS, DRAWN, dataOf, readDigits } from "./data.js";
import { DataImages } from "./data_images.js";
import { DataPlane } from "./data_plane.js";
import { modelFile } from "./model_file.js";
import { Numbers } from "./numbers.js";
import { SETTINGS, changed, completed, modelOf, trainingOf, defaultsOf } from "./settings.js";

const LATENT_NOTE = "Dots: means of q(z|x). Orange: q(z|x) of the chosen x. Contours: the true posterior p(z|x), " +
  "39% and 86% of it. Rings: the prior. Drag z.";
const REACH = 4; // half the side of the latent plane
const PEN = 4; // points for each place of the pen
const SPREAD = 0.07; // of them, standard deviation
const MAX_DRAWN = 3000;
const INK_PAUSE = 80; // milliseconds between two messages while the pen moves

class Training {
  constructor(host, data, send) {
    this.stage = new Stage(host, "training", { onFrame: () => this._draw(), onTheme: () => this._restyle() });
    this.send = send;
    this.facts = data;
    this.settings = completed(data.state);
    this.drawn = [];
    this.key = 0;
    this._build();
    this._open();
  }

  /** Settings stay what the reader has made of them; the rest never changes. */
  update(data, send) {
    this.send = send;
    this.stage.hide(data.hide);
  }

  destroy() {
    clearTimeout(this.inking);
    this.worker?.terminate();
    this.plane.destroy();
    this.side?.destroy();
    this.observer.disconnect();
    this.stage.destroy();
  }

  async _open() {
    try {
      this.digits = await readDigits(this.facts.digits);
      const script = URL.createObjectURL(new Blob([this.facts.worker], { type: "text/javascript" }));
      this.worker = new Worker(script);
      URL.revokeObjectURL(script);
    } catch (error) {
      this.stage.fail(`Training in the page cannot begin: ${error.message}`);
      return;
    }
    if (this.stage.isGone) {
      this.worker.terminate();
      return;
    }
    this.worker.onmessage = ({ data }) => this[`_on_${data.kind}`](data);
    this.worker.onerror = ({ message }) => this.stage.fail(`Training in the page has stopped: ${message}. Load the page again.`);
    this._begin();
  }

  _build() {
    const top = element("section", { class: "top" });
    this.controls = new Controls(top, {
      onPlay: () => this._tell("run", { isRunning: !this.frame?.isRunning }),
      onStep: () => this._tell("step"),
      onReset: () => this._begin(),
      onSave: () => this._tell("save"),
      onClear: () => this._clear(),
      onChange: (name, value) => this._change(name, value),
    });
    this.dataSide = element("section", { class: "data" }, element("h2", { text: "Data space" }));
    this.dataNote = element("p", { class: "note" });
    const numbers = element("section", { class: "numbers" }, element("h2", { text: "Negative ELBO" }));
    this.numbers = new Numbers(numbers, this.facts.colours);
    this.stage.root.append(top, this.dataSide, this._latentSide(), numbers);
    this.observer = new ResizeObserver(() => this.stage.schedule());
    this.observer.observe(numbers);
    this.stage.hide(this.facts.hide);
    this._restyle();
  }

  _latentSide() {
    const side = element("section", { class: "latent plane" }, element("h2", { text: "Latent space" }));
    this.plane = new LatentPlane(side, {
      where: () => this.frame?.view.z ?? [0, 0],
      onMove: (z) => this._look({ z }),
      onView: () => this.stage.schedule(),
      onRelease: () => {},
      onHover: () => {},
    });
    this.follow = button("z = μ", () => this._look({ z: null }), { title: "Put z back to the mean of q(z|x)" });
    this.reading = element("p", { class: "note" });
    side.append(
      element("div", { class: "controls" }, this.follow, this.reading),
      element("p", { class: "note", text: LATENT_NOTE }),
    );
    return side;
  }

  _restyle() {
    const { colours } = this.facts;
    this.look = { classColours: colours.classes, orange: colours.rate, grey: colours.prior, ...this.stage.theme };
    this.plane.show({ ...this.look, reach: REACH, centre: [0, 0], titles: ["z0", "z1"], rings: true });
    if (this.side instanceof DataPlane) this.side.show(this.look);
    this.stage.schedule();
  }

  // ---- settings

  _change(name, value) {
    if (name === "set") this.settings = defaultsOf(value);
    else this.settings = completed({ ...this.settings, [name]: value });
    this.send(changed(this.settings));
    if (SETTINGS[name].isLive) {
      this.controls.show(this.settings, this._kind);
      this._tell("set", this._live);
      this.numbers.tell(this.settings, this.data);
    } else this._begin();
  }

  get _kind() {
    const { set } = this.settings;
    return { isPoints: set !== DIGITS, isDrawn: set === DRAWN };
  }

  get _live() {
    const { beta, rate, pace, epochs } = this.settings;
    return { beta: Number(beta), rate: Number(rate), pace: Number(pace), epochs: Number(epochs) };
  }

  /** A fresh model on the data of the settings. */
  _begin() {
    const { settings } = this;
    this.stage.error.hidden = true;
    this.data = dataOf(settings.set, Number(settings.seed), { points: this.drawn, digits: this.digits });
    if (this.shownSet !== settings.set) this._openSide();
    this.frame = null;
    this.scores = [];
    this.id = (this.id ?? 0) + 1;
    const x = this._rowOf(this.index);
    this.chosen = { x, key: ++this.key, z: null };
    this._tell("begin", {
      id: this.id, config: modelOf(settings, this.data.size), settings: trainingOf(settings), ...this._live,
      data: this._rows, look: this.chosen,
    });
    this.controls.show(settings, this._kind);
    this._showData();
    this.numbers.tell(this.settings, this.data);
  }

  get _rows() {
    const { train, test, shown } = this.data;
    return { train, test, shown };
  }

  /** Points in a plane, or images. */
  _openSide() {
    this.shownSet = this.settings.set;
    this.side?.destroy();
    this.dataNote.remove();
    this.index = 0;
    const { isPoints, isDrawn } = this._kind;
    if (isPoints) {
      this.side = new DataPlane(this.dataSide, {
        where: () => [...(this.chosen.x ?? [0, 0])],
        onMove: (x) => this._look({ x: Float64Array.from(x), z: null }),
        onInk: (place) => this._ink(place),
        onView: () => this.stage.schedule(),
      });
      this.side.isPen = isDrawn;
      this.side.show({ ...this.look, reach: this.data.reach, centre: [0, 0], titles: ["x0", "x1"] });
    } else {
      this.side = new DataImages(this.dataSide, {
        onChoose: (index) => {
          this.index = index;
          this._look({ x: this._rowOf(index), z: null });
          this.side.show(this.data, index);
        },
      });
    }
    this.dataNote.textContent = !isPoints
      ? "Choose an image, or drag z in the latent space."
      : `${isDrawn ? "Draw points with the pen; arrow keys move x" : "Dots: data. Drag x"}. Crosses: samples of the model. Lines: the ` +
        "latent grid from −3 to 3, through the decoder. Orange: p(x|z) at z.";
    this.dataSide.append(this.dataNote);
  }

  _rowOf(index) {
    const { shown, size } = this.data;
    return index * size < shown.length ? Float64Array.from(shown.subarray(index * size, (index + 1) * size)) : null;
  }

  _showData() {
    const { shown, labels, size } = this.data;
    if (size !== 2) {
      this.side.show(this.data, this.index);
      return;
    }
    const n = shown.length / 2;
    const [x, y] = [new Float32Array(n), new Float32Array(n)];
    for (let i = 0; i < n; i++) [x[i], y[i]] = [shown[2 * i], shown[2 * i + 1]];
    this.side.show({ points: { x, y, labels, shown: () => true } });
  }

  // ---- points drawn by hand

  _ink(place) {
    if (this.drawn.length + PEN > MAX_DRAWN) return;
    const near = () => SPREAD * (Math.random() + Math.random() + Math.random() - 1.5) * 2;
    for (let k = 0; k < PEN; k++) this.drawn.push([place[0] + near(), place[1] + near()]);
    this.inking ??= setTimeout(() => this._drawnAnew(), INK_PAUSE);
  }

  _clear() {
    this.drawn = [];
    this._tell("run", { isRunning: false });
    this._drawnAnew();
  }

  _drawnAnew() {
    clearTimeout(this.inking);
    this.inking = null;
    if (this.settings.set !== DRAWN) return;
    this.data = dataOf(DRAWN, 0, { points: this.drawn });
    this.scores = [];
    this._showData();
    this._tell("data", { data: this._rows });
    if (!this.chosen.x || !this.drawn.length) this._look({ x: this._rowOf(0), z: null });
    this.numbers.tell(this.settings, this.data);
    this.stage.schedule();
  }

  // ---- the worker

  _tell(kind, more = {}) {
    this.worker?.postMessage({ kind, ...more });
  }

  /** Another row, or another z. */
  _look(change) {
    if ("x" in change) this.key++;
    this.chosen = { ...this.chosen, ...change, key: this.key };
    this._tell("look", { look: this.chosen });
  }

  _on_frame(frame) {
    if (frame.id !== this.id) {
      this._tell("ready");
      return;
    }
    this.scores = [...this.scores.slice(0, frame.first), ...frame.scores];
    if (this.frame?.isRunning && !frame.isRunning) this._tellEnd(frame);
    this.frame = frame;
    this.stage.schedule();
  }

  /** For those who do not see it: where training has come to. */
  _tellEnd({ steps }) {
    const { distortion = NaN, rate = NaN } = this.scores.at(-1)?.test ?? {};
    this.stage.announce(`After ${steps} steps the negative ELBO is ${nats(distortion + rate)} nats.`);
  }

  _on_failed({ id, message }) {
    if (id === this.id) this.stage.fail(message);
  }

  _on_model(model) {
    const { set } = this.settings;
    const bytes = modelFile(model, this.settings, set === DIGITS ? this.facts.digits.run : null);
    download(new Blob([bytes], { type: "application/octet-stream" }), `${set}-in-page.safetensors`);
  }

  // ---- drawing

  _draw() {
    const { frame, data } = this;
    if (!frame) return;
    const { view } = frame;
    const n = Math.min(data.labels.length, view.codes.length / 4); // more may have been drawn since
    const points = pointsOf(view.codes, n, data.labels);
    const classes = data.classes > 1 && n
      ? classMoments(points, data.labels).map((each) => ({ ...each, name: String(each.label) })) : [];
    this.plane.show({ points: n ? points : null, classes });
    const { q, z, truth } = view;
    const posterior = q && { mean: [q[0], q[1]], covariance: [Math.exp(q[2]), 0, Math.exp(q[3])], hasNumbers: false };
    this.plane.draw({ posterior, z, focus: null, truth: truth && { ...truth, best: null, curves: null, box: null } });
    if (data.size === 2) {
      this.side.show({ samples: view.samples, lattice: view.lattice });
      this.side.draw({ x: this.chosen.x, mean: view.picture, sigma: frame.sigma });
    } else this.side.draw(view);
    const isEmpty = !data.train.length;
    this.controls.tell({ ...frame, isEmpty });
    this.numbers.draw(frame, this.scores, { settings: this.settings, isEmpty, theme: this.stage.theme });
    write(this.reading, z ? `z = (${signed(z[0], 2)}, ${signed(z[1], 2)})` : "");
    this.follow.disabled = !this.chosen.z;
    if (!this.stage.isReady) this.stage.ready();
    this._tell("ready");
  }
}

/** Means and variances of codes (n, 4), as the plane has its points. */
function pointsOf(codes, n, labels) {
  const [x, y, xx, xy, yy] = Array.from({ length: 5 }, () => new Float32Array(n));
  for (let i = 0; i < n; i++) {
    [x[i], y[i]] = [codes[4 * i], codes[4 * i + 1]];
    [xx[i], yy[i]] = [Math.exp(codes[4 * i + 2]), Math.exp(codes[4 * i + 3])];
  }
  return { x, y, xx, xy, yy, labels, shown: () => true };
}

const keep = keepOne("training", (host, data, send) => new Training(host, data, send));

/** Called by Streamlit when the page begins, and again whenever `data` change. */
export default function mount(component) {
  return keep(component);
}
