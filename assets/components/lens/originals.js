/**
 * The test images themselves, where they can be had: fetched one by one.
 */

import { bytesAt } from "../page/fetch.js";

const MAX_IMAGES = 500; // kept of those that were fetched

export class Originals {
  /**
   * @param {Object} facts - images: the address, or null; n_originals: how many there are
   * @param {function(string)} onFail
   */
  constructor(facts, onFail) {
    this.facts = facts;
    this.onFail = onFail;
    this.kept = new Map(); // number -> (c, H, W)
  }

  /** Whether an image can be had, not only its code. */
  has(index) {
    return Boolean(this.facts.images) && index < this.facts.n_originals;
  }

  /** An image that was fetched before, or null. */
  get(index) {
    return this.kept.get(index) ?? null;
  }

  /** Hand an image to `done` when it is here; nothing happens when it cannot be had. */
  async fetch(index, done) {
    if (this.kept.has(index)) {
      done(this.kept.get(index));
      return;
    }
    if (!this.has(index)) return;
    try {
      const x = new Float32Array(await bytesAt(`${this.facts.images}images/${index}`));
      if (this.kept.size >= MAX_IMAGES) this.kept.delete(this.kept.keys().next().value);
      this.kept.set(index, x);
      if (!this.isGone) done(x);
    } catch (error) {
      this.onFail(error.message);
    }
  }

  destroy() {
    this.isGone = true;
  }
}
