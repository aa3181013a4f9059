/**
 * A scatter plot of many points: mouse, finger and keys move the view, point at one, or draw a
 * loop around some.
 */

import { nearestPoint, nextPoint, pointsInside } from "../math/geometry.js";
import { element } from "../page/element.js";
import { channelsOf } from "./colours.js";
import { overlay, stamp } from "./marks.js";
import { drawAxes } from "./plane_frame.js";
import { PlanePainter } from "./plane_painter.js";

const DIRECTIONS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
};
const MAX_ZOOM = 64; // zoom
const REACH = { mouse: 12, touch: 24, pen: 16 }; // CSS pixels
const STILL = 5; // CSS pixels that a click may move
const SPRITE_SIDE = 26; // CSS pixels

export class Scatter extends PlanePainter {
  /**
   * @param {HTMLElement} host
   * @param {{onHover: function(?number, number[]), onPick: function(?number),
   *   onLasso: function(number[])}} events - the point under the mouse, and where that is on
   *   the canvas; the point clicked; those inside a loop. Points by position.
   */
  constructor(host, events) {
    const below = element("canvas", { "aria-hidden": "true" });
    const above = element("canvas", {
      tabindex: 0,
      role: "application",
      "aria-roledescription": "map of images",
      onpointerdown: (event) => this._press(event),
      onpointermove: (event) => this._moved(event),
      onpointerup: (event) => this._lift(event),
      onpointercancel: (event) => this._cancel(event),
      onpointerleave: (event) => event.pointerType === "mouse" && this._point(null),
      onkeydown: (event) => this._key(event),
      onwheel: (event) => this._wheel(event),
      onfocus: () => (this.hasFocus = true),
      onblur: () => (this.hasFocus = false),
    });
    super(below, above);
    this.events = events;
    this.pointers = new Map(); // id -> place on the canvas
    this.focus = null; // position of the point that is pointed at
    this.stage = element("div", { class: "stage" }, below, above);
    host.append(this.stage);
    this.setLasso(false);
    this.observer = new ResizeObserver(() => this._fit());
    this.observer.observe(this.stage);
  }

  destroy() {
    cancelAnimationFrame(this.pending);
    this.observer.disconnect();
    this.stage.remove();
    this.isGone = true;
  }

  show(change) {
    super.show(change);
    this.schedule();
  }

  /** Draw in the next frame, once. */
  schedule() {
    if (this.isGone) return;
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      this.draw({});
    });
  }

  /** Whether dragging draws a loop. */
  setLasso(isLasso) {
    this.isLasso = isLasso;
    this._touch();
  }

  /** Show everything. */
  whole() {
    this._view(1, null);
  }

  /** Zoom by a factor, keeping a place of the plane where it is. */
  zoomBy(factor, about = this.centre) {
    const zoom = Math.min(Math.max(this.zoom * factor, 1), MAX_ZOOM);
    const share = this.zoom / zoom;
    const [cx, cy] = this.centre;
    this._view(zoom, [about[0] + (cx - about[0]) * share, about[1] + (cy - about[1]) * share]);
  }

  /** Move what is seen by so many CSS pixels. */
  panBy(right, down) {
    const [cx, cy] = this.centre;
    this._view(this.zoom, [cx - right / this.scale, cy + down / this.scale]);
  }

  _view(zoom, middle) {
    this.zoom = zoom;
    if (middle) {
      const { centre, reach } = this.scene;
      const most = reach * (1 - 1 / zoom); // the view stays within the whole
      middle = middle.map((v, k) => Math.min(Math.max(v, centre[k] - most), centre[k] + most));
    }
    this.middle = middle;
    this.isStale = true;
    this._touch();
    this.schedule();
  }

  /** A finger scrolls the page unless there is something to drag here. */
  _touch() {
    this.above.style.touchAction = this.isLasso || this.zoom > 1 ? "none" : "pan-y";
    this.above.style.cursor = this.isLasso ? "crosshair" : this.zoom > 1 ? "grab" : "pointer";
  }

  // ---- painting

  _drawBelow() {
    const pen = this._begin(this.below);
    const { points, sprites, classes } = this.scene;
    drawAxes(pen, this);
    if (!points) return;
    this._clip(pen);
    this._points(pen, points);
    if (sprites) this._sprites(pen, points, sprites);
    this._classNames(pen, classes.filter(({ label }) => points.isClassShown(label)));
    this._upTitle(pen);
    pen.restore();
  }

  /** What lies up, inside the frame: ticks of a zoomed plane may take all room beside it. */
  _upTitle(pen) {
    const { ink, paper, font, upTitle } = this.scene;
    pen.font = `bold 14px ${font}`;
    pen.textAlign = "left";
    pen.lineWidth = 4;
    pen.strokeStyle = paper;
    pen.fillStyle = ink;
    for (const put of ["strokeText", "fillText"]) pen[put](`↑ ${upTitle}`, 46, 27);
  }

  /** All points in one picture; those picked last, and the others pale. */
  _points(pen, { x, y, labels, shown, picked }) {
    const { width, height } = this.below;
    const data = new ImageData(width, height);
    const colours = this.scene.classColours.map(channelsOf);
    const grown = Math.min(1 + 0.3 * Math.log2(this.zoom), 2.5) * (x.length < 2000 ? 1.8 : 1);
    const size = Math.max(2, Math.round(2.5 * this.ratio * grown));
    const full = (x.length > 20_000 ? 0.35 : 0.6) * (this.scene.sprites ? 0.35 : 1);
    const put = (i, opacity) => {
      const [left, top] = this.toScreen([x[i], y[i]]);
      const [column, row] = [Math.round(left * this.ratio), Math.round(top * this.ratio)];
      stamp(data, column, row, size, colours[labels[i] % colours.length], opacity);
    };
    for (let i = 0; i < x.length; i++) if (shown(i) && !picked?.[i]) put(i, picked ? 0.2 * full : full);
    if (picked) for (let i = 0; i < x.length; i++) if (shown(i) && picked[i]) put(i, this.scene.sprites ? 0.35 : 0.9);
    overlay(pen, data);
  }

  _sprites(pen, { x, y, shown, picked, positions }, sprites) {
    const onScreen = (number) => {
      const i = positions.get(number);
      if (i === undefined || !shown(i) || (picked && !picked[i])) return null;
      const at = this.toScreen([x[i], y[i]]);
      return this._isSeen(at) ? at : null;
    };
    sprites.draw(pen, SPRITE_SIDE * Math.min(1 + 0.25 * Math.log2(this.zoom), 2), onScreen);
  }

  _isSeen([left, top]) {
    const most = this.above.clientWidth;
    return left > 0 && top > 0 && left < most && top < this.side + 40;
  }

  _drawAbove() {
    const { points, ink, orange } = this.scene;
    const pen = this._begin(this.above);
    if (!points) return;
    this._clip(pen);
    if (this.focus !== null) {
      this._dot(pen, [points.x[this.focus], points.y[this.focus]], 8, "transparent", ink);
    }
    if (points.one != null) {
      const place = [points.x[points.one], points.y[points.one]];
      this._dot(pen, place, 11, "transparent", this.scene.paper);
      this._dot(pen, place, 9, "transparent", orange);
    }
    if (this.loop) {
      pen.beginPath();
      for (const place of this.loop) pen.lineTo(...this.toScreen(place));
      pen.closePath();
      pen.strokeStyle = orange;
      pen.lineWidth = 2.5;
      pen.stroke();
      pen.fillStyle = "rgba(231, 99, 0, 0.12)";
      pen.fill();
    }
    pen.restore();
  }

  // ---- events

  _at(event) {
    const box = this.above.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  _press(event) {
    if (event.button !== 0 || !this.scene.points) return;
    this.above.setPointerCapture(event.pointerId);
    const at = this._at(event);
    this.pointers.set(event.pointerId, at);
    this._point(null);
    if (this.pointers.size > 1) {
      this.loop = null; // two fingers: a pinch, whatever the first one began
      this.isClick = false;
      this.schedule();
      return;
    }
    this.began = at;
    this.isClick = true;
    if (this.isLasso || event.shiftKey) this.loop = [this.toPlane(at)];
  }

  _moved(event) {
    const at = this._at(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") this._point(this._near(at, "mouse"), at);
      return;
    }
    if (!event.buttons) {
      this._cancel(event); // the button went up outside the window
      return;
    }
    if (this.pointers.size > 1) this._pinch(event.pointerId, at);
    else {
      if (Math.hypot(at[0] - this.began[0], at[1] - this.began[1]) > STILL) this.isClick = false;
      if (this.loop) this.loop.push(this.toPlane(at));
      else if (!this.isClick && this.zoom > 1) this.panBy(at[0] - before[0], at[1] - before[1]);
    }
    this.pointers.set(event.pointerId, at);
    this.schedule();
  }

  /** Two fingers: the places under them stay under them, as far as zoom and shift can do that. */
  _pinch(id, at) {
    const [other] = [...this.pointers].find(([key]) => key !== id).slice(1);
    const before = this.pointers.get(id);
    const apart = (a) => Math.max(Math.hypot(a[0] - other[0], a[1] - other[1]), 1);
    const about = this.toPlane([(before[0] + other[0]) / 2, (before[1] + other[1]) / 2]);
    this.zoomBy(apart(at) / apart(before), about);
    this.panBy((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
  }

  _lift(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const { loop } = this;
    this.loop = null;
    if (this.isClick) {
      const near = this._near(this._at(event), event.pointerType);
      if (event.pointerType !== "mouse") this._point(near, this._at(event));
      this.events.onPick(near);
    } else if (loop?.length > 2) this.events.onLasso(pointsInside(loop, this.scene.points));
    this.isClick = false;
    this.schedule();
  }

  _cancel(event) {
    this.pointers.delete(event.pointerId);
    this.loop = null;
    this.isClick = false;
    this.schedule();
  }

  _near(at, pointerType) {
    if (!this.scene.points) return null;
    const reach = (REACH[pointerType] ?? REACH.mouse) / this.scale;
    return nearestPoint(this.toPlane(at), reach, this.scene.points);
  }

  _point(index, at) {
    this.focus = index;
    this.events.onHover(index, at);
    this.schedule();
  }

  _key(event) {
    const direction = DIRECTIONS[event.key];
    if (!this.scene.points) return;
    if (direction && event.shiftKey) this.panBy(-60 * direction[0], 60 * direction[1]);
    else if (direction) this._step(direction);
    else if (event.key === "Enter" || event.key === " ") this.events.onPick(this.focus);
    else if (event.key === "Escape") this.events.onPick(null);
    else if (event.key === "+" || event.key === "=") this.zoomBy(2, this._focusPlace());
    else if (event.key === "-") this.zoomBy(0.5);
    else if (event.key === "0") this.whole();
    else return;
    event.preventDefault();
  }

  _focusPlace() {
    const { x, y } = this.scene.points;
    return this.focus === null ? this.centre : [x[this.focus], y[this.focus]];
  }

  /** From the point in focus to the next one that way; the first is the one nearest the middle. */
  _step(direction) {
    const { points } = this.scene;
    const next =
      this.focus === null
        ? nearestPoint(this.centre, Infinity, points)
        : nextPoint(this._focusPlace(), direction, points);
    if (next === null) return;
    this.focus = next;
    const half = this.scene.reach / this.zoom;
    const place = this._focusPlace();
    if (place.some((v, k) => Math.abs(v - this.centre[k]) > half)) this._view(this.zoom, place);
    this._point(next, this.toScreen(place));
  }

  _wheel(event) {
    if (!event.ctrlKey && !this.hasFocus) return; // scroll the page, until it has been clicked
    event.preventDefault();
    this.zoomBy(Math.exp(-event.deltaY / (event.ctrlKey ? 200 : 500)), this.toPlane(this._at(event)));
  }

  _fit() {
    const wide = this.stage.clientWidth;
    if (!wide || wide === this.wide) return; // no width: on its way off the page
    this.wide = wide;
    this.fit(wide);
    this.schedule();
  }
}
