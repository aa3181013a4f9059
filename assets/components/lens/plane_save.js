/**
 * Below the plane: save it as PNG or SVG, dark on white whatever the page's colours are, or its
 * points as CSV.
 */

import { PlanePainter } from "../draw/plane_painter.js";
import { SvgPainter } from "../draw/svg_painter.js";
import { csvOf, download } from "../page/download.js";
import { button, element } from "../page/element.js";

const LOOK = { ink: "#1f2328", paper: "#ffffff", font: "Arial, Helvetica, sans-serif" };
const RATIO = 3; // pixels of a PNG per pixel on screen

export class PlaneSave {
  /**
   * @param {HTMLElement} host
   * @param {Object} lens - facts (file: the name of what is saved, without its end), state
   * @param {PlaneView} view
   */
  constructor(host, { facts, state }, view) {
    Object.assign(this, { facts, state, view });
    const png = button("PNG", () => this._picture(), { title: "As PNG" });
    const svg = button("SVG", () => this._drawing(), { title: "As SVG" });
    const csv = button("CSV", () => this._table(), { title: "Its points" });
    const group = { class: "save", role: "group", "aria-label": "Save the plane" };
    host.append(element("div", group, "Save as", png, svg, csv));
  }

  /** The plane as it is, zoomed where it is zoomed, on white. */
  async _picture() {
    const { plane } = this.view;
    const canvases = [0, 1].map(() => element("canvas"));
    const painter = new PlanePainter(...canvases);
    painter.fit(plane.wide, RATIO);
    this._copy(painter);
    const { width, height } = canvases[0];
    const whole = new OffscreenCanvas(width, height);
    const pen = whole.getContext("2d");
    pen.fillStyle = LOOK.paper;
    pen.fillRect(0, 0, width, height);
    for (const canvas of canvases) pen.drawImage(canvas, 0, 0);
    download(await whole.convertToBlob({ type: "image/png" }), `${this.facts.file}.png`);
  }

  _drawing() {
    const { class_names: names, file } = this.facts;
    const painter = new SvgPainter(this.view.plane.side);
    this._copy(painter);
    const [across, up] = this.view.plane.scene.titles ?? names;
    const content = painter.file(`${file}: ${up} over ${across}`, LOOK.paper);
    download(new Blob([content], { type: "image/svg+xml" }), `${file}.svg`);
  }

  /** Have another painter draw what the plane shows. */
  _copy(painter) {
    const { plane } = this.view;
    painter.show({ ...plane.scene, ...LOOK });
    Object.assign(painter, { zoom: plane.zoom, middle: plane.middle });
    painter.draw({ ...plane.drawn, focus: null });
  }

  /** What is drawn, one row each: means, samples, posteriors, classes. */
  _table() {
    const { scene } = this.view.plane;
    const { class_names: names } = this.facts;
    const [across, up] = scene.corners ? ["x", "y"] : scene.titles;
    const rows = [["what", "class", "test image", across, up || "row", "variance across", "covariance", "variance up"]];
    const points = scene.points ?? { x: [] };
    for (let i = 0; i < points.x.length; i++) {
      const what = points.isSample[i] ? "sample" : "mean";
      rows.push([what, names[points.labels[i]], points.index[i], points.x[i], points.y[i], null, null, null]);
    }
    const widths = scene.widths ?? { x: [] };
    for (let i = 0; i < widths.x.length; i++) {
      const { x, y, xx, xy, yy, labels, index } = widths;
      rows.push(["posterior", names[labels[i]], index[i], x[i], y[i], xx[i], xy[i], yy[i]]);
    }
    for (const { name, mean, covariance } of scene.classes) {
      rows.push(["class", name, null, ...mean, ...covariance]);
    }
    download(new Blob([csvOf(rows)], { type: "text/csv" }), `${this.facts.file}.csv`);
  }
}
