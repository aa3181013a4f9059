/**
 * The codebook as p(z), as vae_core/priors/codebook.py: each of K entries, with the same
 * probability, at every site.
 */

import { CodebookEntry } from "../posteriors/codebook.js";
import { randomGenerator } from "../random.js";
import { count, float64s, total } from "../shapes.js";
import { LearnedPrior, REACH } from "./base.js";

export class CodebookPrior extends LearnedPrior {
  /**
   * @param {number[]} latentShape
   * @param {Float32Array} entries - K rows of C values
   * @param {ArrayLike<number>} counts - how often each was the nearest in training, K values
   */
  constructor(latentShape, entries, counts) {
    super(latentShape);
    this.channels = latentShape.at(-1);
    this.size = count(latentShape);
    this.nSites = this.size / this.channels;
    this.nEntries = entries.length / this.channels;
    this.entries = entries;
    const all = total(counts) || 1;
    this.shares = float64s(this.nEntries, (k) => counts[k] / all);
    this.mean = float64s(this.size, (j) => {
      const c = j % this.channels;
      return total(float64s(this.nEntries, (k) => this._value(k, c))) / this.nEntries;
    });
  }

  _value(k, c) {
    return this.entries[k * this.channels + c];
  }

  get reach() {
    return this.entries.reduce((most, value) => Math.max(most, Math.abs(value)), REACH);
  }

  /** Which entry is nearest at a site of z. */
  nearestAt(z, site) {
    let [best, found] = [Infinity, 0];
    for (let k = 0; k < this.nEntries; k++) {
      let distance = 0;
      for (let c = 0; c < this.channels; c++) {
        distance += (z[site * this.channels + c] - this._value(k, c)) ** 2;
      }
      if (distance < best) [best, found] = [distance, k];
    }
    return found;
  }

  /** z with entry k at these sites. */
  withEntry(z, sites, k) {
    const moved = Float64Array.from(z);
    for (const site of sites) {
      for (let c = 0; c < this.channels; c++) moved[site * this.channels + c] = this._value(k, c);
    }
    return moved;
  }

  /** What an encoder gives, each site replaced by the nearest entry: parameters of q(z|x). */
  quantised(output) {
    let z = output;
    for (let site = 0; site < this.nSites; site++) {
      z = this.withEntry(z, [site], this.nearestAt(output, site));
    }
    return z;
  }

  /** The entries, each at every site, by how often they were used. */
  get parts() {
    const sites = Array.from(Array(this.nSites).keys());
    return Array.from(this.shares, (weight, k) => ({
      q: new CodebookEntry(this.latentShape, this.withEntry(this.mean, sites, k)), weight,
    }));
  }

  draw(seed) {
    const { uniform } = randomGenerator(seed);
    let z = this.mean;
    for (let site = 0; site < this.nSites; site++) {
      z = this.withEntry(z, [site], Math.floor(uniform() * this.nEntries));
    }
    return z;
  }

  /** Of entries: every one is as probable as the other. */
  logProb() {
    return -this.nSites * Math.log(this.nEntries);
  }

  rate() {
    return { value: this.nSites * Math.log(this.nEntries), error: 0 };
  }

  /** The share of each channel in what its site costs. */
  ratePerDim(q) {
    return float64s(q.size, () => Math.log(this.nEntries) / this.channels);
  }
}
