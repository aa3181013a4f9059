/**
 * The time machine: two bars, the sweep's value and the epoch, over checkpoints that were kept.
 *
 * Holds all codes and numbers from the start and fetches the pictures by and by; draws at most
 * once per frame; hands the positions of the bars to the server when one is let go.
 */

import { RateDistortionPlane } from "../draw/rate_distortion.js";
import { SheetPart, Sheets } from "../draw/sheets.js";
import { MOMENTS, SweepPlane } from "../draw/sweep_plane.js";
import { between, eased, opacityOf, stepBefore } from "../math/tween.js";
import { readTensors } from "../model/safetensors.js";
import { element, range } from "../page/element.js";
import { bytesAt } from "../page/fetch.js";
import { keepOne } from "../page/mounting.js";
import { Stage } from "../page/stage.js";
import { addingUp, signed } from "../page/text.js";

const MOVE = 240; // milliseconds from one checkpoint to the next
const PLAY = 900; // milliseconds at each checkpoint while they are played
const PLAY_WORDS = "Play the epochs";
const BARS = ["value", "epoch"];
const keepTimeline = keepOne("place", (...parts) => new Timeline(...parts));

/** Called by Streamlit when it is put on the page, and again whenever `data` change. */
export default function mount(component) {
  return keepTimeline(component);
}

class Timeline {
  /**
   * @param {Element|ShadowRoot} host
   * @param {Object} facts - see pages/ui/components/time_machine.py
   * @param {function(Object)} send - hands the positions of the bars to the server
   */
  constructor(host, facts, send) {
    this.facts = facts;
    this.send = send;
    this.place = { ...facts.place };
    this.bar = "epoch"; // the one that was moved last, and which way
    this.way = 1;
    this.isCalm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.stage = new Stage(host, "timeline", {
      onFrame: (time) => this._frame(time),
      onTheme: (theme) => {
        this.plane.show(theme);
        this.schedule();
      },
    });
    this.stage.hide(facts.hide);
    this.stage.root.classList.toggle("beside", Boolean(facts.is_beside));
    this._build();
    this.plane.show(this.stage.theme);
    this._open();
  }

  /** Of the same sweep there is nothing new; of another one all is. */
  update(facts, send) {
    if (facts.address !== this.facts.address) return false;
    this.send = send;
    this.stage.hide(facts.hide);
    this.stage.root.classList.toggle("beside", Boolean(facts.is_beside));
    return true;
  }

  destroy() {
    this.plane.destroy();
    this.trade?.destroy();
    this.sheets?.destroy();
    this.stage.destroy();
  }

  // ---- what is on the screen

  _build() {
    const [plane, bars, pictures, numbers] = ["plane", "bars", "pictures", "numbers"].map((name) =>
      element("section", { class: name }),
    );
    this.stage.root.append(plane, bars, pictures, numbers);
    this.plane = new SweepPlane(plane, () => this.schedule());
    plane.setAttribute("aria-label", "codes of the test images");
    this._buildBars(bars);
    this._buildPictures(pictures);
    this._buildNumbers(numbers);
  }

  _buildBars(host) {
    this.inputs = {};
    this.outputs = {};
    for (const bar of BARS) {
      const marks = this._marks(bar);
      const input = range({
        min: 0, max: marks.length - 1, step: 1, "aria-label": this.facts.bars[bar],
        oninput: () => {
          this.stop();
          this.move(bar, Number(input.value));
        },
        onchange: () => this.release(),
      });
      input.value = this.place[bar];
      input.disabled = marks.length < 2;
      this.inputs[bar] = input;
      this.outputs[bar] = element("output", { class: "value" });
      const few = Math.ceil(marks.length / 12); // so many marks are apart enough to be read
      const scale = element("span", { class: "scale", "aria-hidden": "true" });
      scale.append(
        ...marks.map((text, k) => element("span", { text: k % few ? "" : text })),
      );
      const name = element("span", { class: "name" }, element("b", { text: this.facts.bars[bar] }));
      name.append(" ", this.outputs[bar]);
      host.append(element("label", { class: "bar" }, name, input, scale));
    }
    this.play = element("button", {
      type: "button", class: "play", text: PLAY_WORDS, "aria-pressed": "false",
      onclick: () => (this.isPlaying ? this.stop() : this.start()),
    });
    this.play.disabled = this.facts.epochs.length < 2;
    this.reading = element("p", { class: "note" });
    host.append(this.play, this.reading);
  }

  _marks(bar) {
    return bar === "value" ? this.facts.values : this.facts.epochs.map(String);
  }

  _buildPictures(host) {
    const { rows, columns, image_shape: [, H, W], walk } = this.facts.sheet;
    const { captions } = this.facts;
    const wide = columns * (W + 1) - 1;
    const part = (label, top, count) =>
      new SheetPart(label, { wide, top: top * (H + 1), high: count * (H + 1) - 1 });
    this.images = part("the same test images, decoded", 0, rows);
    this.walk = part("the decoder at even places of the plane", rows, walk);
    host.append(
      element("p", { class: "note", text: captions.walk }), this.walk.canvas,
      element("p", { class: "note", text: captions.images }), this.images.canvas,
    );
  }

  _buildNumbers(host) {
    const { colours, numbers } = this.facts;
    const row = (name, colour) => {
      const value = element("td", { class: "value", text: "–" });
      const swatch = element("i", { class: "swatch", style: `background:${colour}` });
      const line = element("tr", {}, element("td", {}, swatch, name), value);
      return { line, value };
    };
    this.cells = {
      distortion: row("distortion", colours.distortion), rate: row("rate", colours.rate),
      elbo: row("negative ELBO", colours.elbo),
    };
    this.cells.elbo.line.className = "sum";
    const table = element("table", { class: "ledger" });
    table.append(...Object.values(this.cells).map(({ line }) => line));
    host.append(table, element("p", { class: "note", text: this.facts.captions.numbers }));
    if (!numbers.rate.every(Number.isFinite) || !numbers.distortion.every(Number.isFinite)) return;
    const trade = element("div");
    const caption = element("p", { class: "note", text: this.facts.captions.trade });
    host.append(element("div", { class: "tradeoff" }, trade, caption));
    this.trade = new RateDistortionPlane(trade, numbers, () => this.schedule());
  }

  // ---- what is fetched

  async _open() {
    let tensors;
    try {
      ({ tensors } = readTensors(await bytesAt(`${this.facts.address}codes`)));
    } catch (error) {
      this.stage.fail(error.message);
      return;
    }
    if (this.stage.isGone) return;
    this._take(tensors);
    this.sheets = new Sheets(`${this.facts.address}sheet-`, {
      onCome: (cell) => cell === this.cell && this.schedule(),
      onFail: (words) => this.stage.fail(words),
    });
    this._show();
    this.stage.ready();
    this.release();
  }

  _take({ points, moments, labels }) {
    this.codes = { points: points.values, moments: moments.values };
    this.sizes = { points: 2 * labels.values.length, moments: MOMENTS * this.facts.classes.length };
    this.now = this._at(this.cell); // what is drawn: between two checkpoints, or at one
    this.now = { points: this.now.points.slice(), moments: this.now.moments.slice() };
    const groups = this.facts.classes.map(({ label }) => ({ label, indices: [] }));
    const byLabel = new Map(groups.map((group) => [group.label, group]));
    labels.values.forEach((label, i) => byLabel.get(label).indices.push(i));
    const { classes, titles, square, rings, centre, colours } = this.facts;
    this.plane.show({
      groups, names: classes, titles, square, rings, centre, classColours: colours.classes,
      reach: this.facts.reach[this.place.value], grey: colours.prior, ...this.stage.theme,
    });
  }

  // ---- where the bars stand

  /** Number of the checkpoint that is shown. */
  get cell() {
    return this.facts.cells[this.place.value][this.place.epoch];
  }

  /** Codes and class moments of a checkpoint. */
  _at(cell) {
    const part = (name) => {
      const size = this.sizes[name];
      return this.codes[name].subarray(cell * size, (cell + 1) * size);
    };
    return { points: part("points"), moments: part("moments") };
  }

  /** Put a bar somewhere. */
  move(bar, index) {
    const way = Math.sign(index - this.place[bar]);
    if (way && this.codes) this._put({ ...this.place, [bar]: index }, bar, way);
  }

  _put(place, bar, way) {
    Object.assign(this, { place, bar, way });
    this._show();
  }

  _show() {
    const { cell } = this;
    const { numbers } = this.facts;
    this.from = { points: this.now.points.slice(), moments: this.now.moments.slice() };
    this.fromNumbers = this.nowNumbers ?? null;
    this.fromReach = this.plane.scene.reach;
    this.to = this._at(cell);
    this.toNumbers = { rate: numbers.rate[cell], distortion: numbers.distortion[cell] };
    const before = stepBefore(this.place, this.bar, this.way, this._marks(this.bar).length);
    const was = before && this.facts.cells[before.value][before.epoch];
    this.ghost = before && was !== cell ? this._at(was) : null;
    this.began = null; // the movement begins with the next frame
    this.faded = 0;
    this._words();
    this.sheets.want(this._nearest());
    this.schedule();
  }

  _words() {
    const { facts, place, cell } = this;
    for (const bar of BARS) {
      const text = this._marks(bar)[place[bar]];
      this.outputs[bar].textContent = text;
      this.inputs[bar].value = place[bar];
      this.inputs[bar].setAttribute("aria-valuetext", `${facts.bars[bar]} ${text}`);
    }
    const inPrint = nats(this.toNumbers);
    this.cells.distortion.value.textContent = inPrint.distortion;
    this.cells.rate.value.textContent = inPrint.rate ?? "not finite";
    this.cells.elbo.value.textContent = inPrint.elbo ?? "–";
    const kept = facts.kept[cell];
    this.reading.textContent =
      kept === facts.epochs[place.epoch]
        ? ""
        : `Of this run epoch ${facts.epochs[place.epoch]} was not kept: shown is epoch ${kept}.`;
  }

  /** All checkpoints, those first that are likely to be asked for next. */
  _nearest() {
    const { cells } = this.facts;
    const far = new Map();
    cells.forEach((row, v) =>
      row.forEach((cell, e) => {
        const steps = Math.abs(e - this.place.epoch) + Math.abs(v - this.place.value);
        far.set(cell, Math.min(steps, far.get(cell) ?? Infinity));
      }),
    );
    return [...far.keys()].sort((a, b) => far.get(a) - far.get(b));
  }

  /** A bar has been let go: hand the positions to the server, and read the numbers out. */
  release() {
    if (!this.codes || this.isPlaying) return;
    this.stage.announce(this._spoken());
    const words = JSON.stringify(this.place);
    if (words === this.sent) return;
    this.sent = words;
    this.send({ ...this.place });
  }

  _spoken() {
    const { bars, values, kept } = this.facts;
    const { distortion, rate, elbo } = nats(this.toNumbers);
    const where = `${bars.value} ${values[this.place.value]}, epoch ${kept[this.cell]}`;
    const parts = [`distortion ${distortion}`];
    if (rate) parts.push(`rate ${rate}`, `negative ELBO ${elbo}`);
    return `${where}: ${parts.join(", ")} nats per image`;
  }

  // ---- playing

  /** Run through the epochs: from where the bar stands, or from the first when it is at the end. */
  start() {
    if (!this.codes) return;
    this.isPlaying = true;
    this.next = null;
    this.play.textContent = "Stop";
    this.play.setAttribute("aria-pressed", "true");
    const { place } = this;
    if (place.epoch === this.facts.epochs.length - 1) this._put({ ...place, epoch: 0 }, "epoch", 1);
    this.schedule();
  }

  stop() {
    if (!this.isPlaying) return;
    this.isPlaying = false;
    this.play.textContent = PLAY_WORDS;
    this.play.setAttribute("aria-pressed", "false");
    this.release();
  }

  _step(time) {
    this.next ??= time + PLAY;
    if (time < this.next) return;
    this.next = time + PLAY;
    this.move("epoch", this.place.epoch + 1);
    if (this.place.epoch === this.facts.epochs.length - 1) this.stop();
  }

  // ---- drawing

  /** Draw in the next frame, once, however often this is called before. */
  schedule() {
    if (this.codes) this.stage.schedule();
  }

  _frame(time) {
    if (this.isPlaying) this._step(time);
    this.began ??= time;
    const share = this.isCalm ? 1 : eased((time - this.began) / MOVE);
    for (const name of ["points", "moments"]) {
      between(this.from[name], this.to[name], share, this.now[name]);
    }
    this._zoom(share);
    this.plane.drawCodes(this.now, this.ghost);
    this._numbers(share);
    this._pictures(share);
    if (share < 1 || this.isPlaying) this.schedule();
  }

  /** Every value has a scale of its own: with a small beta codes go far beyond the prior. */
  _zoom(share) {
    const to = this.facts.reach[this.place.value];
    const reach = this.fromReach + (to - this.fromReach) * share;
    if (reach !== this.plane.scene.reach) this.plane.show({ reach });
  }

  _numbers(share) {
    const { toNumbers: to, fromNumbers: from } = this;
    const mixed = (name) => (from ? from[name] + (to[name] - from[name]) * share : to[name]);
    this.nowNumbers = { rate: mixed("rate"), distortion: mixed("distortion") };
    const { cells, colours } = this.facts;
    const epochs = [...new Set(cells[this.place.value])];
    const last = [...new Set(cells.map((row) => row.at(-1)))];
    this.trade?.draw(this.nowNumbers, epochs, last, { grey: colours.prior, elbo: colours.elbo, ...this.stage.theme });
  }

  /** Fade from the pictures that were there; what has not come yet appears at once. */
  _pictures(share) {
    const sheet = this.sheets.get(this.cell);
    this.stage.root.classList.toggle("waiting", !sheet);
    if (!sheet) {
      this.faded = 1;
      return;
    }
    const opacity = opacityOf(this.faded, share);
    this.faded = share;
    for (const part of [this.images, this.walk]) part.paint(sheet, this.isPainted ? opacity : 1);
    this.isPainted = true;
  }
}

/** The terms as text, which add up as they are printed; nothing is known of some. */
function nats({ distortion, rate }) {
  const shown = (value) => (Number.isFinite(value) ? signed(value, 2) : "–");
  if (!Number.isFinite(distortion + rate)) return { distortion: shown(distortion) };
  const parts = addingUp([distortion, rate], 2);
  return { distortion: shown(parts[0]), rate: shown(parts[1]), elbo: shown(parts[0] + parts[1]) };
}
