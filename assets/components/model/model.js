/**
 * A model as the lens uses it: in the page where it fits, else asked of the server.
 */

import { bytesAt } from "../page/fetch.js";
import { count, openModel, readTensors } from "./engine.js";
import { FAMILIES, posterior, prior } from "../math/posteriors/families.js";
import { PIXEL_FAMILIES, pixels } from "../math/likelihoods.js";
import { total } from "../math/posteriors/posterior.js";

export class LensModel {
  /**
   * @param {ArrayBuffer} file - networks and graph
   * @param {string} address - where its codes are, and where it can be asked
   */
  constructor(file, address) {
    const { graph, encode, decode } = openModel(file);
    this.graph = graph;
    this.address = address;
    this.imageShape = graph.image_shape;
    this.latentShape = graph.latent_shape;
    this.size = count(graph.latent_shape); // how many numbers z has
    // Of a family that this page does not know it shows the moments, and no KL. Pixels that it
    // does not know come painted from the server, and no distortion.
    this.isKnown = graph.posterior in FAMILIES;
    this.hasPixels = graph.likelihood.name in PIXEL_FAMILIES;
    this.family = this.isKnown ? graph.posterior : "diagonal";
    this.prior = prior(this.family, this.latentShape);
    this.isHere = Boolean(decode) && this.hasPixels;
    this.codes = null;
    this._encode = this.isKnown ? encode : null;
    this._decode = decode;
    this._waiting = {}; // by question: the latest asked of the server
  }

  /**
   * Fetch a model and the codes of its test split: n rows of `width` parameters, and labels.
   * Throws an error with one sentence when they cannot be had.
   */
  static async fetch(address) {
    const names = ["model", "posteriors"];
    const [file, codes] = await Promise.all(names.map((name) => bytesAt(address + name)));
    const model = new LensModel(file, address);
    const known = model.isKnown ? codes : await bytesAt(`${address}moments`);
    const { params, labels } = readTensors(known).tensors;
    const [n, width] = params.shape;
    model.codes = { params: params.values, labels: labels.values, n, width };
    return model;
  }

  /** q(z|x) of a test image, from its code. */
  posteriorAt(index) {
    const { params, width } = this.codes;
    return this.posteriorOf(params.subarray(index * width, (index + 1) * width));
  }

  /** Means of all codes, n rows of d numbers. */
  meansOfCodes() {
    const { n } = this.codes;
    const means = new Float32Array(n * this.size);
    for (let i = 0; i < n; i++) means.set(this.posteriorAt(i).mean, i * this.size);
    return means;
  }

  posteriorOf(params) {
    const q = posterior(this.family, params, this.latentShape);
    if (this.isKnown) return q;
    const unknown = q.mean.map(() => NaN);
    const values = { kl: NaN, klPerDim: unknown, parts: null };
    for (const [name, value] of Object.entries(values)) Object.defineProperty(q, name, { value });
    return q;
  }

  /** What the page cannot do for this model, in words; empty when it can do all. */
  get shortcomings() {
    const millions = (this.graph.multiply_adds.decoder / 1e6).toFixed(1);
    const found = [];
    if (!this.isHere) {
      found.push(
        `The server decodes: ${millions} million multiply-adds a picture, or a layer or ` +
          "likelihood that is not known here, are too much for the page.",
      );
    }
    if (!this.isKnown) {
      found.push("The page does not know this posterior: it shows means and variances, no KL.");
    }
    return found.join(" ");
  }

  /** The nearest thing to z that is a code: where numbers add up to 1, they do. */
  sound(z) {
    if (this.family !== "dirichlet") return z;
    const channels = this.latentShape.at(-1);
    const positive = z.map((value) => Math.max(value, 0));
    const sums = positive.map((_, j) => {
      const first = j - (j % channels);
      return total(positive.subarray(first, first + channels));
    });
    return positive.map((value, j) => (sums[j] > 0 ? value / sums[j] : 1 / channels));
  }

  /** Hand the parameters of q(z|x) to `done`: at once, or when the server has answered. */
  encode(x, done) {
    if (this._encode) done(this._encode(x));
    else this._ask(this.isKnown ? "encode" : "moments", x, done);
  }

  /** Hand p(x|z) to `done`: at once, or when the server has answered. */
  decode(z, done) {
    const numbers = Float32Array.from(z);
    const made = (output) => done(pixels(this.graph.likelihood, output.slice(), this.imageShape));
    if (!this.hasPixels) this._ask("picture", numbers, (mean) => done(onlyMean(mean)));
    else if (this._decode) made(this._decode(numbers));
    else this._ask("decode", numbers, made);
  }

  /** One question at a time; of those that come meanwhile, only the latest is asked. */
  async _ask(name, numbers, done) {
    const isBusy = name in this._waiting;
    this._waiting[name] = { numbers: numbers.slice(), done };
    if (isBusy) return;
    while (this._waiting[name]) {
      const { numbers: body, done: answer } = this._waiting[name];
      this._waiting[name] = null;
      try {
        answer(new Float32Array(await bytesAt(`${this.address}${name}`, { method: "POST", body })));
      } catch (error) {
        console.warn(error.message); // the next move asks again
      }
    }
    delete this._waiting[name];
  }
}

/** Pixels of which only the mean is known. */
function onlyMean(mean) {
  return { mean, logProb: () => NaN, draw: () => mean };
}
