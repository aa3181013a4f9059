/**
 * The entries of a codebook as buttons: the picture with each of them in the cells that are picked.
 */

import { paintPicture } from "../draw/pictures.js";
import { element, write } from "../page/element.js";
import { Slices } from "../page/slices.js";

const EXACT = 1e-3; // from which distance on a cell is at no entry

export class EntryPalette {
  /**
   * @param {HTMLElement} host
   * @param {Object} prior - the codebook
   * @param {{imageShape: number[], onChoose: function(number)}} options
   */
  constructor(host, prior, { imageShape, onChoose }) {
    this.prior = prior;
    this.imageShape = imageShape;
    this.work = new Slices();
    const order = Array.from(prior.shares.keys()).sort((a, b) => prior.shares[b] - prior.shares[a]);
    this.buttons = order.map((k) => {
      const canvas = element("canvas", { class: "picture" });
      const share = `${(100 * prior.shares[k]).toFixed(1)}% of all cells in training`;
      const root = element("button", {
        type: "button", "aria-pressed": "false", "aria-label": `entry ${k}, ${share}`,
        title: `entry ${k}: ${share}`, onclick: () => onChoose(k),
      }, canvas);
      return { k, canvas, root };
    });
    this.words = element("p", { class: "note" });
    host.append(
      element("section", { class: "entries" },
        this.words,
        element("div", { class: "row", role: "group", "aria-label": "Entry of the picked cells" }, ...this.buttons.map(({ root }) => root)),
      ),
    );
  }

  /**
   * The pictures anew where z is another one beside the picked cells; which entry is there.
   * @param {Object} model
   * @param {Float64Array} z
   * @param {number[]} sites - that are picked
   */
  show(model, z, sites) {
    const here = sites.length ? this._entryAt(z, sites[0]) : null;
    for (const { k, root } of this.buttons) root.setAttribute("aria-pressed", String(k === here));
    const n = this.prior.nEntries;
    const where = sites.length === 1 ? "the picked cell" : `${sites.length} picked cells`;
    const at = here === null ? "no entry: between them the decoder was not trained" : `entry ${here}`;
    write(this.words, sites.length
      ? `The picture with each of ${n} entries in ${where}, the most used first. Now: ${at}. Click one to swap.`
      : "Pick a cell to swap its entry.");
    const beside = this.prior.withEntry(z, sites, 0);
    const key = `${sites} ${beside}`;
    if (key === this.key || !sites.length) return;
    this.key = key;
    for (const { canvas } of this.buttons) canvas.hidden = !model.isHere;
    if (model.isHere) this.work.run(this._paint(model, beside, sites));
  }

  *_paint(model, z, sites) {
    for (const { k, canvas } of this.buttons) {
      const pixels = model.pixelsAt(this.prior.withEntry(z, sites, k));
      paintPicture(canvas, pixels.mean, this.imageShape);
      yield k;
    }
  }

  /** Which entry stands at a site; null where none does. */
  _entryAt(z, site) {
    const k = this.prior.nearestAt(z, site);
    const moved = this.prior.withEntry(z, [site], k);
    return moved.every((value, j) => Math.abs(value - z[j]) < EXACT) ? k : null;
  }

  destroy() {
    this.work.stop();
  }
}
