/**
 * The posterior of one image in numbers: mean, log-variance and standard deviation.
 */

import { isOneSite } from "../math/shapes.js";
import { element } from "../page/element.js";
import { signed } from "../page/text.js";

const NONE = "–";

/**
 * Rows of the table.
 * @param {Posterior} q
 * @param {number[]} dims
 * @returns {{title: string, values: string[]}[]}
 */
export function posteriorRows(q, dims) {
  const { mu, logvar, b, alpha } = q.named;
  const of = (values, digits) => dims.map((j) => signed(values[j], digits));
  const rows = [];
  if (alpha) rows.push({ title: "α", values: of(alpha, 2) });
  rows.push({ title: mu ? "μ" : "mean", values: of(q.mean, 2) });
  if (logvar) rows.push({ title: "log σ²", values: of(logvar, 2) });
  if (q.variance.some((value) => value > 0)) rows.push({ title: "σ", values: of(q.variance.map(Math.sqrt), 3) });
  if (b) rows.push({ title: "b", values: of(b, 3) });
  return rows;
}

/** Correlation of two dimensions given x; null where they have none. */
export function correlationOf(q, dims) {
  if (dims.length !== 2 || !isOneSite(dims, q.latentShape)) return null;
  const [j, k] = dims;
  const covariance = q.covariance(j, k);
  return covariance ? covariance / Math.sqrt(q.variance[j] * q.variance[k]) : null;
}

export class PosteriorTable {
  constructor(host) {
    this.table = element("table", { class: "moments", "aria-label": "q(z|x) in numbers" });
    this.rest = element("p", { class: "note" });
    this.title = element("b");
    host.dataset.words = "";
    host.append(element("p", { class: "note" }, this.title), this.table, this.rest);
  }

  /**
   * @param {?Posterior} q
   * @param {{dims: number[], labels: string[], place: ?string}} shown - which dimensions, their
   *   names, and the cell of a feature map
   * @param {boolean} isMoved - q is the reader's, no longer the encoder's
   */
  show(q, { dims, labels, place }, isMoved = false) {
    const which = dims.join();
    if (q === this.q && which === this.which) return; // z alone has moved
    [this.q, this.which] = [q, which];
    const what = isMoved ? "q(z|x), moved by hand" : "q(z|x) of this image";
    this.title.textContent = place ? `${what}, ${place}` : what;
    const rows = q ? posteriorRows(q, dims) : [{ title: "μ", values: dims.map(() => NONE) }];
    const head = (scope, text) => element("th", { scope, text });
    this.table.replaceChildren(
      element("tr", {}, element("td"), ...labels.map((label) => head("col", label))),
      ...rows.map(({ title, values }) =>
        element("tr", {}, head("row", title), ...values.map((text) => element("td", { text }))),
      ),
    );
    const rho = q && correlationOf(q, dims);
    this.rest.textContent = rho ? `correlation ρ = ${signed(rho, 2)}` : "";
  }
}
