/**
 * The painter of a plane of two latent dimensions: what lies on it, and where on the screen that is.
 */

import { inkOn, withAlpha } from "./colours.js";
import { drawLit } from "./lit_marks.js";
import { magnifyAll } from "./magnifier.js";
import { drawTruth } from "./posterior_contours.js";
import { IN_A_PLANE, ON_A_LINE, drawPoints, fontOf, letter, line, principalAxes } from "./marks.js";
import { oneForAll, pushApart, together } from "./marks.js";
import { PLANE_MARGIN, drawAxes, drawTriangle } from "./plane_frame.js";
import { drawArms } from "./sigma_arms.js";

const [SAME_PLACE, BESIDE] = [5, 12]; // pixels: centres that are one, names that need a line
const TOGETHER = "#6a737d"; // of what is of several classes: their name, their ellipse

/** Two canvases: below what changes seldom, above what moves with the finger. */
export class PlanePainter {
  constructor(below, above) {
    this.below = below;
    this.above = above;
    this.scene = {};
    this.zoom = 1;
  }

  /**
   * What is on the plane; only what is given changes.
   * @param {Object} change
   *   reach: half the side of the plane at zoom 1, centre: its middle;
   *   titles: of the axes; hasNoUnit: whether these have no ticks; corners: names, for a
   *   triangle in place of axes;
   *   points: {x, y, labels} or null; widths: {x, y, xx, xy, yy, labels}, posteriors drawn thin at
   *   1 and 2 sigma, or null; rings: whether the prior is N(0, I);
   *   isLine: whether up means nothing, for z is one dimension;
   *   prior: {x, y}, draws from another prior; components: [{mean, covariance, weight, label}] of one
   *   that is a mixture, or null, the label null where it is no class's; classes: [{label, name, mean, covariance}];
   *   map: {image, place: number[6]}, a picture and the affine map of its unit square; ink,
   *   grey, paper, orange: colours; classColours
   */
  show(change) {
    Object.assign(this.scene, change);
    this.isStale = true;
  }

  /**
   * Draw what has changed since; called once per frame. `truth` are marks of the true posterior,
   * or null: {contours, box, mode, best: a Gaussian or null, curves: of a line, or null}; `ghosts`
   * earlier samples of z; `lit` is a part to light, or null.
   */
  draw({ posterior, z, focus, truth = null, ghosts = [], lit = null }) {
    this.lit = lit;
    if (!this.side || !this.scene.reach) return;
    if (this.isStale) {
      this._drawBelow();
      this.isStale = false;
    }
    this.drawn = { posterior, z, truth, ghosts, lit };
    this._drawAbove({ posterior, z, focus, truth, ghosts });
  }

  get centre() {
    return this.middle ?? this.scene.centre;
  }

  get scale() {
    return (this.side * this.zoom) / (2 * this.scene.reach); // CSS pixels per unit of z
  }

  toScreen([x, y]) {
    const [cx, cy] = this.centre;
    const half = this.side / 2;
    return [
      PLANE_MARGIN.left + half + (x - cx) * this.scale,
      PLANE_MARGIN.top + half - (y - cy) * this.scale,
    ];
  }

  toPlane([left, top]) {
    const [cx, cy] = this.centre;
    const half = this.side / 2;
    return [
      cx + (left - PLANE_MARGIN.left - half) / this.scale,
      cy - (top - PLANE_MARGIN.top - half) / this.scale,
    ];
  }

  /** Take this much of the page's width, in its pixels; `ratio` of the canvas's to each. */
  fit(wide, ratio = window.devicePixelRatio || 1) {
    const { left, right, top, bottom } = PLANE_MARGIN;
    this.side = Math.max(wide - left - right, 1);
    this.ratio = ratio;
    this.scene.unit = (parseFloat(getComputedStyle(this.below).fontSize) || 16) / 16;
    for (const canvas of [this.below, this.above]) {
      canvas.width = Math.round(wide * this.ratio);
      canvas.height = Math.round((this.side + top + bottom) * this.ratio);
      canvas.style.height = `${this.side + top + bottom}px`;
    }
    this.isStale = true;
  }

  _begin(canvas) {
    const pen = canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.font = fontOf(14, this.scene);
    pen.lineJoin = "round";
    return pen;
  }

  _clip(pen) {
    pen.save();
    pen.beginPath();
    pen.rect(PLANE_MARGIN.left, PLANE_MARGIN.top, this.side, this.side);
    pen.clip();
  }

  _drawBelow() {
    const { map, points, widths, corners, classes = [] } = this.scene;
    const pen = this._begin(this.below);
    if (!corners) drawAxes(pen, this);
    this._clip(pen);
    if (map) this._map(pen, map);
    this._prior(pen);
    if (points) this._points(pen, points);
    if (widths) this._widths(pen, widths);
    for (const each of oneForAll(classes, SAME_PLACE / this.scale)) this._classEllipse(pen, each);
    this._priorNames(pen);
    this._classNames(pen, classes);
    pen.restore();
    if (corners) drawTriangle(pen, this, corners);
  }

  /** A picture laid over the plane: its unit square goes to `place` (a, b, c, d, e, f). */
  _map(pen, { image, place: [a, b, c, d, e, f] }) {
    const [originX, originY] = this.toScreen([e, f]);
    const k = this.scale;
    pen.save();
    pen.imageSmoothingEnabled = false;
    pen.transform(a * k, -b * k, c * k, -d * k, originX, originY);
    pen.drawImage(image, 0, 0, 1, 1);
    pen.restore();
  }

  _prior(pen) {
    const { rings, isLine, prior, components, grey, ink } = this.scene;
    if (prior) {
      pen.fillStyle = withAlpha(grey, 0.55);
      for (let i = 0; i < prior.x.length; i++) {
        const [x, y] = this.toScreen([prior.x[i], prior.y[i]]);
        pen.fillRect(x - 1.5, y - 1.5, 3, 3);
      }
    }
    if (components) this._components(pen, components);
    if (!rings) return;
    const [x, y] = this.toScreen([0, 0]);
    pen.strokeStyle = ink;
    pen.globalAlpha = 0.6;
    pen.lineWidth = 1.5;
    pen.setLineDash([2, 4]);
    for (const k of [1, 2, 3]) {
      pen.beginPath();
      if (isLine) for (const side of [-k, k]) this._mark(pen, x + side * this.scale);
      else pen.arc(x, y, k * this.scale, 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  /** Those of a learned prior at 1 sigma, the wider the line the more weight. */
  _components(pen, components) {
    const most = Math.max(...components.map(({ weight }) => weight));
    pen.save();
    pen.globalAlpha = 0.7;
    pen.setLineDash([4, 3]);
    for (const { mean, covariance, weight, label } of components) {
      pen.strokeStyle = label === null ? this.scene.ink : this._classColour(label);
      pen.lineWidth = 0.75 + (1.75 * weight) / most;
      const isPoint = covariance[0] === 0 && covariance[2] === 0; // an entry of a codebook
      if (isPoint) this._circle(pen, mean, 3 + 4 * Math.sqrt(weight / most));
      else this._ellipse(pen, mean, covariance, 1);
      pen.stroke();
    }
    pen.restore();
  }

  /** Of so many pixels around a point; its line is whole. */
  _circle(pen, at, radius) {
    pen.setLineDash([]);
    pen.beginPath();
    pen.arc(...this.toScreen(at), radius, 0, 2 * Math.PI);
  }

  /** What the rings are, and how much of the prior lies within: on top of points and classes. */
  _priorNames(pen) {
    const { rings, isLine, ink, paper } = this.scene;
    if (!rings) return;
    const [x, y] = this.toScreen([0, 0]);
    pen.fillStyle = ink;
    pen.strokeStyle = paper;
    pen.lineWidth = 3;
    pen.textAlign = "center";
    pen.font = fontOf(14, this.scene);
    for (const k of [1, 2, 3]) {
      const sigma = isLine ? `±${k}σ ${ON_A_LINE[k]}` : `${k}σ ${IN_A_PLANE[k]}`;
      const text = k === 3 && !isLine ? `prior p(z): ${sigma}` : sigma;
      const at = isLine ? [x + k * this.scale, PLANE_MARGIN.top + 14] : [x, y - k * this.scale - 4];
      pen.strokeText(text, ...at);
      pen.fillText(text, ...at);
    }
  }

  /** A line from the bottom up to its name. */
  _mark(pen, x) {
    line(pen, x, PLANE_MARGIN.top + 20, x, PLANE_MARGIN.top + this.side);
  }

  _points(pen, points) {
    drawPoints(pen, points, this);
  }

  /** q(z|x) of many images, the paler the more: 1 sigma, and 2 thinner. */
  _widths(pen, { x, y, xx, xy, yy, labels }) {
    pen.save();
    pen.globalAlpha = x.length > 200 ? 0.45 : 0.75;
    for (let i = 0; i < x.length; i++) {
      pen.strokeStyle = this._classColour(labels[i]);
      for (const [k, width] of [[1, 1.5], [2, 0.6]]) {
        pen.lineWidth = width;
        this._ellipse(pen, [x[i], y[i]], [xx[i], xy[i], yy[i]], k);
        pen.stroke();
      }
    }
    pen.restore();
  }

  _classEllipse(pen, { label, mean, covariance }) {
    pen.strokeStyle = label === null ? TOGETHER : this._classColour(label);
    for (const [k, width] of this.scene.corners ? [[1, 3]] : [[1, 3], [2, 1.5]]) {
      pen.lineWidth = width;
      this._ellipse(pen, mean, covariance, k);
      pen.stroke();
    }
  }

  /**
   * Names at the classes' centres, with a line to it where they are pushed apart; one name for
   * centres that are one place to the eye. That of all stands below, for z and q(z|x) are there.
   */
  _classNames(pen, classes) {
    const { unit = 1 } = this.scene;
    pen.font = fontOf(15, this.scene, true);
    pen.textAlign = "center";
    const marks = classes.map(({ name, mean, label }) => {
      const [x, y] = this.toScreen(mean);
      return { name, label, x, y };
    });
    const boxes = together(marks, SAME_PLACE).map((mark) => ({
      ...mark, centre: [mark.x, mark.y], half: pen.measureText(mark.name).width / 2 + 5,
      colour: mark.labels.length > 1 ? TOGETHER : this._classColour(mark.labels[0]),
    }));
    if (classes.length > 2 && boxes.length === 1) boxes[0].y = this._below(classes[0]);
    for (let round = 0; round < 30; round++) {
      for (const a of boxes) for (const b of boxes) pushApart(a, b);
    }
    pen.lineWidth = 1.5;
    for (const { x, y, centre, colour } of boxes) {
      if (Math.hypot(x - centre[0], y - centre[1]) < BESIDE) continue;
      pen.strokeStyle = colour;
      pen.beginPath();
      line(pen, ...centre, x, y);
      pen.stroke();
    }
    for (const { name, x, y, half, colour } of boxes) {
      pen.fillStyle = colour;
      pen.fillRect(x - half, y - 10 * unit, 2 * half, 20 * unit);
      pen.fillStyle = inkOn(colour);
      pen.fillText(name, x, y + 5.5 * unit);
    }
  }

  /** Below an ellipse of 2 sigma, and on the plane. */
  _below({ mean, covariance }) {
    const y = this.toScreen(mean)[1] + 2 * Math.sqrt(covariance[2]) * this.scale + 24;
    return Math.min(y, PLANE_MARGIN.top + this.side - 14);
  }

  _classColour(label) {
    return this.scene.classColours[label % this.scene.classColours.length];
  }

  _drawAbove({ posterior, z, focus, truth, ghosts }) {
    const { orange, ink } = this.scene;
    const pen = this._begin(this.above);
    this._clip(pen);
    if (focus) this._dot(pen, focus, 6, "transparent", ink);
    if (posterior) {
      this._posterior(pen, posterior);
      letter(pen, "μ", this.toScreen(posterior.mean), [-14, -8], this.scene);
    }
    if (truth) drawTruth(pen, truth, this);
    this._ghosts(pen, ghosts, 5);
    if (z) {
      this._dot(pen, z, 9, orange, "white");
      letter(pen, "z", this.toScreen(z), [16, 18], this.scene);
    }
    if (this.lit) drawLit(pen, this.lit, { posterior, z }, this);
    if (posterior && !this._magnify(pen, posterior, { z, truth, ghosts })) {
      this._arms(pen, posterior);
    }
    pen.restore();
  }

  /** Earlier samples: hollow, and the more pale the longer ago. */
  _ghosts(pen, ghosts, radius, frame = this) {
    pen.save();
    ghosts.forEach((place, k) => {
      pen.globalAlpha = 1 - k / (ghosts.length + 1);
      this._dot(pen, place, radius, "transparent", this.scene.orange, frame);
    });
    pen.restore();
  }

  _arms(pen, posterior, frame = this) {
    if (!this.scene.corners) drawArms(pen, posterior, this.scene, frame); // else they lie askew
  }

  /** What is too small to be seen, enlarged in corners; whether anything is. */
  _magnify(pen, posterior, { z, truth, ghosts }) {
    const { long } = principalAxes(posterior.covariance);
    const q = { centre: posterior.mean, half: 2.7 * long }; // 2 sigma and some air
    const { side, scale, scene } = this;
    const plane = { ...PLANE_MARGIN, side, scale, scene, place: this.toScreen(posterior.mean) };
    let isEnlarged = false;
    magnifyAll(pen, plane, q, truth?.box, (frame) => {
      isEnlarged = true;
      this._posterior(pen, posterior, frame);
      if (truth) drawTruth(pen, truth, this, frame);
      this._ghosts(pen, ghosts, 4, frame);
      if (z) this._dot(pen, z, 6, scene.orange, "white", frame);
      this._arms(pen, posterior, frame);
      if (this.lit) drawLit(pen, this.lit, { posterior, z }, frame);
    });
    return isEnlarged;
  }

  /** Its ellipse at 1 and 2 sigma, and its mean. */
  _posterior(pen, { mean, covariance }, frame = this) {
    const { orange, ink, paper } = this.scene;
    for (const [k, alpha] of [[2, 0.16], [1, 0.3]]) {
      this._ellipse(pen, mean, covariance, k, frame);
      pen.fillStyle = withAlpha(orange, alpha);
      pen.fill();
      pen.strokeStyle = orange;
      pen.lineWidth = 2;
      pen.stroke();
    }
    this._axesOf(pen, mean, covariance, frame);
    this._dot(pen, mean, 4, ink, paper, frame);
  }

  /** Principal axes of a tilted ellipse. */
  _axesOf(pen, mean, covariance, frame) {
    if (!covariance[1]) return;
    const { long, short, angle } = principalAxes(covariance);
    pen.save();
    const { scale } = frame;
    pen.translate(...frame.toScreen(mean));
    pen.rotate(-angle);
    pen.setLineDash([3, 3]);
    pen.lineWidth = 1.5;
    pen.beginPath();
    line(pen, -2 * long * scale, 0, 2 * long * scale, 0);
    line(pen, 0, -2 * short * scale, 0, 2 * short * scale);
    pen.stroke();
    pen.restore();
  }

  _ellipse(pen, mean, covariance, nSigma, frame = this) {
    const { long, short, angle } = principalAxes(covariance);
    const [x, y] = frame.toScreen(mean);
    const k = nSigma * frame.scale;
    pen.beginPath();
    pen.ellipse(x, y, Math.max(k * long, 1), Math.max(k * short, 1), -angle, 0, 2 * Math.PI);
  }

  _dot(pen, place, radius, fill, edge, frame = this) {
    const [x, y] = frame.toScreen(place);
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fillStyle = fill;
    pen.fill();
    pen.strokeStyle = edge;
    pen.lineWidth = 2;
    pen.stroke();
  }
}
