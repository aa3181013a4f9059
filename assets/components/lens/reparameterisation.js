/**
 * Hold eps, drag mu or sigma: z follows by 1 and by eps. The reparameterisation trick.
 */

import { button, element, range, write } from "../page/element.js";
import { signed } from "../page/text.js";

const REACH = 2; // of a mean to either side, in units of z
const [LEAST, MOST] = [0.01, 1.5]; // of a scale
const WITHOUT = {
  point: "z = μ: there is no ε, and the gradient of z is that of μ.",
  other: "This draw has no ε that could be held while the parameters move. Its gradient is implicit.",
};

export class Reparameterisation {
  /** @param {Object} lens - facts, state, callbacks onPosterior(q, z), onStart(), onRelease() */
  constructor(lens) {
    Object.assign(this, { lens, facts: lens.facts, state: lens.state });
    this.which = element("select", { "aria-label": "Latent dimension", onchange: () => this._begin() });
    this.mean = this._slider("μ");
    this.scale = this._slider("σ");
    this.back = button("Back to the encoder's", lens.onStart);
    this.controls = element("div", { class: "holds" },
      element("div", { class: "controls" }, element("label", {}, "dimension", this.which), this.back),
      this.mean.row, this.mean.words, this.scale.row, this.scale.words,
    );
    this.about = element("p", { class: "note" });
    this.title = element("h3");
    this.element = element("section", { class: "hold" }, this.title, this.controls, this.about);
    this.offered = "";
  }

  _slider(title) {
    const name = element("span", { text: title });
    const input = range({
      step: "any", oninput: () => this._drag(), onchange: this.lens.onRelease,
    });
    const value = element("span", { class: "value" });
    const words = element("p", { class: "note" });
    return { name, input, value, words, row: element("label", { class: "held" }, name, input, value) };
  }

  get dim() {
    return Number(this.which.value);
  }

  /** Sliders for another dimension, or around another posterior. */
  _begin() {
    const { q } = this.state;
    const [mean, scale] = [q.mean[this.dim], q.scales[this.dim]];
    const limits = {
      mean: [mean - REACH, mean + REACH], scale: [Math.min(LEAST, scale), Math.max(MOST, 2 * scale)],
    };
    for (const [part, [low, high]] of Object.entries(limits)) {
      Object.assign(this[part].input, { min: low, max: high });
    }
    this.begun = q;
    this.lens.stage.schedule();
  }

  /** One slider has moved: q follows, eps stays, so z moves with it. */
  _drag() {
    const { z, posterior: q } = this.state;
    const j = this.dim;
    const [mean, scale] = [Number(this.mean.input.value), Number(this.scale.input.value)];
    const eps = q.noiseAt(z)[j];
    const moved = q.withDimension(j, mean, scale);
    const by = mean - q.mean[j] + (scale - q.scales[j]) * eps;
    this.lens.onPosterior(moved, Float64Array.from(z).with(j, z[j] + by));
  }

  /** @param {Object} now - dims, labels, q, z */
  frame({ dims, labels, q, z }) {
    const { q: encoded } = this.state;
    const canHold = Boolean(q && z && q.scales);
    this.controls.hidden = this.title.hidden = !canHold;
    if (!canHold) {
      write(this.about, q ? WITHOUT[this.facts.family.has_density ? "other" : "point"] : "");
      return;
    }
    this._offer(dims, labels);
    if (this.begun !== encoded) this._begin();
    const j = this.dim;
    const eps = q.noiseAt(z)[j];
    const name = ["L", "b"].find((each) => each in q.named) ?? "σ";
    const channel = j % q.channels;
    const symbol = name === "L" ? `L${channel}${channel}` : name; // of L the diagonal
    write(this.title, `Hold ε, drag μ or ${name}`);
    write(this.scale.name, symbol);
    this._show(this.mean, "μ", [encoded.mean[j], q.mean[j]], 1, "∂z/∂μ = 1");
    const byScale = `∂z/∂${symbol} = ε = ${signed(eps, 2)}`;
    this._show(this.scale, symbol, [encoded.scales[j], q.scales[j]], eps, byScale);
    this.scale.input.disabled = q.scales[j] < 1e-6;
    const far = z[j] - (encoded.mean[j] + encoded.scales[j] * eps);
    this.back.disabled = !this.state.moved;
    const label = this.which.selectedOptions[0].text;
    const told = [
      `The reparameterisation trick: ε = ${signed(eps, 2)} holds all chance, so z is a differentiable`,
      `function of μ and ${symbol}, and the gradient reaches the encoder.`,
      this.state.moved ? `${label} has moved by ${signed(far, 2)}; ellipse, KL and picture follow.` : "",
    ];
    write(this.about, told.join(" ").trim());
  }

  _show({ input, value, words }, symbol, [before, now], by, derivative) {
    const digits = symbol === "μ" ? 2 : 3;
    if (Number(input.value) !== now) input.value = now;
    write(value, signed(now, digits));
    const moved = now - before;
    const change = `${symbol} ${signed(before, digits)} → ${signed(now, digits)}`;
    const follows = `${change} moves z by ${signed(moved * by, 2)}: ${derivative}`;
    write(words, Math.abs(moved) < 1e-9 ? derivative : follows);
  }

  _offer(dims, labels) {
    const offered = dims.join();
    if (offered === this.offered) return;
    this.offered = offered;
    this.which.replaceChildren(...dims.map((j, k) => element("option", { value: j, text: labels[k] })));
    this.begun = null;
  }
}
