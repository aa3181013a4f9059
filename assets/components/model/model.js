/**
 * A model for the lens: run in the page where it fits, else on the server.
 */

import { LIKELIHOODS, logProbOf, pixels } from "../math/likelihoods.js";
import { FAMILIES } from "../math/posteriors/families.js";
import { priorOf } from "../math/priors/priors.js";
import { count } from "../math/shapes.js";
import { atOnce } from "../math/true_posterior.js";
import { bytesAt } from "../page/fetch.js";
import { openModel } from "./engine.js";
import { boxOfCell } from "./receptive_field.js";
import { readTensors } from "./safetensors.js";

const AFFINE = new Set(["linear", "conv", "conv_transpose"]);
const PASSING = new Set([
  ...AFFINE, "flatten", "unflatten", "pad", "crop", "channels_last", "channels_first",
]);

export class LensModel {
  /**
   * @param {ArrayBuffer} file - networks and graph
   * @param {string} address - where its codes are, and where it can be asked
   */
  constructor(file, address) {
    const { graph, encode, decode, labels, tensors } = openModel(file);
    this.graph = graph;
    this.address = address;
    this.imageShape = graph.image_shape;
    this.latentShape = graph.latent_shape;
    this.size = count(graph.latent_shape); // how many dimensions z has
    // Of a family that is not known here the lens shows the moments, and no KL. Pixels of a
    // likelihood that is not known here are computed by the server, and no distortion is shown.
    this.isKnown = graph.posterior in FAMILIES;
    this.hasPixels = graph.likelihood.name in LIKELIHOODS;
    this.family = FAMILIES[graph.posterior] ?? FAMILIES.diagonal;
    this.prior = priorOf(graph.prior, tensors, this.family, this.latentShape);
    this.isHere = Boolean(decode) && this.hasPixels;
    this.isConditional = Boolean(graph.labels);
    this.label = 0; // of a conditional model: what the decoder is given, and the encoder by default
    this._labels = labels;
    this.codes = null;
    this._encode = this.isKnown ? encode : null;
    this._decode = decode;
    this._waiting = {}; // by question: the latest request to the server
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
    const { params, labels, width } = this.codes;
    return this.posteriorOf(params.subarray(index * width, (index + 1) * width), labels[index]);
  }

  /** The test image whose mean is nearest to z. */
  nearestCode(z) {
    const { n } = this.codes;
    this.means ??= this._meansOfCodes();
    const d = z.length;
    let [best, nearest] = [Infinity, 0];
    for (let i = 0; i < n; i++) {
      let distance = 0;
      for (let j = 0; j < d && distance < best; j++) {
        distance += (this.means[i * d + j] - z[j]) ** 2;
      }
      if (distance < best) [best, nearest] = [distance, i];
    }
    return nearest;
  }

  /** Means of all codes, n rows of d values. */
  _meansOfCodes() {
    const { n } = this.codes;
    const means = new Float32Array(n * this.size);
    for (let i = 0; i < n; i++) means.set(this.posteriorAt(i).mean, i * this.size);
    return means;
  }

  /** q(z|x) by its parameters, against p(z), or the prior of its label where each has its own. */
  posteriorOf(params, label = null) {
    const q = this.family.fromParams(params, this.latentShape);
    if (this.isKnown) return this.prior.isLearned ? q.against(this.prior.given(label)) : q;
    const unknown = q.mean.map(() => NaN);
    const values = { kl: NaN, klPerDim: unknown, parts: null };
    for (const [name, value] of Object.entries(values)) Object.defineProperty(q, name, { value });
    return q;
  }

  /** The limits of the page for this model, in words; empty when there is none. */
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

  /** The nearest z in the prior's support. */
  nearest(z) {
    return this.family.nearest(z, this.latentShape.at(-1));
  }

  /** z with one dimension at a value, the others following if they must. */
  move(z, dim, value) {
    return this.family.move(z, this.latentShape.at(-1), dim, value);
  }

  /** The pixels that a cell of a feature map reaches; null where the server decodes. */
  boxOf(row, column) {
    const { decoder, decoder_field: field } = this.graph;
    return decoder && boxOfCell(field, [row, column], this.imageShape);
  }

  /**
   * Hand the parameters of q(z|x) to `done`: at once, or when the server's answer is there. Of a
   * conditional model with this label.
   */
  encode(x, done, label = this.label) {
    if (this._encode) {
      this._labels?.encoder.set(label);
      const output = this._encode(x);
      done(this.prior.quantised ? this.prior.quantised(output) : output);
    } else this._ask(this.isKnown ? "encode" : "moments", x, done, label);
  }

  /** Decode with a label: the function of z, or null where the server decodes. */
  _decoder(label = this.label) {
    if (this._decode) this._labels?.decoder.set(label);
    return this._decode;
  }

  /** The label with which the ELBO of an image, at z = mean, is highest; the first where unknown. */
  likeliestLabel(x, labels) {
    if (!this.isHere || !this._encode) return labels[0];
    const scores = labels.map((label) => {
      let score = -Infinity;
      this.encode(x, (params) => {
        const q = this.posteriorOf(params);
        score = this.pixelsAt(q.mean, label).logProb(x) - q.kl;
      }, label);
      return score;
    });
    return labels[scores.indexOf(Math.max(...scores))];
  }

  /**
   * What the encoder's activations give for an image; null where the server encodes.
   * @returns {?{shape: number[], values: Float32Array}[]} one for each hidden layer
   */
  hiddenAt(x) {
    if (!this._encode) return null;
    this._labels?.encoder.set(this.label);
    const steps = this._encode.trace(x);
    const isHidden = ({ op }, k) => !PASSING.has(op) && steps.slice(k + 1).some((s) => AFFINE.has(s.op));
    return steps.filter(isHidden).map(({ shape, values }) => ({ shape, values: values.slice() }));
  }

  /** Hand p(x|z) to `done`: at once, or when the server's answer is there. */
  decode(z, done) {
    const values = Float32Array.from(z);
    const made = (output) => done(pixels(this.graph.likelihood, output.slice(), this.imageShape));
    if (!this.hasPixels) this._ask("picture", values, (mean) => done(onlyMean(mean)));
    else if (this._decode) made(this._decoder()(values));
    else this._ask("decode", values, made);
  }

  /** What the decoder gives at many z: an array for each. Only of a model that is here. */
  outputsAt(places) {
    const n = places.length;
    const all = this._decoder().many(Float32Array.from(places.flatMap((z) => Array.from(z))), n);
    const size = all.length / n;
    return places.map((_, k) => all.subarray(k * size, (k + 1) * size));
  }

  /** p(x|z), at once, with this label where one is taken. Only of a model that is here. */
  pixelsAt(z, label = this.label) {
    const output = this._decoder(label)(Float32Array.from(z));
    return pixels(this.graph.likelihood, output, this.imageShape);
  }

  /** log p(x|z) at many z, at once. Only of a model that is here. */
  logProbsAt(places, x) {
    const { graph, imageShape } = this;
    return this.outputsAt(places).map((out) => logProbOf(graph.likelihood, out, imageShape, x));
  }

  /** How many z are decoded at once, in a few milliseconds. */
  get atOnce() {
    return atOnce(this.graph.multiply_adds.decoder);
  }

  /** One request at a time; of those that come meanwhile, only the latest is sent. */
  async _ask(name, values, done, label = this.label) {
    const isBusy = name in this._waiting;
    const sent = this.isConditional ? Float32Array.from([...values, label]) : values.slice();
    this._waiting[name] = { values: sent, done };
    if (isBusy) return;
    while (this._waiting[name]) {
      const { values: body, done: answer } = this._waiting[name];
      this._waiting[name] = null;
      try {
        answer(new Float32Array(await bytesAt(`${this.address}${name}`, { method: "POST", body })));
      } catch (error) {
        console.warn(error.message); // the next move requests it again
      }
    }
    delete this._waiting[name];
  }
}

/** Pixels of which only the mean is known. */
function onlyMean(mean) {
  return { mean, logProb: () => NaN, draw: () => mean };
}
