/**
 * Two densities over z, the draws below them, and what their KL adds up from point to point.
 */

import { density, integrand } from "../math/one_gaussian.js";
import { signed } from "../page/text.js";
import { withAlpha } from "./colours.js";
import { line, niceTicks } from "./marks.js";

const LEFT = 58; // CSS pixels, as are all below
const RIGHT = 12;
const TOP = { from: 34, to: 190 }; // the densities
const DRAWS = 222; // the middle of the strip of draws
const KL = { from: 250, to: 354 };
export const HIGH = 394;
const ENDS = 6; // of z, on either side
const STEPS = 400; // of a curve
const FAR = 8; // in sigma: where q ends
const HEADROOM = 1.12;
const PEAK = 1 / Math.sqrt(2 * Math.PI); // of N(0, 1)

/** z to CSS pixels, and densities to pixels, on a drawing of this width. */
export class BellScale {
  constructor(wide, sigma) {
    this.right = wide - RIGHT;
    this.unit = (this.right - LEFT) / (2 * ENDS);
    this.most = HEADROOM * Math.max(PEAK, PEAK / sigma);
  }

  x(z) {
    return LEFT + (z + ENDS) * this.unit;
  }

  y(value) {
    return TOP.to - (value / this.most) * (TOP.to - TOP.from);
  }

  /** Where q is to be dragged: its peak, and one standard deviation to the right of it. */
  handles(mu, sigma) {
    return {
      mu: [this.x(mu), this.y(density(mu, mu, sigma))],
      sigma: [this.x(mu + sigma), this.y(density(mu + sigma, mu, sigma))],
    };
  }
}

/**
 * @param {CanvasRenderingContext2D} pen - in CSS pixels
 * @param {BellScale} scale
 * @param {{mu: number, sigma: number, draws: Float64Array}} shown
 * @param {{ink: string, font: string, prior: string, above: string, below: string}} look
 */
export function drawBells(pen, scale, shown, look) {
  pen.clearRect(0, 0, scale.right + RIGHT, HIGH);
  pen.font = `13px ${look.font}`;
  pen.lineJoin = "round";
  drawDensities(pen, scale, shown, look);
  drawDraws(pen, scale, shown, look);
  drawIntegrand(pen, scale, shown, look);
}

function drawDensities(pen, scale, { mu, sigma }, look) {
  axes(pen, scale, TOP, [0, scale.most], (value) => scale.y(value), look);
  turned(pen, "density / unit of z", TOP, look);
  pen.save();
  clip(pen, scale, TOP);
  pen.strokeStyle = look.prior;
  pen.lineWidth = 2.5;
  pen.setLineDash([6, 5]);
  curve(pen, (t) => [scale.x(ENDS * t), scale.y(density(ENDS * t, 0, 1))]);
  pen.stroke();
  pen.setLineDash([]);
  curve(pen, (t) => [scale.x(mu + FAR * sigma * t), scale.y(density(FAR * t, 0, 1) / sigma)]);
  pen.strokeStyle = look.ink;
  pen.lineWidth = 2.5;
  pen.stroke();
  pen.restore();
  const { mu: peak, sigma: arm } = scale.handles(mu, sigma);
  pen.strokeStyle = look.ink;
  pen.lineWidth = 1.5;
  pen.beginPath();
  line(pen, peak[0], peak[1], peak[0], TOP.to);
  line(pen, peak[0], arm[1], arm[0], arm[1]);
  pen.stroke();
}

function drawDraws(pen, scale, { draws }, look) {
  pen.fillStyle = look.ink;
  pen.textAlign = "right";
  pen.fillText("samples", LEFT - 6, DRAWS + 4);
  pen.fillStyle = withAlpha(look.draw, 0.65);
  for (const z of draws) {
    if (Math.abs(z) > ENDS) continue;
    pen.beginPath();
    pen.arc(scale.x(z), DRAWS, 5, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.fillStyle = look.ink;
  const [low, high] = [-1, 1].map((side) => draws.filter((z) => side * z > ENDS).length);
  pen.textAlign = "left";
  if (low) pen.fillText(`← ${low} further out`, LEFT + 2, DRAWS + 20);
  pen.textAlign = "right";
  if (high) pen.fillText(`${high} further out →`, scale.right - 2, DRAWS + 20);
}

function drawIntegrand(pen, scale, { mu, sigma }, look) {
  const at = (t) => integrand(FAR * t, mu, sigma);
  const [low, high] = rangeOf(Array.from({ length: STEPS + 1 }, (_, k) => at((2 * k) / STEPS - 1)));
  const y = (value) => KL.to - ((value - low) / (high - low)) * (KL.to - KL.from);
  axes(pen, scale, KL, [low, high], y, look);
  turned(pen, "nats / unit of z", KL, look);
  pen.save();
  clip(pen, scale, KL);
  for (const [sign, colour] of [[1, look.above], [-1, look.below]]) {
    const part = (t) => y(sign * Math.max(sign * at(t), 0));
    curve(pen, (t) => [scale.x(mu + FAR * sigma * t), part(t)]);
    pen.fillStyle = withAlpha(colour, 0.5);
    pen.fill();
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.stroke();
  }
  pen.restore();
  pen.strokeStyle = look.ink;
  pen.lineWidth = 1;
  pen.beginPath();
  line(pen, LEFT, y(0), scale.right, y(0));
  pen.stroke();
  pen.fillStyle = look.ink;
  pen.textAlign = "center";
  pen.fillText("z", (LEFT + scale.right) / 2, HIGH - 6);
}

/** A path through f(t), t from -1 to 1. */
function curve(pen, f) {
  pen.beginPath();
  for (let k = 0; k <= STEPS; k++) pen.lineTo(...f((2 * k) / STEPS - 1));
}

function clip(pen, scale, { from, to }) {
  pen.beginPath();
  pen.rect(LEFT, from, scale.right - LEFT, to - from);
  pen.clip();
}

/** A frame, with ticks of z below it and of values to its left. */
function axes(pen, scale, { from, to }, [low, high], y, look) {
  pen.strokeStyle = look.prior;
  pen.lineWidth = 1;
  pen.strokeRect(LEFT, from, scale.right - LEFT, to - from);
  pen.fillStyle = look.ink;
  pen.textAlign = "center";
  for (let z = -ENDS; z <= ENDS; z += 2) pen.fillText(signed(z, 0), scale.x(z), to + 16);
  pen.textAlign = "right";
  const { step, digits } = niceTicks(high - low, 3);
  for (let k = Math.ceil(low / step); k * step <= high; k++) {
    pen.fillText(signed(k * step, digits), LEFT - 6, y(k * step) + 4);
  }
}

function turned(pen, text, { from, to }, look) {
  pen.save();
  pen.translate(12, (from + to) / 2);
  pen.rotate(-Math.PI / 2);
  pen.textAlign = "center";
  pen.fillStyle = look.ink;
  pen.fillText(text, 0, 0);
  pen.restore();
}

/** From the least to the most, 0 among them, and some air. */
function rangeOf(values) {
  const [low, high] = [Math.min(...values, 0), Math.max(...values, 0)];
  const air = Math.max(0.1 * (high - low), 0.02);
  return [low - air, high + air];
}
