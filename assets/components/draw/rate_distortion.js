/**
 * Rate against distortion: where every checkpoint of a sweep lies, and where the shown one does.
 */

import { element } from "../page/element.js";
import { signed } from "../page/text.js";
import { line, niceTicks } from "./marks.js";

const MARGIN = { left: 46, right: 10, top: 10, bottom: 44 };
const HIGH = 260; // CSS pixels

export class RateDistortionPlane {
  /**
   * @param {HTMLElement} host
   * @param {{rate: number[], distortion: number[]}} numbers - of every checkpoint, nats per image
   * @param {function()} onResize
   */
  constructor(host, numbers, onResize) {
    this.numbers = numbers;
    this.canvas = element("canvas", { class: "trade", "aria-hidden": "true" });
    host.append(this.canvas);
    this.x = range(numbers.rate);
    this.y = range(numbers.distortion);
    this.observer = new ResizeObserver(() => {
      const wide = host.clientWidth;
      if (!wide || wide === this.wide) return;
      this._fit(wide);
      onResize();
    });
    this.observer.observe(host);
  }

  destroy() {
    this.observer.disconnect();
    this.canvas.remove();
  }

  _fit(wide) {
    this.wide = wide;
    this.ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(wide * this.ratio);
    this.canvas.height = Math.round(HIGH * this.ratio);
    this.canvas.style.height = `${HIGH}px`;
    this.right = wide - MARGIN.right;
    this.bottom = HIGH - MARGIN.bottom;
  }

  /** Nats to CSS pixels. */
  _at(rate, distortion) {
    const across = (rate - this.x[0]) / (this.x[1] - this.x[0]);
    const up = (distortion - this.y[0]) / (this.y[1] - this.y[0]);
    return [
      MARGIN.left + across * (this.right - MARGIN.left),
      this.bottom - up * (this.bottom - MARGIN.top),
    ];
  }

  /**
   * @param {{rate: number, distortion: number}} now
   * @param {number[]} epochs - checkpoints of the shown value, in order
   * @param {number[]} values - last checkpoint of every value, in order
   * @param {Object} colours - ink, grey, font, elbo
   */
  draw(now, epochs, values, { ink, grey, font, elbo }) {
    if (!this.wide) return;
    const pen = this.canvas.getContext("2d");
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, this.wide, HIGH);
    pen.font = `13px ${font}`;
    this._axes(pen, ink, grey);
    pen.save();
    pen.beginPath();
    pen.rect(MARGIN.left, MARGIN.top, this.right - MARGIN.left, this.bottom - MARGIN.top);
    pen.clip();
    this._levels(pen, ink, grey);
    this._path(pen, values, grey, 3);
    this._path(pen, epochs, elbo, 2.5);
    pen.restore();
    const [x, y] = this._at(now.rate, now.distortion);
    pen.beginPath();
    pen.arc(x, y, 7, 0, 2 * Math.PI);
    pen.fillStyle = elbo;
    pen.fill();
    pen.strokeStyle = "white";
    pen.lineWidth = 2;
    pen.stroke();
  }

  _axes(pen, ink, grey) {
    const { left, top } = MARGIN;
    pen.strokeStyle = grey;
    pen.lineWidth = 1;
    pen.strokeRect(left, top, this.right - left, this.bottom - top);
    pen.fillStyle = ink;
    for (const [value, text] of ticksOf(this.x, (this.right - left) / 45)) {
      const [x] = this._at(value, 0);
      pen.textAlign = "center";
      pen.fillText(text, x, this.bottom + 16);
    }
    for (const [value, text] of ticksOf(this.y, (this.bottom - top) / 40)) {
      const [, y] = this._at(0, value);
      pen.textAlign = "right";
      pen.fillText(text, left - 5, y + 4);
    }
    pen.textAlign = "center";
    pen.fillText("rate, nats per image", (left + this.right) / 2, this.bottom + 36);
    pen.save();
    pen.translate(12, (top + this.bottom) / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText("distortion, nats", 0, 0);
    pen.restore();
  }

  /** Lines along which rate + distortion, the negative ELBO, is the same. */
  _levels(pen, ink, grey) {
    const [low, high] = [this.x[0] + this.y[0], this.x[1] + this.y[1]];
    pen.strokeStyle = grey;
    pen.fillStyle = ink;
    pen.setLineDash([2, 4]);
    for (const [level, text] of ticksOf([low, high], 5)) {
      pen.beginPath();
      line(pen, ...this._at(this.x[0], level - this.x[0]), ...this._at(this.x[1], level - this.x[1]));
      pen.stroke();
      const [x, y] = this._at(this.x[1], level - this.x[1]);
      pen.textAlign = "right";
      if (y > MARGIN.top + 14 && y < this.bottom) pen.fillText(text, x - 4, y - 3);
    }
    pen.setLineDash([]);
  }

  _path(pen, checkpoints, colour, radius) {
    const { rate, distortion } = this.numbers;
    pen.strokeStyle = pen.fillStyle = colour;
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (const k of checkpoints) pen.lineTo(...this._at(rate[k], distortion[k]));
    pen.stroke();
    for (const k of checkpoints) {
      pen.beginPath();
      pen.arc(...this._at(rate[k], distortion[k]), radius, 0, 2 * Math.PI);
      pen.fill();
    }
  }
}

/** Round values within a range, each with its text. */
function ticksOf([low, high], most) {
  const { step, digits } = niceTicks(high - low, most);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
    found.push([value, signed(value, digits)]);
  }
  return found;
}

/** From the least to the most, and some air. */
function range(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const air = 0.07 * (high - low) || 1;
  return [low < 0 ? low - air : Math.max(low - air, 0), high + air];
}
