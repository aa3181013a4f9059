/**
 * The map behind the points: q(z), or log q(z) - log p(z), as colours with a legend.
 */

import { channelsOf } from "../draw/colours.js";
import { element } from "../page/element.js";

const MAP_CELLS = 96; // a side
const MAP_REACH = 6; // nats at which a colour is full
const FAR = 4.5; // nats below the prior's mode, 3 sigma in two dimensions: holes there are pale
const PALE = 0.3;

export class PlaneMap {
  /**
   * @param {HTMLElement} legend
   * @param {{brighter: string, darker: string}} colours
   * @param {function({image, place})} onMap - see `map` of PlanePainter.show
   */
  constructor(legend, colours, onMap) {
    this.legend = legend;
    this.colours = colours;
    this.onMap = onMap;
  }

  destroy() {
    clearTimeout(this.working);
  }

  /** No map. */
  clear() {
    clearTimeout(this.working);
    this.legend.replaceChildren();
  }

  /**
   * Compute a map a few rows at a time, and hand it over.
   * @param {Object} mixture - of planeMixture
   * @param {number[]} bounds - [x0, x1, y0, y1]
   * @param {number[]} unit - the affine map from (z_j, z_k) to the plane
   * @param {string} kind - "density" or "holes"
   */
  compute(mixture, bounds, unit, kind) {
    this.legend.textContent = "computing …";
    const rows = mixture.rows(bounds, MAP_CELLS, MAP_CELLS);
    const work = () => {
      const step = rows.next();
      if (!step.done) {
        this.working = setTimeout(work);
        return;
      }
      const image = this._colour(step.value.values, mixture, bounds, kind);
      this.onMap({ image, place: placeOf(bounds, unit) });
      this._showLegend(kind);
    };
    work();
  }

  /** log q - log p as colour, or log q itself below its maximum. */
  _colour(values, mixture, [x0, x1, y0, y1], kind) {
    const [brighter, darker] = [this.colours.brighter, this.colours.darker].map(channelsOf);
    const data = new ImageData(MAP_CELLS, MAP_CELLS);
    const at = (i) => [
      x0 + ((x1 - x0) * ((i % MAP_CELLS) + 0.5)) / MAP_CELLS,
      y1 - ((y1 - y0) * (Math.floor(i / MAP_CELLS) + 0.5)) / MAP_CELLS,
    ];
    const logPrior = values.map((_, i) => mixture.logPrior(...at(i)));
    const mostLikely = logPrior.reduce((a, b) => Math.max(a, b), -Infinity);
    const logDensity = values.map((value, i) => value + logPrior[i]);
    const most = logDensity.reduce((a, b) => (b > a ? b : a), -Infinity);
    values.forEach((value, i) => {
      if (Number.isNaN(value)) return; // not on the simplex
      const isHole = kind === "holes";
      const strength = isHole
        ? Math.min(Math.abs(value) / MAP_REACH, 1) * (mostLikely - logPrior[i] > FAR ? PALE : 1)
        : Math.max(1 + (logDensity[i] - most) / MAP_REACH, 0);
      const colour = isHole && value < 0 ? darker : brighter;
      data.data.set([...colour, 215 * strength], 4 * i);
    });
    const canvas = new OffscreenCanvas(MAP_CELLS, MAP_CELLS);
    canvas.getContext("2d").putImageData(data, 0, 0);
    return canvas;
  }

  _showLegend(kind) {
    const { brighter, darker } = this.colours;
    const [low, high, colours] =
      kind === "holes"
        ? [`log q(z) − log p(z): p ≫ q, −${MAP_REACH} nats (a hole: below −2.3, 10 times rarer among these images)`, `q ≫ p, +${MAP_REACH} nats`, `${darker},transparent,${brighter}`]
        : [`log q(z): ${MAP_REACH} nats below the densest`, "densest", `transparent,${brighter}`];
    const bar = element("i", { style: `background:linear-gradient(to right,${colours})` });
    this.legend.replaceChildren(low, bar, high);
  }
}

/** The affine map of a picture's unit square, the rows of which go down, to the plane. */
function placeOf([x0, x1, y0, y1], [a, b, c, d]) {
  const [across, up] = [x1 - x0, y0 - y1];
  return [a * across, b * across, c * up, d * up, a * x0 + c * y1, b * x0 + d * y1];
}
