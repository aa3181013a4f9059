/**
 * The numbers of training in the page: its terms in nats, test and training beside each other, and
 * their curves.
 */

import { element, write } from "../page/element.js";
import { addingUp, nats, signed } from "../page/text.js";
import { Curves } from "./curves.js";
import { DRAWN } from "./data.js";

const ROWS = ["Distortion", "Rate", "Negative ELBO", "± standard error"];

export class Numbers {
  /**
   * @param {HTMLElement} host
   * @param {Object} colours - distortion, rate, elbo, prior
   */
  constructor(host, colours) {
    this.colours = colours;
    const { distortion, rate, elbo } = colours;
    const swatches = [distortion, rate, elbo];
    this.cells = ROWS.map(() => [0, 1].map(() => element("td", { class: "value" })));
    const rows = ROWS.map((title, k) => {
      const swatch = swatches[k] && element("i", { class: "swatch", style: `background: ${swatches[k]}` });
      return element("tr", { class: k === 2 ? "sum" : "" }, element("td", {}, swatch, title), ...this.cells[k]);
    });
    const head = element("tr", {}, element("td"), element("th", { text: "test" }), element("th", { text: "training" }));
    this.status = element("p", { class: "status" });
    this.note = element("p", { class: "note" });
    host.append(this.status, element("table", { class: "ledger" }, head, ...rows), this.note);
    this.curves = new Curves(host);
    host.append(element("p", { class: "note", text: "Drawn: test. Dashed: negative ELBO of the training rows." }));
  }

  /** How far training is, and what it has come to. */
  draw({ steps, epoch, isRunning, speed, sigma }, scores, { settings, isEmpty, theme }) {
    const isLearned = settings.likelihood === "gaussian" && settings.sigma === "learned";
    const width = isLearned ? `, σ = ${sigma.toPrecision(3)}` : "";
    const pace = isRunning && speed ? `, ${signed(speed, speed < 10 ? 1 : 0)} steps a second` : "";
    write(this.status, isEmpty ? "Draw some points first." : `Step ${steps}, epoch ${signed(epoch, 1)}${width}${pace}`);
    const last = scores.at(-1);
    [last?.test, last?.train].forEach((score, column) => {
      const { distortion = NaN, rate = NaN, error = NaN } = score ?? {};
      const parts = Number.isFinite(distortion + rate) ? addingUp([distortion, rate], 2) : [NaN, NaN];
      [...parts, distortion + rate, error].forEach((value, k) => write(this.cells[k][column], nats(value)));
    });
    this.curves.draw(scores, this.colours, theme);
  }

  /** What the numbers are of. */
  tell({ set, beta }, data) {
    const [n, m] = [data.train, data.test].map((rows) => (rows.length / data.size).toLocaleString("en"));
    const what = data.size === 2 ? "points" : "images";
    const tested = set === DRAWN ? "scored on themselves" : `${m} to test`;
    const weighed = beta === "1" ? "" : ` The loss weighs the rate by β = ${beta}; the numbers are at β = 1.`;
    write(this.note, `Nats per row, one draw of z each, ± standard error. ${n} ${what} to train, ${tested}.${weighed}`);
  }
}
