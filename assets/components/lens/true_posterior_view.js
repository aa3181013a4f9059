/**
 * What is told of the true posterior: the picture decoded at its mode beside the encoder's, and
 * the search for the best q.
 */

import { paintPicture, pictureFrame } from "../draw/pictures.js";
import { button, element } from "../page/element.js";
import { nats, signed } from "../page/text.js";

const [WIDE, HIGH, EDGE] = [260, 96, 6]; // of the curve, in CSS pixels
const SVG = "http://www.w3.org/2000/svg";
const SAME = 0.005; // nats: what two digits do not show

const CONTOURS = "Contours: the densest regions of p(z|x), which hold 39% and 86% of it. × its mode";
const LINES = {
  plane: CONTOURS,
  triangle: `${CONTOURS.replace(". ×", ", by the area of the triangle. ×")}`,
  line: "Curves: the densities p(z|x), q(z|x) in orange and p(z) in grey, each with area 1. × the mode of p(z|x)",
  slice:
    "A slice of p(z|x) through μ: every dimension that is not on the plane stays at its mean. Normalised " +
    "within the slice; contours hold 39% and 86% of that. × its highest place",
};

const NO_BEST = "The best q of this family is searched for on Bound and truth, which splits the gap.";

export class TruePosteriorView {
  /**
   * @param {HTMLElement} host - below the plane
   * @param {Object} lens - facts, state
   * @param {TruePosterior} truth
   */
  constructor(host, { facts, state }, truth) {
    Object.assign(this, { facts, state, truth });
    this.legend = element("p", { class: "note truth-legend", "aria-live": "polite" });
    this.mode = pictureFrame("decoded at the mode of p(z|x)", "at the mode of p(z|x)");
    this.mean = pictureFrame("decoded at the mean of q(z|x)", "at the mean μ of q(z|x)");
    this.search = button("Find the best q", () => truth.findBest());
    this.curve = document.createElementNS(SVG, "svg");
    this.curve.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH}`);
    this.curve.setAttribute("class", "climb");
    this.words = element("p", { class: "note" });
    this.controls = element("div", { class: "controls" }, this.search);
    this.box = element("section", { class: "truth", hidden: true },
      element("h3", { text: "What p(z|x) would decode" }),
      element("div", { class: "pair" }, this.mode.figure, this.mean.figure),
      element("div", { class: "best" }, this.controls, this.curve, this.words),
    );
    host.append(this.legend, this.box);
  }

  frame() {
    const { truth } = this;
    this.legend.textContent = this._aboutLayer();
    this.box.hidden = !truth.found || truth.isSlice;
    if (this.box.hidden) {
      this.painted = null;
      return;
    }
    if (this.painted !== truth.found) {
      this.painted = truth.found;
      this._paint(this.mode, "at the mode of p(z|x)", truth.found.modeAt);
      this._paint(this.mean, "at the mean μ of q(z|x)", truth.q.mean);
    }
    const { best: kind } = this.state.model.family;
    this.controls.hidden = !kind;
    this.search.disabled = !truth.canSearch || Boolean(truth.search);
    this._drawCurve();
    this.words.textContent = kind ? this._aboutSearch() : NO_BEST;
  }

  _paint({ canvas, text }, words, z) {
    const pixels = this.state.model.pixelsAt(z);
    paintPicture(canvas, pixels.mean, this.facts.image_shape);
    text.textContent = `${words}: −log p(x|z) = ${nats(-pixels.logProb(this.truth.x))}`;
  }

  /** The layer in words: what its lines are, and how sure. */
  _aboutLayer() {
    const { truth, facts } = this;
    if (!truth.isShown) return "";
    const isReady = truth.share === 1 || (truth.isSlice && !truth.x);
    if (!isReady) return `Decoding the plane for p(z|x): ${Math.round(100 * truth.share)}% …`;
    const { found } = truth;
    if (!found) {
      const isMissing = this.state.base === "image" && !this.state.x;
      return isMissing && !this.state.isFetchingImage
        ? "p(z|x) needs the image itself, which is not on this machine."
        : "p(z|x): no image yet.";
    }
    const shown = truth.isSlice ? this.state.axes : facts.names.map((_, j) => j);
    const names = shown.map((j) => `${facts.names[j]} = ${signed(found.modeAt[j], 2)}`).join(", ");
    const lines = LINES[truth.chart.kind];
    if (!found.isSettled) return `${lines}. Interpolated so far: once the image rests, more is decoded around the peaks.`;
    const far = Math.hypot(...truth.q.mean.map((value, j) => found.modeAt[j] - value));
    const several = found.nRegions > 1 ? ` The 86% lie in ${found.nRegions} separate regions.` : "";
    const cut = found.isCutOff
      ? ` It reaches the edge of what was decoded${truth.isSlice ? "." : ": log p(x) is at least what is shown."}`
      : "";
    const error = found.error > SAME && !truth.isSlice ? ` log p(x) is sure to about ${signed(found.error, 2)} nats.` : "";
    return `${lines}, ${names}, ${signed(far, 2)} from μ.${several}${cut}${error}`;
  }

  _aboutSearch() {
    const { search, best } = this.truth;
    if (!search) return "";
    if (!search.best || best !== search.best) return `ELBO ${nats(best?.elbo ?? null)} nats …`;
    const [encoded, mode] = search.trails.map((trail) => ({ elbo: trail.at(-1).elbo, n: trail.length - 1 }));
    const steps = ({ elbo, n }) => `${nats(elbo)} after ${n} ${n === 1 ? "step" : "steps"}`;
    const gap = encoded.elbo - mode.elbo;
    const verdict =
      Math.abs(gap) < SAME ? "Both end at the same ELBO" : `The search from ${gap > 0 ? "q" : "the mode"} ends higher`;
    return (
      `ELBO, nats: from the encoder's q ${steps(encoded)}, from the mode of p(z|x) ${steps(mode)}. ` +
      `${verdict}: the dashed ellipse is that q*.`
    );
  }

  /** The ELBO of every step that is shown, below log p(x). */
  _drawCurve() {
    const { search, found } = this.truth;
    this.curve.toggleAttribute("hidden", !search);
    if (!search) return;
    const all = search.trails.flat().slice(0, search.shown);
    const top = found.logEvidence;
    const first = search.trails[0][0]?.elbo ?? top - 1;
    const low = Math.min(first, ...all.map(({ elbo }) => Math.max(elbo, first - 2 * (top - first)))) - 1e-9;
    const width = Math.max(all.length - 1, 12);
    const x = (k) => EDGE + ((WIDE - 2 * EDGE) * k) / width;
    const y = (elbo) => EDGE + 14 + ((HIGH - 2 * EDGE - 14) * (top - Math.max(elbo, low))) / (top - low);
    const split = Math.min(search.trails[0].length, all.length);
    const path = (steps, from) => steps.map(({ elbo }, k) => `${x(from + k)},${y(elbo)}`).join(" ");
    const { rate } = this.facts.colours;
    const part = (name, attributes, text = "") => {
      const made = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      made.textContent = text;
      return made;
    };
    const stroke = { fill: "none", stroke: rate, "stroke-width": 2.5 };
    const dots = all.map(({ elbo }, k) => part("circle", { cx: x(k), cy: y(elbo), r: 3, fill: rate }));
    this.curve.replaceChildren(
      part("line", { x1: EDGE, x2: WIDE - EDGE, y1: y(top), y2: y(top), stroke: "currentColor", "stroke-dasharray": "4 4" }),
      part("text", { x: EDGE, y: 14, fill: "currentColor", "font-size": 13 }, `log p(x) = ${nats(top)}`),
      part("polyline", { points: path(all.slice(0, split), 0), ...stroke }),
      part("polyline", { points: path(all.slice(split), split), ...stroke }),
      ...dots,
      part("title", {}, "ELBO in nats, step by step"),
    );
  }
}
