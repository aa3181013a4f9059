/**
 * Curves over the updates of a training, on a logarithmic axis: what happens first is seen, too.
 */

import { element } from "../page/element.js";
import { signed } from "../page/text.js";
import { withAlpha } from "./colours.js";
import { line, niceTicks } from "./marks.js";

const MARGIN = { left: 50, right: 74, top: 12, bottom: 42 };
const HIGH = 210; // CSS pixels
const APART = 15; // pixels between the names of two curves
const POWERS = [0, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000];

/** Where an update lies on the axis: evenly up to about ten, then decade by decade. */
export function placeOfStep(step) {
  return Math.log10(1 + step / 10);
}

export class StepCurves {
  /**
   * @param {HTMLElement} host
   * @param {{label: string, unit: string}} words - for those who do not see it; up the axis
   * @param {function()} onResize
   */
  constructor(host, { label, unit }, onResize) {
    this.unit = unit;
    this.canvas = element("canvas", { class: "curves", role: "img", "aria-label": label });
    host.append(this.canvas);
    this.observer = new ResizeObserver(() => {
      const wide = host.clientWidth;
      if (!wide || wide === this.wide) return;
      this.wide = wide;
      this.ratio = window.devicePixelRatio || 1;
      this.canvas.width = Math.round(wide * this.ratio);
      this.canvas.height = Math.round(HIGH * this.ratio);
      this.canvas.style.height = `${HIGH}px`;
      onResize();
    });
    this.observer.observe(host);
  }

  destroy() {
    this.observer.disconnect();
    this.canvas.remove();
  }

  /**
   * @param {{steps: number[], last: number, now: number, curves: Object[]}} what - updates of the
   *   points; the last update of the training; the one that is shown; {name, colour, values},
   *   a value for each update, NaN where it is not known
   * @param {{ink: string, grey: string, font: string}} theme
   */
  draw({ steps, last, now, curves }, { ink, grey, font }) {
    if (!this.wide) return;
    const pen = this.canvas.getContext("2d");
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, this.wide, HIGH);
    pen.font = `13px ${font}`;
    const known = curves.flatMap(({ values }) => values).filter(Number.isFinite);
    this.low = Math.min(0, ...known);
    this.high = Math.max(this.low + 1e-6, ...known) * 1.04;
    this.last = Math.max(last, 1);
    this._axes(pen, ink, grey);
    for (const { values, colour } of curves) this._curve(pen, steps, values, colour, now);
    this._now(pen, now, ink);
    this._names(pen, steps, curves, now, ink);
  }

  _at(step, value) {
    const across = placeOfStep(step) / placeOfStep(this.last);
    const up = (value - this.low) / (this.high - this.low);
    const [right, bottom] = [this.wide - MARGIN.right, HIGH - MARGIN.bottom];
    return [MARGIN.left + across * (right - MARGIN.left), bottom - up * (bottom - MARGIN.top)];
  }

  _axes(pen, ink, grey) {
    const [right, bottom] = [this.wide - MARGIN.right, HIGH - MARGIN.bottom];
    pen.strokeStyle = withAlpha(grey, 0.3);
    pen.fillStyle = ink;
    pen.lineWidth = 1;
    for (const step of POWERS.filter((power) => power <= this.last && power !== 1)) {
      const [x] = this._at(step, this.low);
      pen.beginPath();
      line(pen, x, MARGIN.top, x, bottom);
      pen.stroke();
      pen.textAlign = "center";
      pen.fillText(step.toLocaleString("en"), x, bottom + 16);
    }
    const { step, digits } = niceTicks(this.high - this.low, 4);
    for (let value = Math.ceil(this.low / step) * step; value <= this.high; value += step) {
      const [, y] = this._at(0, value);
      pen.beginPath();
      line(pen, MARGIN.left, y, right, y);
      pen.stroke();
      pen.textAlign = "right";
      pen.fillText(signed(value, digits), MARGIN.left - 5, y + 4);
    }
    pen.textAlign = "center";
    pen.fillText("updates", (MARGIN.left + right) / 2, bottom + 34);
    pen.save();
    pen.translate(11, (MARGIN.top + bottom) / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(this.unit, 0, 0);
    pen.restore();
  }

  /** What is beyond the shown update is pale. */
  _curve(pen, steps, values, colour, now) {
    pen.lineWidth = 2.5;
    pen.lineJoin = "round";
    for (const isPast of [false, true]) {
      pen.strokeStyle = withAlpha(colour, isPast ? 1 : 0.35);
      pen.beginPath();
      steps.forEach((step, k) => {
        if (Number.isFinite(values[k]) && (!isPast || step <= now)) pen.lineTo(...this._at(step, values[k]));
      });
      pen.stroke();
    }
    const k = steps.indexOf(now);
    if (k < 0 || !Number.isFinite(values[k])) return;
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(...this._at(now, values[k]), 4, 0, 2 * Math.PI);
    pen.fill();
  }

  _now(pen, now, ink) {
    const [x] = this._at(now, this.low);
    pen.strokeStyle = withAlpha(ink.startsWith("#") ? ink : "#808080", 0.7);
    pen.lineWidth = 1;
    pen.setLineDash([3, 3]);
    pen.beginPath();
    line(pen, x, MARGIN.top, x, HIGH - MARGIN.bottom);
    pen.stroke();
    pen.setLineDash([]);
  }

  /** Names at the right, at the height of the curves' values now, pushed apart. */
  _names(pen, steps, curves, now, ink) {
    const k = Math.max(steps.indexOf(now), 0);
    const names = curves
      .filter(({ name, values }) => name && Number.isFinite(values[k]))
      .map(({ name, colour, values }) => ({ name, colour, y: this._at(now, values[k])[1] }))
      .sort((a, b) => a.y - b.y);
    const bottom = HIGH - MARGIN.bottom + 4;
    names.forEach((each, i) => {
      if (i) each.y = Math.max(each.y, names[i - 1].y + APART);
    });
    for (let i = names.length - 1, most = bottom; i >= 0; i--, most = names[i + 1].y - APART) {
      names[i].y = Math.min(names[i].y, most);
    }
    pen.textAlign = "left";
    const x = this.wide - MARGIN.right + 6;
    for (const { name, colour, y } of names) {
      pen.fillStyle = colour;
      pen.fillRect(x, y - 5, 9, 9);
      pen.fillStyle = ink;
      pen.fillText(name, x + 13, y + 4);
    }
  }
}
