/**
 * The way of an image: x, encoder, q(z|x), z, decoder, x-hat, with the numbers of now.
 */

import { element, write } from "../page/element.js";
import { hundredths, nats, signed } from "../page/text.js";

const HOW = { draw: "sample", mean: "take μ", hand: "by hand" };

export class Pipeline {
  /**
   * @param {HTMLElement} host
   * @param {Object} lens - facts, state
   */
  constructor(host, { facts, state }) {
    Object.assign(this, { facts, state });
    const n = facts.image_shape.reduce((a, b) => a * b, 1);
    this.x = node("x", `${n} pixels`);
    this.q = new PosteriorNode(facts.family.has_density, facts.is_conditional);
    this.z = node("z", "–");
    this.cost = new CostNode(facts.family.has_rate);
    [this.encoder, this.how, this.decoder] = ["encoder", "sample", "decoder"].map(arrow);
    host.dataset.words = "";
    host.append(
      this.x.root, this.encoder.root, this.q.root, this.how.root, this.z.root,
      this.decoder.root, element("span", { class: "node" }, element("b", { text: "x̂" })), this.cost.root,
    );
  }

  /** Each frame: the dimensions of the plane, or all of few. */
  frame() {
    const { posterior: q, z, how, isEmpty, distortion } = this.state;
    const { names, family } = this.facts;
    const dims = names.length <= 3 ? names.map((_, j) => j) : this.state.axes;
    const rest = dims.length < names.length ? ", …" : "";
    const list = (value) => {
      const few = dims.map((j) => signed(value(j), 2)).join(", ");
      return dims.length === 1 && !rest ? few : `(${few}${rest})`;
    };
    const of = rest ? `${dims.map((j) => names[j]).join(", ")} of ${names.length}: ` : "";
    this.q.show(of, q && list((j) => q.mean[j]), q && list((j) => Math.sqrt(q.variance[j])));
    this.z.value.textContent = isEmpty ? "–" : `= ${list((j) => z[j])}`;
    if (this.facts.is_conditional) this._tellLabels();
    this.cost.show(q, how === "draw" ? distortion : null);
    this.how.text.textContent = family.has_density || how === "hand" ? HOW[how] : HOW.mean;
  }

  /** What encoder and decoder of a conditional model are given besides. */
  _tellLabels() {
    const { class_names: names } = this.facts;
    write(this.encoder.text, `encoder, y = ${names[this.state.ownLabel]}`);
    write(this.decoder.text, `decoder, y = ${names[this.state.label]}`);
  }
}

/** The posterior: μ and σ are texts of their own, which stay while their numbers change. */
class PosteriorNode {
  constructor(hasWidth, isConditional) {
    [this.of, this.mean, this.sigma] = Array.from({ length: 3 }, () => element("span"));
    const sigma = hasWidth ? [", ", element("i", { text: "σ" }), this.sigma] : [];
    const name = element("b", { text: hasWidth ? `posterior q(z|x${isConditional ? ", y" : ""})` : "code" });
    this.root = element("span", { class: "node" },
      name, " ", this.of, element("i", { text: "μ" }), this.mean, ...sigma,
    );
  }

  /** @param {string} of - which dimensions; mean, sigma - in words, or null while there is no q */
  show(of, mean, sigma) {
    write(this.of, mean ? of : "");
    write(this.mean, ` = ${mean ?? "–"}`);
    write(this.sigma, ` = ${sigma ?? "–"}`);
  }
}

/** What the image costs: its KL term and, where z is a sample, minus its ELBO. */
class CostNode {
  constructor(hasRate) {
    [this.kl, this.elbo] = Array.from({ length: 2 }, () => element("span"));
    this.sum = element("span", {}, ", ", element("b", { text: "−ELBO" }), this.elbo);
    this.root = element("span", { class: "node cost", hidden: !hasRate },
      element("b", { text: "KL" }), this.kl, this.sum, " nats",
    );
  }

  /** @param {?number} distortion - nats, or null where the two do not make a bound */
  show(q, distortion) {
    write(this.kl, ` ${nats(q ? q.kl : null)}`);
    this.sum.hidden = distortion === null || !q;
    if (!this.sum.hidden) write(this.elbo, ` ${nats(hundredths(q.kl) + hundredths(distortion))}`);
  }
}

function node(name, text) {
  const value = element("span", { text });
  return { root: element("span", { class: "node" }, element("b", { text: name }), " ", value), value };
}

function arrow(words) {
  const text = element("span", { text: words });
  return { root: element("span", { class: "arrow" }, text, element("span", { "aria-hidden": "true", text: " →" })), text };
}
