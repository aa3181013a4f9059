/**
 * The ledger: distortion and KL of one image in nats, and the KL of each latent dimension.
 */

import { total } from "../math/shapes.js";
import { element, write } from "../page/element.js";
import { addingUp, hundredths, nats } from "../page/text.js";

const LEDGER_ROWS = 8;

export class Ledger {
  /**
   * @param {HTMLElement} host
   * @param {Object} facts - names, order, family, colours
   * @param {{isMeanScored: boolean, onScore: function(boolean)}} score - whether the decoder's own
   *   mean is scored in place of the image; called when the reader chooses
   */
  constructor(host, facts, { isMeanScored = false, onScore = () => {} } = {}) {
    const { family, colours, names, order } = facts;
    this.family = family;
    const entry = (colour, words, kind, means = "") => {
      const swatch = element("span", { class: "swatch", style: `background:${colour}` });
      const text = element("span", { text: words });
      const meaning = element("small", { text: means, hidden: !means });
      const value = element("td", { class: "value", text: "–" });
      table.append(element("tr", { class: kind }, element("td", {}, swatch, text, meaning), value));
      return { text, value, meaning };
    };
    const table = element("table", { class: "ledger" });
    this.given = facts.is_conditional ? ", y" : ""; // beside z and x in what is written
    this.distortion = entry(colours.distortion, `distortion: −log p(x|z${this.given})`, "", MISSES);
    this.rate = entry(colours.rate, `rate: KL(q(z|x${this.given}) ‖ p(z))`, "", FAR);
    this.rest = family.rest_title && entry(colours.correlation, `of it, ${family.rest_title}`, "part");
    this.total = entry(colours.elbo, "−ELBO, one sample", "sum", LOSS);
    this.gap = this._gapRows(entry, colours);
    this.note = element("p", { class: "note" });
    this.aboutGap = element("p", { class: "note" });
    this.shown = [...order].slice(0, LEDGER_ROWS);
    if (names.length <= LEDGER_ROWS) this.shown.sort((a, b) => a - b);
    this.rows = this.shown.map((j) => kiloBar(names[j], colours));
    const left = names.length - this.shown.length;
    const bars = element("div", { class: "bars", hidden: !family.has_rate });
    bars.append(
      element("p", { class: "note" }, element("b", { text: "KL per latent dimension (nats)" })),
      ...this.rows.map((row) => row.element),
    );
    const options = SCORED.map(([value, text]) => element("option", { value, text }));
    this.scored = element("select", {
      "aria-label": "What the likelihood scores", onchange: () => onScore(this.scored.value === "mean"),
    }, ...options);
    this.scored.value = isMeanScored ? "mean" : "image";
    this.about = element("div");
    this.key = element("p", { class: "note key" });
    bars.append(this.key);
    if (left) bars.append(element("p", { class: "note", text: `and ${left} ${family.has_density ? "less informative" : "more"}` }));
    host.dataset.words = "";
    host.append(
      element("h3", { text: "What it costs" }),
      element("p", { class: "note", text: "nats for this image" }),
      table, element("div", { class: "controls score" }, element("label", {}, "distortion of", this.scored)),
      this.note, this.aboutGap, this.about, bars,
    );
    this.colours = colours;
  }

  /**
   * @param {Object} now
   *   q: posterior; distortion: nats or null, of the image or of the decoder's mean where that is
   *   scored; how: "draw", "mean" or "hand", where z is from
   */
  show({ q, distortion, how, isMeanScored = false }) {
    const { has_rate: hasRate } = this.family;
    const rate = q && hasRate ? q.kl : null;
    // the sum of what is printed: the rate is that of the posterior, and stays from draw to draw
    const sum = rate === null || distortion === null ? null : hundredths(rate) + hundredths(distortion);
    write(this.distortion.value, nats(distortion));
    write(this.rate.value, hasRate ? nats(rate) : "∞");
    write(this.total.value, hasRate ? nats(sum) : "∞");
    const isExact = hasRate && !this.family.has_density && how !== "hand"; // an entry of a codebook
    const isBound = (how === "draw" || !hasRate || isExact) && !isMeanScored;
    const bound = hasRate && !isExact ? "−ELBO, one sample" : "−ELBO"; // a point is not sampled
    write(this.total.text, isBound ? bound : "distortion + rate");
    this.total.meaning.hidden = !isBound || !hasRate;
    this.distortion.meaning.hidden = isMeanScored;
    write(this.distortion.text, isMeanScored ? "−log p(x̂|z), of x̂ itself" : `distortion: −log p(x|z${this.given})`);
    const scored = isMeanScored ? "mean" : "image";
    if (this.scored.value !== scored) this.scored.value = scored;
    write(this.note, isMeanScored ? SCORES_ITSELF : isExact ? EXACT : hasRate ? NOTES[how] : INFINITE);
    write(this.rate.meaning, q?.klError ? `${FAR}, by samples: ± ${nats(q.klError)}` : FAR);
    if (!q) for (const row of this.rows) row.clear();
    if (!q || !hasRate) return;
    const rest = q.kl - total(q.klPerDim);
    const kl = this._inPrint(q, rest);
    if (this.rest) this.rest.value.textContent = nats(kl.at(-1));
    const most = Math.max(...this.shown.map((j) => q.klPerDim[j]));
    const scale = 2 ** Math.max(Math.ceil(Math.log2(most || 1)), 1); // so that bars seldom rescale
    this.rows.forEach((row, k) => row.show(q, this.shown[k], scale, kl[k]));
    if (!q.parts) write(this.key, this.family.bars_note);
    else if (!this.key.querySelector(".swatch")) {
      this.key.replaceChildren(
        element("span", { class: "swatch", style: `background:${this.colours.rate}` }), "½ μ²  ",
        element("span", { class: "swatch pale", style: `background:${this.colours.rate}` }),
        "½ (σ² − ln σ² − 1)",
      );
    }
  }

  /** Rows of log p(x) and of what lies between it and the ELBO, hidden at first. */
  _gapRows(entry, { elbo, correlation }) {
    const rows = {
      evidence: entry(elbo, "−log p(x)", "gap"),
      gap: entry(correlation, "log p(x) − ELBO", "gap"),
      approximation: entry(correlation, "of it, approximation gap", "part gap"),
      amortisation: entry(correlation, "of it, amortisation gap", "part gap"),
    };
    for (const { value } of Object.values(rows)) value.parentElement.hidden = true;
    return rows;
  }

  /**
   * @param {?Object} now - evidence: log p(x); isExact; elbo: of q, best: of q*; nats, each null
   *   while it is not known; hasParts: whether a q* can be searched for. Null: not shown
   */
  showGap(now) {
    const { evidence, gap, approximation, amortisation } = this.gap;
    for (const { value } of [evidence, gap]) value.parentElement.hidden = !now;
    const isSplit = Boolean(now && now.best !== null && now.elbo !== null);
    for (const { value } of [approximation, amortisation]) value.parentElement.hidden = !isSplit;
    this.aboutGap.textContent = "";
    if (!now) return;
    const isKnown = now.evidence !== null;
    const about = isKnown && !now.isExact ? "≈ " : "";
    evidence.value.textContent = isKnown ? about + nats(-now.evidence) : "–";
    const isGap = isKnown && now.isExact && now.elbo !== null;
    if (!isGap) {
      gap.value.textContent = "–";
      return;
    }
    const whole = hundredths(now.evidence) - hundredths(now.elbo);
    gap.value.textContent = nats(whole);
    this.aboutGap.textContent =
      `The gap is KL(q(z|x) ‖ p(z|x)). It is of the expected −ELBO, ${nats(-now.elbo)}, by ` +
      "nodes of q: the −ELBO of one sample scatters around that.";
    if (!isSplit) return;
    const parts = addingUp([now.evidence - now.best, now.best - now.elbo], 2, whole);
    approximation.value.textContent = nats(parts[0]);
    amortisation.value.textContent = nats(parts[1]);
  }

  /** KL of the rows, and what is left: they add up to the rate where all dimensions have a row. */
  _inPrint(q, rest) {
    const kl = [...this.shown.map((j) => q.klPerDim[j]), rest];
    if (!this.family.is_additive || this.shown.length < q.klPerDim.length) return kl;
    const rate = hundredths(q.kl);
    return this.rest ? addingUp(kl, 2, rate) : addingUp(kl.slice(0, -1), 2, rate);
  }
}

// What the numbers mean: read once, before the formulas are.
const MISSES = "what x̂ misses of x";
const FAR = "how far q(z|x) is from the prior";
const LOSS = "their sum, minus the evidence lower bound: training makes it small";
const SCORED = [["image", "the image x"], ["mean", "the reconstruction x̂"]];
const SCORES_ITSELF = "The decoder's mean x̂ scores itself: the image does not occur in it, so this is no loss.";
const EXACT = "z is its entry with certainty: this is the −ELBO, without noise.";
const INFINITE = "A point has an infinite KL to any density.";
const NOTES = {
  draw: "z is a sample from q(z|x): an unbiased estimate.",
  mean: "At z = μ, which is not sampled, this sum is not a bound on −log p(x).",
  hand: "You chose z by hand, so this sum is not a bound on −log p(x).",
};

/** One dimension's KL as a bar: the part of its mean, then the part of its width. */
function kiloBar(name, colours) {
  const [location, width] = ["", " pale"].map((kind) =>
    element("i", { class: `part${kind}`, style: `background:${colours.rate}` }),
  );
  const value = element("span", { class: "value" });
  const bar = element("span", { class: "bar" }, location, width);
  const row = element("div", { class: "row" }, element("span", { class: "name", text: name }), bar, value);
  return {
    element: row,
    clear() {
      location.style.width = width.style.width = "0";
      value.textContent = "–";
    },
    show(q, j, scale, kl) {
      const parts = q.parts ? [q.parts.location[j], q.parts.width[j]] : [q.klPerDim[j], 0];
      location.style.width = `${(100 * parts[0]) / scale}%`;
      width.style.width = `${(100 * parts[1]) / scale}%`;
      value.textContent = nats(kl);
    },
  };
}
