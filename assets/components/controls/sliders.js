/**
 * The sliders: one per latent dimension, the most informative first.
 */

import { button, element, range } from "../page/element.js";
import { signed } from "../page/text.js";

const FEW_SLIDERS = 16;

export class Sliders {
  /**
   * @param {HTMLElement} host
   * @param {Object} options
   *   names, kl: of all dimensions; low, high: range of the sliders; onMove(j, value);
   *   onRelease()
   */
  constructor(host, options) {
    this.options = options;
    this.list = element("div", { class: "sliders" });
    this.more = button("", () => this._all(), { hidden: true });
    host.append(this.list, this.more);
    this.rows = new Map(); // dimension -> its row
  }

  /** Which dimensions have a slider, in this order; the first few until more are asked for. */
  offer(dims) {
    this.dims = dims;
    this.isWhole = dims.length <= FEW_SLIDERS + 4 || this.isWhole;
    const shown = this.isWhole ? dims : dims.slice(0, FEW_SLIDERS);
    this.rows = new Map(shown.map((j) => [j, this._row(j)]));
    this.list.replaceChildren(...[...this.rows.values()].map(({ row }) => row));
    this.more.hidden = shown.length === dims.length;
    this.more.textContent = `All ${dims.length} dimensions`;
    if (this.z) this.show(this.z);
  }

  _all() {
    this.isWhole = true;
    this.offer(this.dims);
  }

  _row(j) {
    const { names, kl, low, high, onMove, onRelease } = this.options;
    const step = high > 1 ? 0.01 : 0.001;
    const input = range({
      min: low, max: high, step, "aria-label": names[j],
      oninput: () => onMove(j, Number(input.value)),
      onchange: onRelease,
      onkeydown: (event) => this._key(event, j, input),
    });
    const value = element("output", { class: "value" });
    const average = kl ? element("small", { text: `${signed(kl[j], 2)} nats` }) : null;
    const name = element("span", { class: "name" }, element("b", { text: names[j] }), average);
    return { row: element("label", { class: "slider" }, name, input, value), input, value };
  }

  /** Arrow keys take steps that can be seen; with shift, small ones. */
  _key(event, j, input) {
    const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const { low, high, onMove, onRelease } = this.options;
    const step = (high - low) / (event.shiftKey ? 800 : 80);
    const value = Number(input.value) + way * step;
    onMove(j, Math.min(Math.max(value, Number(input.min)), Number(input.max)));
    onRelease();
  }

  /** Put all sliders to z; one that is out of range widens its slider. */
  show(z) {
    this.z = z;
    for (const [j, { input, value }] of this.rows) {
      const reach = Math.ceil(Math.abs(z[j]));
      if (reach > this.options.high) {
        input.min = -reach;
        input.max = reach;
      }
      input.value = z[j];
      value.textContent = signed(z[j], 2);
    }
  }
}
