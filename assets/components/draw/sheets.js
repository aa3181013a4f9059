/**
 * Decoded pictures of every checkpoint: one sheet each, fetched in advance.
 */

import { element } from "../page/element.js";
import { bytesAt } from "../page/fetch.js";

export class Sheets {
  /**
   * @param {string} address - a sheet is at `address` and its number
   * @param {{onCome: function(number), onFail: function(string)}} events
   */
  constructor(address, events) {
    this.address = address;
    this.events = events;
    this.come = new Map(); // number -> ImageBitmap
    this.queue = [];
    this.stop = new AbortController();
  }

  destroy() {
    this.stop.abort();
    this.queue = [];
    for (const sheet of this.come.values()) sheet.close();
    this.come.clear();
  }

  get(number) {
    return this.come.get(number) ?? null;
  }

  /** Fetch these, in this order, one after the other. */
  async want(numbers) {
    this.queue = numbers.filter((number) => !this.come.has(number));
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      while (this.queue.length) await this._fetch(this.queue.shift());
    } catch (error) {
      if (!this.stop.signal.aborted) this.events.onFail(error.message);
    } finally {
      this.isBusy = false;
    }
  }

  async _fetch(number) {
    const bytes = await bytesAt(`${this.address}${number}`, { signal: this.stop.signal });
    const sheet = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    if (this.stop.signal.aborted) {
      sheet.close();
      return;
    }
    this.come.set(number, sheet);
    this.events.onCome(number);
  }
}

/** Rows of a sheet on a canvas, one canvas pixel per image pixel. */
export class SheetPart {
  /**
   * @param {string} label - for those who do not see it
   * @param {{wide: number, top: number, high: number}} part - of the sheet, in its pixels
   */
  constructor(label, { wide, top, high }) {
    this.part = { wide, top, high };
    this.canvas = element("canvas", {
      class: "sheet", width: wide, height: high, role: "img", "aria-label": label,
    });
    this.pen = this.canvas.getContext("2d");
  }

  /** Lay a sheet over what is there. */
  paint(sheet, opacity) {
    const { wide, top, high } = this.part;
    this.pen.globalAlpha = opacity;
    this.pen.drawImage(sheet, 0, top, wide, high, 0, 0, wide, high);
  }
}
