/**
 * The cells of a feature map: picked, moved together, set to something else.
 */

import { CellGrid } from "../controls/cell_grid.js";
import { EntryPalette } from "../controls/entry_palette.js";
import { Sliders } from "../controls/sliders.js";
import { siteOf } from "../math/shapes.js";
import { button, element, write } from "../page/element.js";
import { nats } from "../page/text.js";
import { addResult, addSource, column, sliderOptions } from "./parts.js";

export class FeatureMapView {
  constructor(root, lens) {
    const [result, controls] = ["result", "middle"].map(column);
    root.append(result, controls);
    const { facts, state } = lens;
    this.facts = facts;
    this.state = state;
    this.onPlace = lens.onPlace;
    this.onRelease = lens.onRelease;
    this.onShuffle = lens.onShuffle;
    [this.h, this.w, this.channels] = facts.latent_shape;
    this.result = addResult(result, lens);
    this.source = addSource(controls, lens, ["image"]);
    if (facts.has_entries) state.channel = null; // an entry is of all channels
    this._channelPicker(controls);
    if (facts.cell_order) this._shuffling(controls);
    const left = element("div");
    const right = element("div", { class: "ops" });
    controls.append(element("div", { class: "bench" }, left, right));
    this.title = element("p", { class: "note" });
    left.append(this.title);
    this.grid = new CellGrid(left, facts.latent_shape, {
      colour: facts.colours.rate,
      onPick: (cells) => this._show({ cells: [...cells] }),
    });
    left.append(
      element("p", { class: "note", text: "Drag, or click with shift, for several cells. Blue on the picture: the pixels that they reach." }),
    );
    this._operations(right, lens);
    this.swaps = element("div");
    right.append(this.swaps);
    this.names = element("p", { class: "note" });
    right.append(this.names);
    this.sliders = new Sliders(right, {
      ...sliderOptions(lens), onMove: (dim, value) => this._slide(dim, value),
    });
    state.subscribe((changed) => this._changed(changed));
    const middle = Math.floor(this.h / 2) * this.w + Math.floor(this.w / 2);
    this.grid.pick(new Set(state.cells.length ? state.cells : [middle]));
    this._colour();
  }

  _channelPicker(host) {
    this.channelOptions = [null, ...Array(this.channels).keys()];
    this.channelButtons = this.channelOptions.map((channel) =>
      button(channel === null ? "all" : String(channel), () => this._show({ channel })),
    );
    host.append(
      element("div", {
        class: "tabs", role: "group", "aria-label": "Channel", hidden: Boolean(this.facts.has_entries),
      }, "Channel", ...this.channelButtons),
    );
  }

  /** The decoder gets the cells in another order; what that costs, and what it does not. */
  _shuffling(host) {
    this.shuffle = button("", () => this.onShuffle(!this.state.shuffled));
    this.costs = element("p", { class: "note" });
    host.append(element("div", { class: "shuffle" }, this.shuffle, this.costs));
    this._nameShuffle();
  }

  _nameShuffle() {
    const { shuffled } = this.state;
    this.shuffle.textContent = shuffled ? "Undo the shuffle" : "Shuffle cells";
    this.shuffle.setAttribute("aria-pressed", String(shuffled));
    this.shuffle.title = shuffled
      ? "Hand each cell to the decoder at its own place again"
      : "Hand the cells to the decoder in another order, in which none keeps its place";
  }

  /** What the image costs: its KL, which has no order, and what the decoder makes of the order. */
  _price() {
    const { posterior: q, distortion, isEdited } = this.state;
    const kl = q && this.facts.family.has_rate
      ? `KL of the image${q.learnedPrior ? "" : ", a sum over cells in any order"}: ${nats(q.kl)} nats. ` : "";
    const how = this.state.shuffled ? "cells shuffled" : isEdited ? "cells moved" : "as encoded";
    this.costs.textContent =
      distortion === null ? kl : `${kl}−log p(x|z), ${how}: ${nats(distortion)} nats.`;
  }

  /** The cell that stands at each place of the grid. */
  get order() {
    const own = Array.from(Array(this.h * this.w).keys());
    return this.state.shuffled && this.facts.cell_order ? this.facts.cell_order : own;
  }

  _operations(host, lens) {
    const { facts, state } = this;
    const last = facts.n_images - 1;
    const operation = (text, title, z) => button(text, () => this._set(z()), { title });
    const zero = operation("Zero", "Set what is picked to the prior's mean", () => state.model.prior.mean);
    zero.hidden = Boolean(facts.has_entries); // their mean is none of them
    const copyFrom = element("input", {
      type: "number", min: 0, max: last, step: 1, value: 1, "aria-label": "Image to copy from",
    });
    const other = () => {
      const index = Math.min(Math.max(Math.round(Number(copyFrom.value)) || 0, 0), last);
      copyFrom.value = index;
      return state.model.posteriorAt(index).mean;
    };
    host.append(
      element("div", { class: "controls" },
        zero,
        operation("Resample", "Sample what is picked from the prior", () => state.model.prior.draw(state.nextSeed())),
        operation("Back", "Set what is picked to the image's mean", () => state.start),
        button("Reset all", lens.onMean, { title: "Set every cell to the image's mean" }),
      ),
      element("div", { class: "controls" },
        operation("Copy from image", "Take what is picked from another image", other),
        copyFrom,
      ),
    );
  }

  /** What is shown changes: which cells are picked, or which channel. */
  _show(change) {
    this.state.change(change);
    this.onRelease();
  }

  _changed(changed) {
    if (changed.has("shuffled")) this._nameShuffle();
    if (changed.has("channel") || changed.has("shuffled")) this._colour();
    if (changed.has("cells") || changed.has("channel") || changed.has("shuffled")) {
      const { dims } = this;
      const first = dims.length ? this._siteOf(dims[0]) : 0;
      this.sliders.offer(dims.filter((dim) => this._siteOf(dim) === first));
    }
    if (changed.has("cells")) this._nameSliders();
    if (changed.has("cells") || changed.has("model")) this._outline();
    if (changed.has("model") && this.facts.has_entries && this.state.model.isKnown) this._offerEntries();
  }

  /** The entries of the codebook, to be put into what is picked. */
  _offerEntries() {
    const { prior, imageShape } = this.state.model;
    this.palette = new EntryPalette(this.swaps, prior, {
      imageShape,
      onChoose: (k) => {
        this.onPlace(prior.withEntry(this.state.z, this.sites, k));
        this.onRelease();
      },
    });
  }

  /** The cells of z that stand at the picked places. */
  get sites() {
    return [...this.state.cells].sort((a, b) => a - b).map((place) => this.order[place]);
  }

  /** What a slider is called after, and what it moves. */
  _nameSliders() {
    const n = this.state.cells.length;
    const several = ` A slider moves its channel in all ${n} picked cells by as much, and is named after the first.`;
    write(this.names, `Channel (row, column).${n > 1 ? several : ""}`);
  }

  _siteOf(dim) {
    return siteOf(dim, this.facts.latent_shape);
  }

  /** The latent dimensions that are picked: the chosen channels of the picked cells. */
  get dims() {
    const { channel } = this.state;
    const found = [];
    for (const cell of this.sites) {
      for (let c = 0; c < this.channels; c++) {
        if (channel === null || channel === c) found.push(cell * this.channels + c);
      }
    }
    return found;
  }

  /** Take the picked dimensions from another code. */
  _set(other) {
    const { model, channel } = this.state;
    let z = Float64Array.from(this.state.z);
    for (const dim of this.dims) {
      if (channel === null) z[dim] = other[dim]; // whole sites: they stay in the support
      else z = model.move(z, dim, other[dim]);
    }
    this.onPlace(z);
    this.onRelease();
  }

  /** One slider moves its channel in every picked cell by as much. */
  _slide(dim, value) {
    const { model } = this.state;
    const by = value - this.state.z[dim];
    let z = Float64Array.from(this.state.z);
    const channel = dim % this.channels;
    for (const each of this.dims.filter((each) => each % this.channels === channel)) {
      z = model.move(z, each, model.family.inside(z[each] + by));
    }
    this.onPlace(z);
  }

  /** Outline the pixels that the picked cells can reach. */
  _outline() {
    const { model, cells } = this.state;
    if (!model) return;
    const boxes = cells.map((cell) => model.boxOf(Math.floor(cell / this.w), cell % this.w));
    this.result.outline(boxes.filter((box) => box));
  }

  _colour() {
    const { cells, cells_title: what, cells_unit: unit } = this.facts;
    const { channel } = this.state;
    this.channelButtons.forEach((each, k) =>
      each.setAttribute("aria-pressed", String(this.channelOptions[k] === channel)),
    );
    const sums = Array(this.h * this.w).fill(0);
    cells.forEach((value, dim) => {
      if (channel === null || dim % this.channels === channel) sums[this._siteOf(dim)] += value;
    });
    this.grid.show(this.order.map((cell) => sums[cell]), Math.max(...sums), unit);
    const of = channel === null ? "all channels" : `channel ${channel}`;
    const shuffled = this.state.shuffled && this.facts.cell_order ? ", cells shuffled" : "";
    const said = this.facts.has_entries ? what : `${what} of ${of}, mean`;
    this.title.textContent = `${said} over the test split, ${unit}${shuffled}`;
  }

  themeChanged() {
    this.source.repaint();
  }

  frame() {
    this.sliders.show(this.state.z);
    this.palette?.show(this.state.model, this.state.z, this.sites);
    if (this.costs) this._price();
  }

  destroy() {
    this.palette?.destroy();
    this.source.destroy();
  }
}
