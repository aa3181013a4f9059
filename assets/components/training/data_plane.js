/**
 * The plane of the data: its points, the decoder's image of the latent grid, samples of the model,
 * and the point that is chosen; points are drawn by hand here.
 */

import { withAlpha } from "../draw/colours.js";
import { letter } from "../draw/marks.js";
import { PlanePainter } from "../draw/plane_painter.js";
import { drawAxes } from "../draw/plane_frame.js";
import { element } from "../page/element.js";

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class DataPlane extends PlanePainter {
  /**
   * @param {HTMLElement} host
   * @param {{where: function(): number[], onMove: function(number[]), onInk: function(number[]),
   *   onView: function()}} events - where x is; where it was put; where the pen was; that the plane
   *   has to be drawn again
   */
  constructor(host, events) {
    const below = element("canvas", { "aria-hidden": "true" });
    const above = element("canvas", {
      tabindex: 0, role: "application", "aria-label": "x on the plane of the data",
      "aria-roledescription": "plane of two data dimensions",
      onpointerdown: (event) => this._press(event),
      onpointermove: (event) => this._moved(event),
      onkeydown: (event) => this._key(event),
    });
    super(below, above);
    this.events = events;
    this.stage = element("div", { class: "stage" }, below, above);
    host.append(this.stage);
    this.observer = new ResizeObserver(() => this._fit());
    this.observer.observe(this.stage);
  }

  destroy() {
    this.observer.disconnect();
    this.stage.remove();
  }

  /** Whether the pointer is a pen that leaves points, or chooses x. */
  set isPen(isPen) {
    this.hasPen = isPen;
    this.above.style.touchAction = isPen ? "none" : "pan-y";
  }

  draw(marks) {
    if (!this.side || !this.scene.reach) return;
    if (this.isStale) this._drawBelow();
    this.isStale = false;
    this._drawMarks(marks);
  }

  _drawBelow() {
    const { points, lattice, samples, orange } = this.scene;
    const pen = this._begin(this.below);
    drawAxes(pen, this);
    this._clip(pen);
    if (points) this._points(pen, points);
    if (lattice) this._lattice(pen, lattice);
    if (samples) {
      pen.strokeStyle = withAlpha(orange, 0.85);
      pen.lineWidth = 1.2;
      pen.beginPath();
      for (let i = 0; i < samples.length; i += 2) {
        const [x, y] = this.toScreen([samples[i], samples[i + 1]]);
        pen.moveTo(x - 2.5, y - 2.5);
        pen.lineTo(x + 2.5, y + 2.5);
        pen.moveTo(x + 2.5, y - 2.5);
        pen.lineTo(x - 2.5, y + 2.5);
      }
      pen.stroke();
    }
    pen.restore();
  }

  /** The latent grid as the decoder bends it: values (side * side, 2). */
  _lattice(pen, values) {
    const side = Math.sqrt(values.length / 2);
    pen.strokeStyle = withAlpha(this.scene.grey, 0.9);
    pen.lineWidth = 1;
    pen.beginPath();
    for (let row = 0; row < side; row++) {
      for (let k = 0; k < side; k++) this._node(pen, values, row * side + k, k === 0);
      for (let k = 0; k < side; k++) this._node(pen, values, k * side + row, k === 0);
    }
    pen.stroke();
  }

  _node(pen, values, cell, isFirst) {
    const [x, y] = this.toScreen([values[2 * cell], values[2 * cell + 1]]);
    if (isFirst) pen.moveTo(x, y);
    else pen.lineTo(x, y);
  }

  /** x, and p(x|z) at one and two sigma around its mean. */
  _drawMarks({ x, mean, sigma }) {
    const { orange, ink, paper } = this.scene;
    const pen = this._begin(this.above);
    this._clip(pen);
    if (mean) {
      for (const [k, alpha] of [[2, 0.12], [1, 0.24]]) {
        this._ellipse(pen, mean, [sigma ** 2, 0, sigma ** 2], k);
        pen.fillStyle = withAlpha(orange, alpha);
        pen.fill();
        pen.strokeStyle = orange;
        pen.lineWidth = 1.5;
        pen.stroke();
      }
      this._dot(pen, mean, 4, orange, paper);
    }
    if (x) {
      this._dot(pen, x, 6, paper, ink);
      letter(pen, "x", this.toScreen(x), [-14, -8], this.scene);
    }
    pen.restore();
  }

  _at(event) {
    const box = this.above.getBoundingClientRect();
    return this.toPlane([event.clientX - box.left, event.clientY - box.top]);
  }

  _press(event) {
    if (!event.isPrimary || event.button !== 0) return;
    this.above.setPointerCapture(event.pointerId);
    this._put(this._at(event));
  }

  _moved(event) {
    if (event.buttons && this.above.hasPointerCapture(event.pointerId)) this._put(this._at(event));
  }

  _put(place) {
    if (this.hasPen) this.events.onInk(place);
    else this.events.onMove(place);
  }

  _key(event) {
    const steps = KEYS[event.key];
    const at = this.events.where();
    if (steps) {
      const step = this.scene.reach / (event.shiftKey ? 200 : 20);
      this.events.onMove([at[0] + step * steps[0], at[1] + step * steps[1]]);
    } else if (this.hasPen && (event.key === " " || event.key === "Enter")) this.events.onInk(at);
    else return;
    event.preventDefault();
  }

  _fit() {
    const wide = this.stage.clientWidth;
    if (!wide || wide === this.wide) return;
    this.wide = wide;
    this.fit(wide);
    this.events.onView();
  }
}
