/**
 * The film of a training: its frames on the plane and as pictures, while it goes on and afterwards.
 *
 * Follows a training that goes on until its bar is moved. Frames are fetched by and by; what is
 * drawn moves evenly from one to the next, and at most once per animation frame.
 */

import { PictureSheet } from "../draw/picture_sheet.js";
import { StepCurves } from "../draw/step_curves.js";
import { MOMENTS, SweepPlane } from "../draw/sweep_plane.js";
import { between, eased } from "../math/tween.js";
import { readTensors } from "../model/safetensors.js";
import { button, element, range, write } from "../page/element.js";
import { bytesAt } from "../page/fetch.js";
import { keepOne } from "../page/mounting.js";
import { Stage } from "../page/stage.js";
import { signed } from "../page/text.js";

const MOVE = 320; // milliseconds from one frame to the next
const DWELL = 520; // milliseconds at each while they are played
const BEHIND = 4; // frames that following may lag before it skips some
const WITHIN = 0.993; // of the points' coordinates, which the plane shows
const NAMED = 5; // latent dimensions that have their names beside their curves
const DRAWN = 64; // and those that have a curve
const MOVED = ["points", "moments", "images", "reconstructions", "samples"];
const keepFilm = keepOne("place", (...parts) => new Film(...parts));

/** Called by Streamlit when it is put on the page, and again whenever `data` change. */
export default function mount(component) {
  return keepFilm(component);
}

class Film {
  /**
   * @param {Element|ShadowRoot} host
   * @param {Object} facts - see pages/ui/components/film.py
   * @param {function(Object)} send - hands the shown update to the server when it is let go
   */
  constructor(host, facts, send) {
    Object.assign(this, { facts, send, come: new Map(), shown: null });
    this.isCalm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.isFollowing = facts.isLive && facts.step === null;
    const asked = facts.frames.findIndex(([step]) => step === facts.step);
    if (asked < 0) this.index = this.isFollowing ? 0 : facts.frames.length - 1;
    else this.index = asked;
    this.stage = new Stage(host, "film", {
      onFrame: (time) => this._frame(time),
      onTheme: () => this._theme(),
    });
    this._build();
    this._theme();
    this._take(facts);
  }

  /** More frames of the same run, or other dimensions of it on the plane. */
  update(facts, send) {
    if (facts.run !== this.facts.run) return false;
    this.send = send;
    if (facts.address !== this.facts.address) this.come.clear(); // what is drawn stays meanwhile
    this._take(facts);
    return true;
  }

  destroy() {
    this.isGone = true;
    clearTimeout(this.timer);
    for (const part of [this.plane, this.loss, this.kl]) part?.destroy();
    this.stage.destroy();
  }

  // ---- what is on the screen

  _build() {
    const { facts } = this;
    const [plane, pictures, bar, charts] = ["plane", "pictures", "bar", "charts"].map((name) =>
      element("section", { class: name }),
    );
    this.stage.root.append(plane, pictures, bar, charts);
    this.stage.root.classList.toggle("no-plane", !facts.titles);
    if (facts.titles) {
      this.plane = new SweepPlane(plane, () => this.stage.schedule());
      plane.append(element("p", { class: "note", text: facts.captions.plane }));
    }
    this._buildPictures(pictures);
    this._buildBar(bar);
    const chart = (label, unit, caption) => {
      const host = element("div", { class: "chart" });
      charts.append(element("figure", {}, element("figcaption", { text: caption }), host));
      return new StepCurves(host, { label, unit }, () => this.stage.schedule());
    };
    this.loss = chart("test loss over the updates", "nats per image", facts.captions.loss);
    if (facts.hasRate) {
      this.kl = chart("KL of every latent dimension over the updates", "nats per image", facts.captions.kl);
    }
  }

  _buildPictures(host) {
    const { captions, sheet: { images, samples, columns, shape } } = this.facts;
    this.sheets = {
      images: new PictureSheet("test images", { columns: images, rows: 1, shape }),
      reconstructions: new PictureSheet("their reconstructions", { columns: images, rows: 1, shape }),
      samples: new PictureSheet("samples of the prior, decoded", { columns, rows: Math.ceil(samples / columns), shape }),
    };
    const { images: above, reconstructions: below, samples: drawn } = this.sheets;
    host.append(
      element("p", { class: "note", text: captions.images }), above.canvas, below.canvas,
      element("p", { class: "note", text: captions.samples }), drawn.canvas,
    );
  }

  _buildBar(host) {
    this.input = range({
      min: 0, max: 0, step: 1, "aria-label": "updates of training",
      oninput: () => {
        this._halt();
        this._go(Number(this.input.value));
      },
      onchange: () => this._release(),
    });
    this.play = button("Play", () => (this.isPlaying ? this._halt() : this._start()), { class: "play" });
    this.live = button("Live", () => this._follow(), { class: "live-button", "aria-pressed": "false" });
    this.reading = element("p", { class: "reading", text: " " });
    host.append(this.play, this.input, this.live, this.reading);
  }

  _theme() {
    const { classes, colours, rings, prior, titles } = this.facts;
    this.plane?.show({
      names: classes, titles, rings, prior, centre: this.facts.centre, sigmas: [1, 2],
      classColours: colours.classes, grey: colours.prior, ...this.stage.theme,
    });
    this.stage.schedule();
  }

  // ---- frames

  _take(facts) {
    const isFirst = !this.facts.frames.length;
    const turned = JSON.stringify(facts.titles) !== JSON.stringify(this.facts.titles);
    this.facts = facts;
    this.failed = new Set(); // to be asked for again
    if (isFirst || turned) this._theme();
    this.live.hidden = !facts.isLive;
    this.input.max = Math.max(0, facts.frames.length - 1);
    this.play.disabled = facts.frames.length < 2;
    if (!facts.isLive && this.isFollowing && this.index === facts.frames.length - 1) this.isFollowing = false;
    this.live.setAttribute("aria-pressed", String(this.isFollowing));
    this._fetch();
    this._advance();
  }

  /** Fetch what is not there yet: what is shown next before all others. */
  async _fetch() {
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      for (let next = this._wanted(); next !== undefined; next = this._wanted()) {
        await this._fetchOne(next);
        if (this.isGone) return;
      }
    } finally {
      this.isBusy = false;
    }
  }

  async _fetchOne(step) {
    const { address } = this.facts;
    try {
      const { tensors } = readTensors(await bytesAt(`${address}images/${step}`));
      if (this.isGone || address !== this.facts.address) return;
      this._come(step, tensors);
      this.stage.error.hidden = true;
    } catch (error) {
      this.failed.add(step);
      if (!this.isGone && !this.come.size) this.stage.fail(error.message);
    }
  }

  _wanted() {
    const steps = this.facts.frames.map(([step]) => step);
    const order = [...steps.slice(this.index), ...steps.slice(0, this.index)];
    return order.find((step) => !this.come.has(step) && !this.failed.has(step));
  }

  _come(step, tensors) {
    const values = Object.fromEntries(Object.entries(tensors).map(([name, one]) => [name, one.values]));
    this.come.set(step, values);
    values.reach = this._reachOf(values.points);
    if (!this.groups) this._group(values.labels);
    if (this.facts.frames[this.index]?.[0] === step) this._show();
    else this._advance();
    this.stage.schedule();
  }

  /** Half the side of a square that shows the prior and nearly all of the points. */
  _reachOf(points) {
    const away = points.map((value) => Math.abs(value - this.facts.centre[0])).sort();
    return Math.max(this.facts.reach, 1.08 * away[Math.floor(WITHIN * (away.length - 1))]);
  }

  _group(labels) {
    this.groups = this.facts.classes.map(({ label }) => ({ label, indices: [] }));
    const byLabel = new Map(this.groups.map((group) => [group.label, group]));
    labels.forEach((label, i) => byLabel.get(label)?.indices.push(i));
    this.plane?.show({ groups: this.groups });
  }

  // ---- which frame is shown

  get isAtEnd() {
    return this.index >= this.facts.frames.length - 1;
  }

  _go(index) {
    const last = this.facts.frames.length - 1;
    this.index = Math.min(Math.max(index, 0), last);
    this._show();
    this._fetch();
  }

  /** Move what is drawn towards the frame where the bar stands, once it has come. */
  _show() {
    const [step] = this.facts.frames[this.index] ?? [];
    const frame = this.come.get(step);
    this._words();
    if (!frame) return;
    this.step = step;
    this.to = frame;
    this.from = this.now && Object.fromEntries(MOVED.map((name) => [name, this.now[name].slice()]));
    this.now ??= Object.fromEntries(MOVED.map((name) => [name, frame[name].slice()]));
    this.fromReach = this.plane?.scene.reach ?? frame.reach;
    this.began = null;
    this.stage.schedule();
    if (!this.stage.isReady) this.stage.ready();
  }

  /** Go on to the next frame by and by, while a training is followed or frames are played. */
  _advance() {
    if (this.timer || this.isGone || !(this.isFollowing || this.isPlaying)) return;
    if (this.step === undefined) {
      if (this.facts.frames.length) this._show();
      if (this.step === undefined) return;
    }
    this.timer = setTimeout(() => {
      this.timer = null;
      const behind = this.facts.frames.length - 1 - this.index;
      if (behind > 0) this._go(this.isFollowing && behind > BEHIND ? this.index + behind - BEHIND : this.index + 1);
      if (this.isPlaying && this.isAtEnd) this._halt();
      else if (behind > 0) this._advance();
    }, DWELL);
  }

  _start() {
    this.isFollowing = false;
    this.isPlaying = true;
    this._pressed();
    if (this.isAtEnd) this._go(0);
    this._advance();
  }

  _follow() {
    this._halt();
    this.isFollowing = true;
    this._pressed();
    this._go(this.facts.frames.length - 1);
    this._advance();
  }

  /** The reader has taken the bar, or the last frame has been played. */
  _halt() {
    clearTimeout(this.timer);
    this.timer = null;
    this.isPlaying = this.isFollowing = false;
    this._pressed();
  }

  _pressed() {
    write(this.play, this.isPlaying ? "Stop" : "Play");
    this.live.setAttribute("aria-pressed", String(this.isFollowing));
  }

  _release() {
    this.stage.announce(this.reading.textContent);
    const [step] = this.facts.frames[this.index] ?? [];
    if (step !== undefined) this.send({ step });
  }

  _words() {
    const [step, epoch, distortion, rate, error] = this.facts.frames[this.index] ?? [];
    if (step === undefined) return;
    this.input.value = this.index;
    const where = `After ${count(step)}, ${ofEpochs(epoch)}`;
    const has = this.facts.hasRate;
    const score = has ? distortion + rate : distortion;
    const parts = has ? ` (distortion ${signed(distortion, 1)}, rate ${signed(rate, 1)})` : "";
    const text = `${where}: ${has ? "negative ELBO" : "distortion"} ${signed(score, 1)} ± ${signed(error, 1)}${parts}`;
    write(this.reading, text);
    this.input.setAttribute("aria-valuetext", where);
  }

  // ---- drawing

  _frame(time) {
    if (!this.to) return;
    this.began ??= time;
    const share = this.isCalm || !this.from ? 1 : eased((time - this.began) / MOVE);
    if (this.from) {
      for (const name of MOVED) between(this.from[name], this.to[name], share, this.now[name]);
    }
    if (this.plane) {
      const reach = this.fromReach + (this.to.reach - this.fromReach) * share;
      if (reach !== this.plane.scene.reach) this.plane.show({ reach });
      this.plane.drawCodes(this.now, null);
    }
    for (const [name, sheet] of Object.entries(this.sheets)) sheet.paint(this.now[name]);
    this._curves();
    if (share < 1) this.stage.schedule();
  }

  _curves() {
    const { frames, colours, lastStep, hasRate, names } = this.facts;
    const theme = { ...this.stage.theme, grey: colours.prior };
    const steps = frames.map(([step]) => step);
    const of = (k) => frames.map((frame) => frame[k] ?? Number.NaN);
    const [distortion, rate] = [of(2), of(3)];
    const terms = [{ name: "distortion", colour: colours.distortion, values: distortion }];
    if (hasRate) {
      terms.push({ name: "rate", colour: colours.rate, values: rate });
      terms.push({ name: "−ELBO", colour: colours.elbo, values: distortion.map((d, k) => d + rate[k]) });
    }
    this.loss.draw({ steps, last: lastStep, now: this.step, curves: terms }, theme);
    if (!this.kl) return;
    const order = [...this.to.kl.keys()].sort((a, b) => this.to.kl[b] - this.to.kl[a]).slice(0, DRAWN);
    const curves = order.map((j, place) => ({
      name: place < NAMED ? names[j] : "",
      colour: colours.rate,
      values: steps.map((step) => this.come.get(step)?.kl[j] ?? Number.NaN),
    }));
    this.kl.draw({ steps, last: lastStep, now: this.step, curves }, theme);
  }
}

function count(step) {
  return `${step.toLocaleString("en")} update${step === 1 ? "" : "s"}`;
}

function ofEpochs(epoch) {
  if (Number.isInteger(epoch)) return `${epoch} epoch${epoch === 1 ? "" : "s"}`;
  return `${epoch.toFixed(2)} epochs`;
}
