/**
 * The three ways to look through the lens: a plane, sliders, and the cells of a feature map.
 */

import { CellGrid } from "../controls/cell_grid.js";
import { reach } from "../model/engine.js";
import { move } from "../math/posteriors/families.js";
import { standardNormals } from "../math/posteriors/gaussian.js";
import { Ledger } from "../controls/ledger.js";
import { element } from "../draw/pictures.js";
import { signed } from "../draw/marks.js";
import { PlaneView } from "./plane_view.js";
import { Result } from "../controls/result.js";
import { Sliders } from "../controls/sliders.js";
import { Source } from "../controls/source.js";

/** One image, its posterior on the plane, z, the picture and what it costs. */
export class OverviewView {
  constructor(lens) {
    const [source, plane, result, costs] = ["source", "middle", "result", "costs"].map(column);
    lens.root.append(source, plane, result, costs);
    this.lens = lens;
    const canDraw = lens.facts.image_shape[0] === 1;
    this.source = new Source(source, lens, canDraw ? ["image", "drawing"] : ["image"]);
    this.plane = new PlaneView(plane, lens);
    this.result = new Result(result, lens);
    const button = (text, onclick) => element("button", { type: "button", text, onclick });
    source.append(
      element("div", { class: "controls", hidden: !lens.facts.family.has_density },
        element("button", { type: "button", class: "primary", text: "Draw z again", onclick: () => lens.redraw() }),
        button("z = μ", () => lens.toMean()),
      ),
    );
    this.noise = element("p", { class: "note noise" });
    source.append(this.noise);
    this.ledger = new Ledger(costs, lens.facts);
  }

  codesCame() {
    this.plane.lay();
  }

  themeChanged() {
    this.plane.lay();
  }

  frame() {
    const { lens } = this;
    this.plane.frame();
    this.noise.textContent = this._aboutNoise();
    this.ledger.show({ q: lens.posterior, distortion: lens.distortion, how: lens.how });
  }

  /** Which noise z was drawn with: it stays when the image changes or is drawn on. */
  _aboutNoise() {
    const { how, posterior: q, draw, z } = this.lens;
    if (how !== "draw" || !q || !this.lens.facts.family.has_density) return "";
    if (!q.parts) return "The noise stays until you draw again.";
    const few = Array.from(standardNormals(draw, z.length).slice(0, 3), (e) => signed(e, 2));
    return `ε = (${few.join(", ")}${z.length > 3 ? ", …" : ""}), held until you draw again.`;
  }

  destroy() {
    this.plane.destroy();
  }
}

/** A slider for every number of z. */
export class SlidersView {
  constructor(lens) {
    const [result, controls] = ["result", "middle"].map(column);
    lens.root.append(result, controls);
    this.lens = lens;
    this.result = new Result(result, lens);
    const canDraw = lens.facts.image_shape[0] === 1;
    this.source = new Source(controls, lens, canDraw ? ["image", "drawing", "prior"] : ["image", "prior"]);
    controls.append(benchControls(lens));
    this.sliders = new Sliders(controls, sliderOptions(lens));
    this.sliders.offer(lens.facts.order);
  }

  codesCame() {}

  frame() {
    this.sliders.show(this.lens.z);
  }
}

/** The cells of a feature map. */
export class CellsView {
  constructor(lens) {
    const [result, controls] = ["result", "middle"].map(column);
    lens.root.append(result, controls);
    this.lens = lens;
    this.result = new Result(result, lens);
    this.source = new Source(controls, lens, ["image"]);
    const { facts, look } = lens;
    [this.h, this.w, this.channels] = facts.latent_shape;
    this._channelPicker(controls);
    this.title = element("p", { class: "note" });
    const row = element("div", { class: "bench" });
    const left = element("div");
    const right = element("div", { class: "ops" });
    controls.append(row);
    row.append(left, right);
    left.append(this.title);
    this.grid = new CellGrid(left, facts.latent_shape, {
      colour: facts.colours.rate,
      onPick: (cells) => this._picked(cells),
    });
    left.append(element("p", { class: "note", text: "Drag, or click with shift, for several cells." }));
    this._operations(right);
    this.sliders = new Sliders(right, { ...sliderOptions(lens), onMove: (j, v) => this._slide(j, v) });
    const start = look.cells.length ? look.cells : [Math.floor(this.h / 2) * this.w + Math.floor(this.w / 2)];
    this.grid.pick(new Set(start));
    this._colour();
  }

  _channelPicker(host) {
    const { look } = this.lens;
    const options = [null, ...Array(this.channels).keys()];
    this.channelButtons = options.map((channel) =>
      element("button", {
        type: "button", text: channel === null ? "all" : String(channel),
        onclick: () => {
          look.channel = channel;
          this._colour();
          this._picked(this.grid.picked);
        },
      }),
    );
    this.channelOptions = options;
    host.append(
      element("div", { class: "tabs", role: "group", "aria-label": "Channel" }, "Channel", ...this.channelButtons),
    );
  }

  _operations(host) {
    const button = (text, title, onclick) =>
      element("button", { type: "button", text, title, onclick });
    const { lens } = this;
    const copyFrom = element("input", {
      type: "number", min: 0, max: lens.facts.n_images - 1, step: 1, value: 1, "aria-label": "Image to copy from",
    });
    host.append(
      element("div", { class: "controls" },
        button("Zero", "Set what is picked to the prior's mean", () => this._set(() => lens.model.prior.mean)),
        button("Resample", "Draw what is picked from the prior", () => this._set(() => lens.model.prior.draw(lens.nextSeed()))),
        button("Back", "Set what is picked to the image's mean", () => this._set(() => lens.start)),
        button("Reset all", "Set every cell to the image's mean", () => lens.toMean()),
      ),
      element("div", { class: "controls" },
        button("Copy from image", "Take what is picked from another image", () => {
          const last = lens.facts.n_images - 1;
          const index = Math.min(Math.max(Math.round(Number(copyFrom.value)) || 0, 0), last);
          copyFrom.value = index;
          this._set(() => lens.model.posteriorAt(index).mean);
        }),
        copyFrom,
      ),
    );
  }

  /** Numbers of z that are picked: the chosen channels of the picked cells. */
  get numbers() {
    const { channel } = this.lens.look;
    const found = [];
    for (const cell of [...this.grid.picked].sort((a, b) => a - b)) {
      for (let c = 0; c < this.channels; c++) {
        if (channel === null || channel === c) found.push(cell * this.channels + c);
      }
    }
    return found;
  }

  /** Take the picked numbers from another code. */
  _set(code) {
    const other = code();
    const { lens } = this;
    const { family, latentShape } = lens.model;
    let z = Float64Array.from(lens.z);
    const isWhole = lens.look.channel === null;
    for (const j of this.numbers) {
      if (isWhole) z[j] = other[j];
      else z = move(family, z, latentShape, j, other[j]);
    }
    lens.place(z);
    lens.release();
  }

  /** One slider moves its channel in every picked cell by as much. */
  _slide(j, value) {
    const { lens } = this;
    const { family, latentShape } = lens.model;
    const by = value - lens.z[j];
    let z = Float64Array.from(lens.z);
    const channel = j % this.channels;
    for (const i of this.numbers.filter((i) => i % this.channels === channel)) {
      const { low, high } = lens.facts.family;
      const moved = low < 0 ? z[i] + by : Math.min(Math.max(z[i] + by, low), high);
      z = move(family, z, latentShape, i, moved);
    }
    lens.place(z);
  }

  _picked(cells) {
    if (!this.grid) return;
    const { lens } = this;
    lens.look.cells = [...cells];
    const [first] = this.numbers.length ? [Math.floor(this.numbers[0] / this.channels)] : [0];
    this.sliders?.offer(
      this.numbers.filter((j) => Math.floor(j / this.channels) === first),
    );
    this._outline();
    if (lens.model) lens.release();
  }

  _outline() {
    if (!this.lens.model) return;
    const { graph } = this.lens.model;
    const boxes = graph.decoder
      ? [...this.grid.picked].map((k) => reach(graph, Math.floor(k / this.w), k % this.w))
      : [];
    this.result.outline(boxes);
  }

  _colour() {
    const { facts, look } = this.lens;
    const { channel } = look;
    this.channelButtons.forEach((button, k) =>
      button.setAttribute("aria-pressed", String(this.channelOptions[k] === channel)),
    );
    const sums = Array(this.h * this.w).fill(0);
    facts.cells.forEach((value, j) => {
      if (channel === null || j % this.channels === channel) sums[Math.floor(j / this.channels)] += value;
    });
    this.grid.show(sums, Math.max(...sums), facts.cells_unit);
    const of = channel === null ? "all channels" : `channel ${channel}`;
    this.title.textContent = `${facts.cells_title} of ${of}, mean over the test split, ${facts.cells_unit}`;
  }

  codesCame() {
    this._outline();
  }

  frame() {
    this.sliders.show(this.lens.z);
  }
}

function benchControls(lens) {
  const button = (text, onclick) => element("button", { type: "button", text, onclick });
  return element("div", { class: "controls" },
    button("Reset", () => lens.toStart()),
    button("Randomise", () => lens.randomise()),
  );
}

function sliderOptions(lens) {
  const { facts } = lens;
  return {
    names: facts.names, kl: facts.kl, low: facts.family.low, high: facts.family.high,
    onMove: (j, value) =>
      lens.place(move(lens.model.family, lens.z, lens.model.latentShape, j, value)),
    onRelease: () => lens.release(),
  };
}

function column(name) {
  return element("section", { class: name });
}
