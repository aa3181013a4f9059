/**
 * A sketch of a figure: bars, lines and points with their axes, as vae_core/figures/sketch.py has
 * them. It stands until Plotly has drawn the figure itself.
 */

import { line, niceTicks } from "./marks.js";
import { signed } from "../page/text.js";

const EDGE = 8; // CSS pixels around a figure, as are all below
const TICK = 14, TITLE = 15, LINE = 19; // of text
const LEFT = { ticks: 8, title: 20 }; // beside ticks, and between them and a title, as Plotly has it
const BELOW = { ticks: 23, title: 51 }; // from a panel down to the line of its ticks, of its title
const GRID = "rgba(138,143,152,.25)", ZERO = "rgba(138,143,152,.6)";

/**
 * @param {CanvasRenderingContext2D} pen - in CSS pixels
 * @param {Object} sketch
 * @param {{wide: number, ink: string, font: string}} look
 */
export function drawSketch(pen, sketch, { wide, ink, font }) {
  const frame = frameOf(pen, sketch, wide, font);
  pen.textBaseline = "alphabetic";
  for (const panel of sketch.panels) drawPanel(pen, panel, placed(panel, frame), { ink, font });
  drawLegend(pen, sketch.legend, frame, { ink, font });
  for (const note of sketch.notes) {
    const panel = sketch.panels.find(({ name }) => name === note.panel);
    if (panel || note.panel === null) drawNote(pen, note, panel && placed(panel, frame), frame, { ink, font });
  }
}

/** The room of all panels: what ticks and titles leave. */
function frameOf(pen, { panels, height, top }, wide, font) {
  pen.font = `${TICK}px ${font}`;
  const first = panels[0];
  const texts = panels.flatMap(({ y }) => (y.domain && ticksOf(y, height)).map(([, text]) => text));
  const widest = Math.max(0, ...texts.map((text) => pen.measureText(text).width));
  const lines = first.y.title ? first.y.title.split("\n").length : 0;
  const { x } = panels.at(-1);
  const below = x.title ? BELOW.title + 3 : ticksOf(x, wide).length && BELOW.ticks;
  const left = EDGE + lines * LINE + LEFT.title + widest + LEFT.ticks;
  return { left, top, right: wide - EDGE, bottom: height - EDGE - below };
}

/** Where a panel lies in it, and its scales. */
function placed({ x, y }, { left, top, right, bottom }) {
  const [wide, high] = [right - left, bottom - top];
  let box = {
    left: left + x.domain[0] * wide, right: left + x.domain[1] * wide,
    top: top + (1 - y.domain[1]) * high, bottom: top + (1 - y.domain[0]) * high,
  };
  if (y.square) box = squared(box, x.range, y.range);
  const along = (from, to, [a, b]) => (value) => from + ((value - a) / (b - a)) * (to - from);
  return { ...box, x: along(box.left, box.right, x.range), y: along(box.bottom, box.top, y.range) };
}

/** As much of a box as has one scale across and up: from its top, in the middle. */
function squared({ left, right, top, bottom }, x, y) {
  const [across, up] = [Math.abs(x[1] - x[0]), Math.abs(y[1] - y[0])];
  const unit = Math.min((right - left) / across, (bottom - top) / up);
  const spare = (right - left - unit * across) / 2;
  return { left: left + spare, right: right - spare, top, bottom: top + unit * up };
}

/** Places and texts of an axis. */
function ticksOf({ ticks, range, log }, room) {
  if (ticks) return ticks;
  const [low, high] = [Math.min(...range), Math.max(...range)];
  if (log) {
    const decades = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, k) => Math.ceil(low) + k);
    return decades.map((k) => [k, k >= 0 && k < 5 ? (10 ** k).toLocaleString("en") : `10^${k}`]);
  }
  const { step, digits } = niceTicks(high - low, room / 62);
  const first = Math.ceil(low / step - 1e-9);
  const n = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: n }, (_, k) => [(first + k) * step, signed((first + k) * step, digits)]);
}

function drawPanel(pen, { x, y, shapes }, box, { ink, font }) {
  pen.font = `${TICK}px ${font}`;
  pen.lineWidth = 1;
  pen.fillStyle = ink;
  pen.textAlign = "center";
  for (const [value, text] of ticksOf(x, box.right - box.left)) {
    if (x.grid) rule(pen, value, box.x(value), box.top, box.x(value), box.bottom);
    pen.fillText(text, box.x(value), box.bottom + BELOW.ticks);
  }
  pen.textAlign = "right";
  for (const [value, text] of ticksOf(y, box.bottom - box.top)) {
    if (y.grid) rule(pen, value, box.left, box.y(value), box.right, box.y(value));
    pen.fillText(text, box.left - LEFT.ticks - 6, box.y(value) + 5);
  }
  pen.font = `${TITLE}px ${font}`;
  pen.textAlign = "center";
  pen.fillText(x.title, (box.left + box.right) / 2, box.bottom + BELOW.title);
  pen.save();
  pen.translate(EDGE + 12, (box.top + box.bottom) / 2);
  pen.rotate(-Math.PI / 2);
  y.title.split("\n").forEach((text, k) => pen.fillText(text, 0, k * LINE));
  pen.restore();
  pen.save();
  pen.beginPath();
  pen.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  pen.clip();
  for (const shape of shapes) SHAPES[shape.kind](pen, shape, box);
  pen.restore();
}

function rule(pen, value, ...ends) {
  pen.strokeStyle = value ? GRID : ZERO;
  pen.beginPath();
  line(pen, ...ends);
  pen.stroke();
}

const coloured = (colour, k) => (typeof colour === "string" ? colour : colour[k]);

const SHAPES = {
  bars(pen, { at, colour }, box) {
    for (let k = 0; 4 * k < at.length; k++) {
      const [left, low, right, high] = at.slice(4 * k, 4 * k + 4);
      pen.fillStyle = coloured(colour, k);
      pen.fillRect(box.x(left), box.y(high), box.x(right) - box.x(left), box.y(low) - box.y(high));
    }
  },
  line(pen, { at, colour, width, dash }, box) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.beginPath();
    let isBroken = true;
    for (let k = 0; k < at.length; k += 2) {
      const isGap = at[k] === null || at[k + 1] === null;
      if (!isGap) pen[isBroken ? "moveTo" : "lineTo"](box.x(at[k]), box.y(at[k + 1]));
      isBroken = isGap;
    }
    pen.stroke();
    pen.setLineDash([]);
  },
  dots(pen, { at, colour, size, opacity }, box) {
    pen.save();
    pen.globalAlpha = opacity;
    for (let k = 0; 2 * k < at.length; k++) {
      if (at[2 * k] === null || at[2 * k + 1] === null) continue;
      pen.fillStyle = coloured(colour, k);
      pen.beginPath();
      pen.arc(box.x(at[2 * k]), box.y(at[2 * k + 1]), size / 2, 0, 2 * Math.PI);
      pen.fill();
    }
    pen.restore();
  },
};

/** Names beside their colours, above the panels. */
function drawLegend(pen, legend, { left, right, top }, { ink, font }) {
  pen.font = `${TITLE - 2}px ${font}`;
  pen.textAlign = "left";
  let at = left;
  for (const [name, colour] of legend) {
    const wide = 34 + pen.measureText(name).width;
    if (at + wide > right) return; // the rest comes with the figure
    pen.fillStyle = coloured(colour, 0);
    pen.fillRect(at, top - 17, 14, 10);
    pen.fillStyle = ink;
    pen.fillText(name, at + 19, top - 8);
    at += wide;
  }
}

function drawNote(pen, note, box, frame, { ink, font }) {
  const x = box?.x ?? ((share) => frame.left + share * (frame.right - frame.left));
  const y = box?.y ?? ((share) => frame.bottom + share * (frame.top - frame.bottom));
  const [across, up] = [x(note.at[0]) + note.shift[0], y(note.at[1]) - note.shift[1]];
  pen.font = `${note.ground ? "bold " : ""}${note.size}px ${font}`;
  pen.textAlign = { left: "left", right: "right" }[note.anchor] ?? "center";
  if (note.from) {
    pen.strokeStyle = GRID;
    pen.beginPath();
    line(pen, across, up, x(note.from[0]), y(note.from[1]));
    pen.stroke();
  }
  note.text.split("\n").forEach((text, k) => {
    const middle = up + k * LINE + (box ? note.size / 3 : -4);
    if (note.ground) {
      const half = pen.measureText(text).width / 2 + 4;
      pen.fillStyle = note.ground;
      pen.fillRect(across - half, middle - note.size, 2 * half, note.size * 1.4);
    }
    pen.fillStyle = note.colour ?? ink;
    pen.fillText(text, across, middle);
  });
}
