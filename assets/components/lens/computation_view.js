/**
 * The strip below the plane: the computation as a row of nodes with their values, and their lines.
 */

import { paintPicture } from "../draw/pictures.js";
import { copyTextOf } from "../page/clipboard.js";
import { button, element, write } from "../page/element.js";
import { LAYER, cellOf, dimsShown, nodesOf, stillValues, valueOf } from "./computation.js";
import { Reparameterisation } from "./reparameterisation.js";

const SHOW = "Show the computation";
const HIDE = "Hide the computation";
const BEYOND = {
  free_bits: "free bits", tc_weight: "the total correlation", importance: "several samples in one bound",
  mistake: "a mistake on purpose",
};

export class ComputationView {
  /**
   * @param {HTMLElement} host - a row of its own
   * @param {Object} lens - facts, state, stage and callbacks
   * @param {function(?string)} onLight - a part of the plane to light, or none
   */
  constructor(host, lens, onLight) {
    Object.assign(this, { host, lens, onLight, facts: lens.facts, state: lens.state });
    host.hidden = !this.facts.computation;
    if (host.hidden) return;
    this.toggle = button(SHOW, () => this._toggle(), { "aria-expanded": "false" });
    host.append(element("div", { class: "controls" }, this.toggle));
    this.state.subscribe((changed) => {
      if (changed.has("layers")) this._arrange();
    });
    this._arrange();
  }

  get isShown() {
    return !this.host.hidden && this.state.layers.includes(LAYER);
  }

  _toggle() {
    const { layers } = this.state;
    const others = layers.filter((layer) => layer !== LAYER);
    this.state.change({ layers: this.isShown ? others : [...layers, LAYER] });
    this.lens.onRelease();
  }

  /** Built when it is first shown. */
  _arrange() {
    const { isShown } = this;
    this.toggle.textContent = isShown ? HIDE : SHOW;
    this.toggle.setAttribute("aria-expanded", String(isShown));
    if (isShown && !this.body) this._build();
    if (this.body) this.body.hidden = !isShown;
    if (!isShown) this._light(null);
    this.lens.stage.schedule();
  }

  _build() {
    const { lines, prelude } = this.facts.computation;
    this.where = element("p", { class: "note" });
    const nodes = nodesOf(lines);
    const hasNoise = nodes.some(({ key }) => key === "eps");
    this.drawn = hasNoise ? "eps" : this.facts.family.has_density && "z"; // where chance comes in
    this.nodes = nodes.map((node) => this._node(node));
    const list = element("ol", { class: "nodes" }, ...this.nodes.map(({ item }) => item));
    const code = element("pre", {
      class: "code", role: "region", tabindex: 0, "aria-label": "The same in PyTorch",
    }, ...this.nodes.map(({ code }) => code));
    this.cell = element("textarea", {
      class: "cell", rows: 8, readonly: true, hidden: true, spellcheck: "false", "aria-label": "The cell",
    });
    this.copy = button("Copy as PyTorch", () => this._copy());
    this.copied = element("span", { class: "note", role: "status" });
    this.hold = new Reparameterisation(this.lens);
    this.body = element("div", { class: "computation" },
      this.where, list,
      element("div", { class: "under" },
        element("div", { class: "lines" }, code,
          prelude ? element("div", { class: "controls" }, this.copy, this.copied) : null, this.cell),
        this.hold.element),
    );
    for (const name of ["rate", "distortion", "elbo"]) {
      this.body.style.setProperty(`--${name}`, this.facts.colours[name]);
    }
    this.host.append(this.body);
  }

  /** A node: name, picture, values; its line stands below the row, or in it where there is room. */
  _node({ key, title, line, mark, names }) {
    const values = element("span", { class: "values" });
    const pictures = element("span", { class: "pictures" });
    const face = element("button", { type: "button", class: "node" },
      element("b", { text: title }), pictures, values, element("code", { text: line }));
    const item = element("li", { class: `of-${mark ?? key}`, "data-key": key }, face);
    if (key === this.drawn) item.append(button("sample", this.lens.onRedraw, { title: "Sample z again" }));
    const code = element("code", { class: "line", text: line });
    const node = { key, names, mark, item, face, values, pictures, code, canvases: [], told: [] };
    for (const part of [item, code]) {
      part.addEventListener("pointerenter", () => this._light(node));
      part.addEventListener("pointerleave", () => this._light(null));
    }
    face.addEventListener("focus", () => this._light(node));
    face.addEventListener("blur", () => this._light(null));
    face.addEventListener("click", () => this._light(node));
    return node;
  }

  _light(node) {
    if (node === this.lit) return;
    for (const part of [this.lit?.item, this.lit?.code]) part?.classList.remove("lit");
    for (const part of [node?.item, node?.code]) part?.classList.add("lit");
    this.lit = node;
    this.onLight(node ? (node.mark ?? node.key) : null);
  }

  /** Each frame: only what has changed, and nothing while the strip is not shown. */
  frame() {
    if (!this.isShown || !this.state.model) return;
    const now = this._now();
    for (const node of this.nodes) this._showNode(node, valueOf(node, now));
    this.hold.frame(now);
    const others = this.facts.names.length - now.dims.length;
    const shown = now.place ?? `${now.labels.join(" and ")}`;
    const beyond = this.facts.computation.beyond.map((name) => BEYOND[name] ?? name);
    const about = [
      now.isAll ? "" : `Of z this shows ${shown}. The other ${others} dimensions are computed alike.`,
      beyond.length ? `Training had what this loss has not: ${beyond.join(", ")}.` : "",
    ].join(" ").trim();
    write(this.where, about);
  }

  _now() {
    const { facts, state } = this;
    const { x, z, model, pixels, distortion, posterior: q } = state;
    const { image_shape, computation: { weights } } = facts;
    if (!this.still || x !== this.seen) {
      this.seen = x;
      this.still = stillValues(x, x && model.hiddenAt(x), image_shape);
    }
    const { still } = this;
    const { likelihood } = model.graph;
    const shown = dimsShown(facts, state);
    return { ...shown, z, q, pixels, distortion, still, image_shape, weights, likelihood };
  }

  _showNode(node, { columns, rows, text, pictures }) {
    const head = columns.length > 1 ? [["", ...columns]] : [];
    const told = rows.length ? [...head, ...rows].flat() : [text];
    if (told.length !== node.told.length) {
      node.told = told.map(() => null);
      node.cells = told.map(() => element("span"));
      node.values.style.setProperty("--columns", columns.length + 1);
      node.values.classList.toggle("grid", rows.length > 0);
      node.values.replaceChildren(...node.cells);
    }
    told.forEach((word, k) => {
      if (node.told[k] !== word) node.cells[k].textContent = node.told[k] = word;
    });
    while (node.canvases.length < pictures.length) {
      const canvas = element("canvas", { class: "picture", "aria-hidden": "true" });
      node.canvases.push(canvas);
      node.pictures.append(canvas);
    }
    node.canvases.forEach((canvas, k) => {
      const picture = pictures[k];
      canvas.hidden = !picture;
      if (picture && picture.values !== canvas.painted) {
        paintPicture(canvas, picture.values, picture.shape);
        canvas.painted = picture.values;
      }
    });
  }

  async _copy() {
    const { computation, image_shape } = this.facts;
    const { x, z, posterior: q } = this.state;
    this.cell.value = cellOf(computation, { x, eps: q && z && q.noiseAt(z), image_shape });
    const isCopied = await copyTextOf(this.cell);
    this.copied.textContent = isCopied ? "Copied. Paste it into a notebook." : "Press ctrl+C to copy it.";
  }
}
