/**
 * The plane of the time machine: codes of one checkpoint, and behind them those of the last.
 * `square` of its scene is what pictures are decoded of, `sigmas` are the ellipses of a class.
 */

import { element } from "../page/element.js";
import { withAlpha } from "./colours.js";
import { drawAxes } from "./plane_frame.js";
import { PlanePainter } from "./plane_painter.js";

const POINT = 3; // CSS pixels a side

/** Values per class: mean x, y and covariance xx, xy, yy. */
export const MOMENTS = 5;

export class SweepPlane extends PlanePainter {
  /**
   * @param {HTMLElement} host
   * @param {function()} onResize
   */
  constructor(host, onResize) {
    const below = element("canvas", { "aria-hidden": "true" });
    const above = element("canvas", { role: "img", "aria-label": "plane of two latent dimensions" });
    super(below, above);
    this.stage = element("div", { class: "stage" }, below, above);
    host.append(this.stage);
    this.observer = new ResizeObserver(() => {
      const wide = this.stage.clientWidth;
      if (!wide || wide === this.wide) return; // no width: on its way off the page
      this.wide = wide;
      this.fit(wide);
      onResize();
    });
    this.observer.observe(this.stage);
  }

  destroy() {
    this.observer.disconnect();
    this.stage.remove();
  }

  /**
   * @param {Object} now - points (n, 2) and moments (k, 5), flat
   * @param {?Object} ghost - the same of the checkpoint before
   */
  drawCodes(now, ghost) {
    if (!this.side || !this.scene.reach) return;
    if (this.isStale) this._drawBelow();
    this.isStale = false;
    const pen = this._begin(this.above);
    this._clip(pen);
    if (ghost) this._cloud(pen, ghost.points, () => withAlpha(this.scene.grey, 0.38));
    this._cloud(pen, now.points, (label) => withAlpha(this._classColour(label), 0.62));
    const classes = this.scene.names.map(({ label, name }, k) => {
      const [x, y, ...covariance] = now.moments.subarray(MOMENTS * k, MOMENTS * (k + 1));
      return { label, name, mean: [x, y], covariance };
    });
    if (ghost) classes.forEach((each, k) => this._trail(pen, ghost.moments, each, k));
    for (const each of classes) {
      pen.strokeStyle = this._classColour(each.label);
      for (const sigma of this.scene.sigmas ?? [1]) {
        pen.lineWidth = 2.5 / sigma;
        this._ellipse(pen, each.mean, each.covariance, sigma);
        pen.stroke();
      }
    }
    this._classNames(pen, classes);
    pen.restore();
  }

  /** What the plane lies on: axes, prior, and the square that the pictures are of. */
  _drawBelow() {
    const pen = this._begin(this.below);
    drawAxes(pen, this);
    this._clip(pen);
    this._prior(pen);
    if (this.scene.square) this._square(pen, this.scene.square);
    pen.restore();
  }

  _square(pen, [low, high]) {
    const [left, bottom] = this.toScreen([low, low]);
    const side = (high - low) * this.scale;
    pen.strokeStyle = this.scene.grey;
    pen.lineWidth = 1.5;
    pen.strokeRect(left, bottom - side, side, side);
    pen.fillStyle = this.scene.ink;
    pen.textAlign = "left";
    pen.font = `13px ${this.scene.font}`;
    pen.fillText("decoded", left + 4, bottom - 5);
  }

  /** Points, class by class: the pen changes its colour seldom. */
  _cloud(pen, points, colourOf) {
    const [cx, cy] = this.centre;
    const [left, top] = this.toScreen([cx, cy]);
    const { scale } = this;
    for (const { label, indices } of this.scene.groups) {
      pen.fillStyle = colourOf(label);
      for (const i of indices) {
        const x = left + (points[2 * i] - cx) * scale;
        const y = top - (points[2 * i + 1] - cy) * scale;
        pen.fillRect(x - POINT / 2, y - POINT / 2, POINT, POINT);
      }
    }
  }

  /** From where a class was to where it is. */
  _trail(pen, moments, { mean, label }, k) {
    const was = this.toScreen([moments[MOMENTS * k], moments[MOMENTS * k + 1]]);
    pen.strokeStyle = this._classColour(label);
    pen.lineWidth = 3;
    pen.beginPath();
    pen.moveTo(...was);
    pen.lineTo(...this.toScreen(mean));
    pen.stroke();
    pen.beginPath();
    pen.arc(...was, 4.5, 0, 2 * Math.PI);
    pen.fillStyle = this.scene.paper;
    pen.fill();
    pen.lineWidth = 2;
    pen.stroke();
  }
}
