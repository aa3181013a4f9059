/**
 * A pen that writes SVG: as much of CanvasRenderingContext2D as the painter of a plane draws with.
 */

import { element } from "../page/element.js";

const STATE = {
  placed: "", within: "", fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, lineCap: "butt",
  lineJoin: "miter", dashes: [], globalAlpha: 1, font: "10px sans-serif", textAlign: "start",
};
const ANCHORS = { center: "middle", right: "end", left: "start", start: "start" };
const LETTERS = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" };
const SEEN_THROUGH = /^rgba\((\d+), ?(\d+), ?(\d+), ?([\d.]+)\)$/;

export class SvgPen {
  constructor() {
    this.parts = [];
    this.saved = [];
    this.path = "";
    this.nClips = 0;
    this.ruler = new OffscreenCanvas(1, 1).getContext("2d");
    Object.assign(this, STATE);
  }

  /** All that was drawn, as a file of a size in CSS pixels, on a ground of one colour. */
  file(wide, high, title, ground) {
    const inside = [markup("title", {}, escaped(title)), markup("rect", { width: wide, height: high, fill: ground })];
    const attributes = { xmlns: "http://www.w3.org/2000/svg", width: wide, height: high, viewBox: `0 0 ${short(wide)} ${short(high)}` };
    return markup("svg", attributes, [...inside, ...this.parts].join("\n"));
  }

  save() {
    this.saved.push(Object.fromEntries(Object.keys(STATE).map((name) => [name, this[name]])));
  }

  restore() {
    Object.assign(this, this.saved.pop());
  }

  // ---- where

  translate(x, y) {
    this.placed += `translate(${short(x)} ${short(y)})`;
  }

  rotate(angle) {
    this.placed += `rotate(${degrees(angle)})`;
  }

  transform(...matrix) {
    this.placed += `matrix(${matrix.join(" ")})`;
  }

  // ---- paths

  beginPath() {
    this.path = "";
  }

  closePath() {
    this.path += "Z";
  }

  moveTo(x, y) {
    this.path += `M${short(x)} ${short(y)}`;
  }

  lineTo(x, y) {
    this.path += `${this.path ? "L" : "M"}${short(x)} ${short(y)}`;
  }

  rect(x, y, wide, high) {
    this.path += `M${short(x)} ${short(y)}h${short(wide)}v${short(high)}h${short(-wide)}Z`;
  }

  /** A whole circle, for the painter draws no part of one. */
  arc(x, y, radius) {
    this.ellipse(x, y, radius, radius, 0);
  }

  /** A whole ellipse. */
  ellipse(x, y, long, other, turn) {
    const [dx, dy] = [long * Math.cos(turn), long * Math.sin(turn)];
    const half = (sign) =>
      `A${short(long)} ${short(other)} ${degrees(turn)} 0 1 ${short(x + sign * dx)} ${short(y + sign * dy)}`;
    this.path += `M${short(x + dx)} ${short(y + dy)}${half(-1)}${half(1)}Z`;
  }

  clip() {
    const id = `clip-${++this.nClips}`;
    const path = markup("path", { d: this.path, transform: this.placed });
    this.parts.push(markup("clipPath", { id, "clip-path": this.within }, path));
    this.within = `url(#${id})`;
  }

  setLineDash(dashes) {
    this.dashes = dashes;
  }

  stroke() {
    this._add("path", { d: this.path, fill: "none", ...this._line() });
  }

  fill() {
    this._add("path", { d: this.path, ...this._ground() });
  }

  strokeRect(x, y, width, height) {
    this._add("rect", { x, y, width, height, fill: "none", ...this._line() });
  }

  fillRect(x, y, width, height) {
    this._add("rect", { x, y, width, height, ...this._ground() });
  }

  // ---- texts and pictures

  fillText(text, x, y) {
    this._add("text", { x, y, ...this._letters(), ...this._ground() }, escaped(text));
  }

  strokeText(text, x, y) {
    this._add("text", { x, y, fill: "none", ...this._letters(), ...this._line() }, escaped(text));
  }

  measureText(text) {
    this.ruler.font = this.font;
    return this.ruler.measureText(text);
  }

  /** A canvas, its pixels left sharp. */
  drawImage(picture, x, y, width, height) {
    const canvas = element("canvas", { width: picture.width, height: picture.height });
    canvas.getContext("2d").drawImage(picture, 0, 0); // one off the screen gives no address
    const look = { preserveAspectRatio: "none", style: "image-rendering:pixelated" };
    this._add("image", { x, y, width, height, ...look, href: canvas.toDataURL("image/png") });
  }

  _add(tag, attributes, inside) {
    const { placed, within, globalAlpha: opacity } = this;
    const shared = { transform: placed, opacity: opacity === 1 ? "" : opacity };
    const part = markup(tag, { ...attributes, ...shared }, inside);
    // A clip is in the coordinates of what it is given to, which may be turned.
    this.parts.push(within ? markup("g", { "clip-path": within }, part) : part);
  }

  _line() {
    const { lineWidth, lineCap, lineJoin, dashes } = this;
    return {
      ...coloured("stroke", this.strokeStyle), "stroke-width": lineWidth, "stroke-linecap": lineCap,
      "stroke-linejoin": lineJoin, "stroke-dasharray": dashes.join(" "),
    };
  }

  _ground() {
    return coloured("fill", this.fillStyle);
  }

  _letters() {
    return { style: `font:${this.font}`, "text-anchor": ANCHORS[this.textAlign] };
  }
}

/** A colour as SVG has it: what lets through what is below is an attribute of its own. */
function coloured(name, colour) {
  if (colour === "transparent") return { [name]: "none" };
  const [, red, green, blue, alpha] = SEEN_THROUGH.exec(colour) ?? [];
  return alpha ? { [name]: `rgb(${red},${green},${blue})`, [`${name}-opacity`]: alpha } : { [name]: colour };
}

/** An element; attributes without a value are left out. */
function markup(tag, attributes, inside = "") {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => ` ${name}="${typeof value === "number" ? short(value) : escaped(value)}"`);
  return `<${tag}${written.join("")}>${inside}</${tag}>`;
}

function escaped(text) {
  return String(text).replace(/[<>&"]/g, (letter) => LETTERS[letter]);
}

/** To hundredths of a pixel. */
function short(value) {
  return String(Math.round(100 * value) / 100);
}

function degrees(angle) {
  return short((180 * angle) / Math.PI);
}
