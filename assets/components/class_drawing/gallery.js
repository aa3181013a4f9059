/**
 * The drawings of a class, by label: the teacher marks some and removes them; a student opens an
 * own one. Labels are text.
 */

import { paintPicture } from "../draw/pictures.js";
import { button, element, write } from "../page/element.js";
import { keepOne } from "../page/mounting.js";

const SIDE = 28;

class Gallery {
  /**
   * @param {Element} host
   * @param {{labels: string[], counts: number[], names: string[], of: number[], pixels: string,
   *   picks: boolean}} data - how many there are of each label, if all are shown; of each its name,
   *   its label's index and its levels, all in one base64 text; whether a click opens it
   * @param {function(Object)} send
   */
  constructor(host, data, send) {
    this.marked = new Set();
    this.tiles = new Map(); // by name, and kept: what stays does not blink
    this.sheet = element("div", { class: "sheets" });
    this.remove = button("", () => this._remove(), { class: "primary", hidden: true });
    this.unmark = button("Keep them", () => this._unmark(), { hidden: true });
    this.root = element(
      "div", { class: "lens gallery" }, this.sheet,
      element("div", { class: "controls" }, this.remove, this.unmark),
    );
    host.append(this.root);
    this.update(data, send);
  }

  update(data, send) {
    Object.assign(this, { data, send });
    const levels = Uint8Array.from(atob(data.pixels), (letter) => letter.charCodeAt(0));
    for (const [name, tile] of this.tiles) if (!data.names.includes(name)) this._drop(name, tile);
    data.names.forEach((name, k) => {
      if (!this.tiles.has(name)) this.tiles.set(name, this._tile(name, k));
      const shown = levels.subarray(k * SIDE * SIDE, (k + 1) * SIDE * SIDE);
      paintPicture(this.tiles.get(name).canvas, Float32Array.from(shown, (v) => v / 255), [1, SIDE, SIDE]);
    });
    this._lay();
    this._arrange();
    return true;
  }

  destroy() {
    this.root.remove();
  }

  _tile(name, k) {
    const label = this.data.labels[this.data.of[k]];
    const canvas = element("canvas", { class: "picture", "aria-hidden": "true" });
    const pressed = this.data.picks ? {} : { "aria-pressed": "false" };
    const tile = element(
      "button",
      { type: "button", class: "tile", title: label, "aria-label": label, onclick: () => this._press(name), ...pressed },
      canvas,
    );
    return { element: tile, canvas, of: this.data.of[k] };
  }

  _drop(name, tile) {
    tile.element.remove();
    this.tiles.delete(name);
    this.marked.delete(name);
  }

  /** A row a label, the newest first. */
  _lay() {
    const { labels, counts } = this.data;
    if (this.sheet.children.length !== labels.length) {
      this.sheet.replaceChildren(...labels.map(() =>
        element("section", {}, element("h3"), element("div", { class: "tiles" }))));
    }
    [...this.sheet.children].forEach((row, label) => {
      write(row.firstChild, counts.length ? `${labels[label]}: ${counts[label]}` : labels[label]);
      row.hidden = this.data.picks && !this.data.of.includes(label);
      const tiles = [...this.tiles.values()].filter((tile) => tile.of === label).reverse();
      tiles.forEach((tile, k) => {
        const there = row.lastChild.children[k];
        if (there !== tile.element) row.lastChild.insertBefore(tile.element, there ?? null);
      });
    });
  }

  _press(name) {
    if (this.data.picks) {
      this.send({ open: name, at: Date.now() });
      return;
    }
    if (!this.marked.delete(name)) this.marked.add(name);
    this._arrange();
  }

  _unmark() {
    this.marked.clear();
    this._arrange();
  }

  _remove() {
    this.send({ remove: [...this.marked], at: Date.now() });
  }

  _arrange() {
    const n = this.marked.size;
    for (const [name, tile] of this.tiles) {
      if (!this.data.picks) tile.element.setAttribute("aria-pressed", String(this.marked.has(name)));
    }
    this.remove.hidden = this.unmark.hidden = n === 0;
    write(this.remove, n === 1 ? "Remove the marked drawing" : `Remove ${n} marked drawings`);
  }
}

const keep = keepOne("told", (host, data, send) => new Gallery(host, data, send));

/** Called by Streamlit on every run of the part. */
export default function mountGallery(component) {
  return keep(component);
}
