/**
 * The grid of cells of a feature map: its KL as a heat map, and which cells are picked.
 */

import { channelsOf } from "../draw/colours.js";
import { element } from "../page/element.js";
import { signed } from "../page/text.js";

const KEYS_TO_CELLS = {
  ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0],
};

export class CellGrid {
  /**
   * @param {HTMLElement} host
   * @param {number[]} shape - (h, w, C)
   * @param {{colour: string, onPick: function(Set<number>)}} options
   */
  constructor(host, [h, w], { colour, onPick }) {
    this.size = [h, w];
    this.colour = channelsOf(colour);
    this.onPick = onPick;
    this.picked = new Set();
    this.buttons = Array.from({ length: h * w }, (_, cell) =>
      element("button", {
        type: "button", class: "cell", "aria-pressed": "false",
        onpointerdown: (event) => this._press(event, cell),
        onpointerenter: (event) => event.buttons & 1 && this.isPainting && this._paint(cell),
        onkeydown: (event) => this._key(event, cell),
        onclick: (event) => event.detail === 0 && this._toggle(event, cell), // by key
      }),
    );
    this.grid = element("div", {
      class: "grid", role: "group", "aria-label": "cells of the feature map",
      style: `--columns:${w}`,
    }, ...this.buttons);
    host.append(this.grid);
    this.buttons.forEach((button, k) => (button.tabIndex = k ? -1 : 0));
  }

  /** Pick one cell; with shift, ctrl or cmd one more; drag to pick several. */
  _press(event, cell) {
    if (event.button !== 0) return;
    event.target.releasePointerCapture?.(event.pointerId); // fingers enter other cells, too
    this.isPainting = true;
    window.addEventListener("pointerup", () => (this.isPainting = false), { once: true });
    this._toggle(event, cell);
  }

  _toggle(event, cell) {
    const isMore = event.shiftKey || event.ctrlKey || event.metaKey;
    const next = new Set(isMore ? this.picked : []);
    if (isMore && next.has(cell)) next.delete(cell);
    else next.add(cell);
    this.pick(next);
  }

  _paint(cell) {
    if (!this.picked.has(cell)) this.pick(new Set([...this.picked, cell]));
  }

  _key(event, cell) {
    const [down, right] = KEYS_TO_CELLS[event.key] ?? [0, 0];
    if (!down && !right) return;
    event.preventDefault();
    const [h, w] = this.size;
    const row = Math.min(Math.max(Math.floor(cell / w) + down, 0), h - 1);
    const column = Math.min(Math.max((cell % w) + right, 0), w - 1);
    this.buttons[cell].tabIndex = -1;
    this.buttons[row * w + column].tabIndex = 0;
    this.buttons[row * w + column].focus();
  }

  /** Pick these cells. */
  pick(cells) {
    this.picked = cells;
    this.buttons.forEach((b, k) => b.setAttribute("aria-pressed", String(cells.has(k))));
    this.onPick(cells);
  }

  /**
   * Colour the cells by a value each, white at 0.
   * @param {number[]} values
   * @param {number} most - the full colour
   * @param {string} words - what the numbers are, for a screen reader
   */
  show(values, most, words) {
    const [, w] = this.size;
    values.forEach((value, k) => {
      const share = most > 0 ? Math.min(value / most, 1) : 0;
      const mixed = this.colour.map((c) => Math.round(255 + share * (c - 255)));
      const button = this.buttons[k];
      button.style.background = `rgb(${mixed.join(",")})`;
      button.textContent = signed(value, 2);
      const place = `row ${Math.floor(k / w)}, column ${k % w}`;
      button.setAttribute("aria-label", `${place}: ${signed(value, 2)} ${words}`);
    });
  }
}
