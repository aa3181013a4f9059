/**
 * The plane of z: mouse, finger and keys move z, or zoom.
 */

import { element } from "../page/element.js";
import { PlanePainter } from "./plane_painter.js";

const HOVER_REACH = 10; // CSS pixels
const FINGER = 36; // so far from z a finger takes hold of it
const TAP = 10; // a finger that moves more scrolls the page
const MAX_ZOOM = 64;
const KEYS_TO_STEPS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
};

export class LatentPlane extends PlanePainter {
  /**
   * @param {HTMLElement} host
   * @param {{where: function(): number[], onMove: function(number[]), onView: function(),
   *   onRelease: function(), onHover: function(?number, number[])}} events - where z is; where it
   *   was put; that the plane has to be drawn again; that z was let go; the point under the mouse
   */
  constructor(host, events) {
    const below = element("canvas", { "aria-hidden": "true" });
    const above = element("canvas", {
      tabindex: 0,
      role: "application",
      "aria-label": "z on the plane of its dimensions",
      "aria-roledescription": "plane of two latent dimensions",
      ontouchstart: (event) => this._holds(event.touches[0]) && event.preventDefault(),
      onpointerdown: (event) => this._press(event),
      onpointermove: (event) => this._moved(event),
      onpointerup: (event) => this._let(event),
      onpointercancel: (event) => this._let(event),
      onlostpointercapture: (event) => this._let(event),
      onpointerleave: () => events.onHover(null),
      onkeydown: (event) => this._key(event),
      onkeyup: (event) => event.key in KEYS_TO_STEPS && events.onRelease(),
      onwheel: (event) => this._wheel(event),
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

  /** Zoom by a factor, keeping z (or another point) where it is. */
  zoomBy(factor, about = this.events.where()) {
    const zoom = Math.min(Math.max(this.zoom * factor, 1), MAX_ZOOM);
    const [cx, cy] = this.centre;
    const share = this.zoom / zoom;
    this.middle =
      zoom === 1 ? null : [about[0] + (cx - about[0]) * share, about[1] + (cy - about[1]) * share];
    this.zoom = zoom;
    this.isStale = true;
    this.events.onView();
  }

  // ---- events

  _at(event) {
    const box = this.above.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  _press(event) {
    if (!event.isPrimary || event.button !== 0) return;
    const isFinger = event.pointerType === "touch" && !this._holds(event);
    this.tap = isFinger ? { pointer: event.pointerId, at: this._at(event) } : null;
    if (isFinger) return;
    this.above.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.events.onHover(null);
    this.events.onMove(this.toPlane(this._at(event)));
  }

  /** Whether a finger there takes hold of z; elsewhere it scrolls the page, or taps. */
  _holds(event) {
    const [x, y] = this.toScreen(this.events.where());
    const [left, top] = this._at(event);
    return Math.hypot(left - x, top - y) < FINGER;
  }

  _moved(event) {
    if (event.pointerId === this.pointer) {
      if (event.buttons) this.events.onMove(this.toPlane(this._at(event)));
      else this._let(event); // the button went up outside the window
    } else if (event.pointerType === "mouse") {
      const at = this._at(event);
      this.events.onHover(this._pointNear(at), at);
    }
  }

  _let(event) {
    if (this.tap?.pointer === event.pointerId) this._tapped(event);
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    this.events.onRelease();
  }

  _tapped(event) {
    const [[left, top], [x, y]] = [this.tap.at, this._at(event)];
    this.tap = null;
    if (event.type !== "pointerup" || Math.hypot(left - x, top - y) > TAP) return;
    this.events.onMove(this.toPlane([x, y]));
    this.events.onRelease();
  }

  _key(event) {
    const steps = KEYS_TO_STEPS[event.key];
    if (steps) {
      const step = this.scene.reach / (event.shiftKey ? 400 : 40) / Math.sqrt(this.zoom);
      const [x, y] = this.events.where(); // which may be more than was drawn last
      this.events.onMove([x + step * steps[0], y + step * steps[1]]);
    } else if (event.key === "+" || event.key === "=") this.zoomBy(2);
    else if (event.key === "-") this.zoomBy(0.5);
    else if (event.key === "0") this.zoomBy(0);
    else return;
    event.preventDefault();
  }

  _wheel(event) {
    if (!event.ctrlKey) return; // which a pinch on a trackpad is as well; else scroll the page
    event.preventDefault();
    this.zoomBy(Math.exp(-event.deltaY / 200), this.toPlane(this._at(event)));
  }

  /** What the mouse can be over: points, or the middles of ellipses; null where neither is shown. */
  get hoverable() {
    return this.scene.points ?? this.scene.widths ?? null;
  }

  /** Number of the nearest point within reach of the mouse, if points are shown. */
  _pointNear([left, top]) {
    const points = this.hoverable;
    if (!points) return null;
    const [x, y] = this.toPlane([left, top]);
    let best = (HOVER_REACH / this.scale) ** 2;
    let nearest = null;
    for (let i = 0; i < points.x.length; i++) {
      const distance = (points.x[i] - x) ** 2 + (points.y[i] - y) ** 2;
      if (distance < best) [best, nearest] = [distance, i];
    }
    return nearest;
  }

  _fit() {
    const wide = this.stage.clientWidth;
    if (!wide || wide === this.wide) return; // no width: on its way off the page
    this.wide = wide;
    this.fit(wide);
    this.events.onView();
  }
}
