/**
 * A pad to draw on. Points on it are in units of its side: (0, 0) is the upper left corner and
 * (1, 1) the lower right one, whatever its size on the screen.
 */

import { prepareDrawing } from "./drawing.js";

const PAD_SIDE = 280; // of the raster that a drawing is read from: ten for each of MNIST's 28
const PAD_PEN = 0.1; // width of the line: that of MNIST when a digit fills 0.7 of the pad

/**
 * A pad in `host`, as wide as that.
 *
 * A mouse, a finger or a pen draws; Escape or Delete clears; Backspace, ctrl+Z or cmd+Z takes
 * the last line back.
 *
 * @param {HTMLElement} host
 * @param {{imageShape: number[], onInk: function(?Float32Array, number[][][]),
 *   onRelease: function(), label: string, lines: number[][][]}} options - `onInk` gets the
 *   prepared picture and the lines, at most once a frame while a line is drawn; `onRelease` is
 *   called once at the end of a line, after its last `onInk`; `lines` are there from the start.
 * @returns {DrawingPad} element, clear(), undo(), isEmpty(), picture(), repaint(), destroy()
 */
export function createPad(host, options) {
  return new DrawingPad(host, options);
}

class DrawingPad {
  constructor(host, { imageShape, onInk, onRelease, label, lines = [] }) {
    Object.assign(this, { imageShape, onInk, onRelease });
    this.strokes = structuredClone(lines); // each a list of [x, y]
    this.pointer = null; // id of the one that draws
    this.frame = null; // the animation frame that is asked for
    this.element = elementToDrawOn(label);
    host.append(this.element);
    this._listen();
    this.observer = new ResizeObserver(() => this.repaint());
    this.observer.observe(this.element);
  }

  /** Take everything off the pad. */
  clear() {
    this._setStrokes([]);
  }

  /** Take the last line off the pad. */
  undo() {
    this._setStrokes(this.strokes.slice(0, -1));
  }

  isEmpty() {
    return this.strokes.length === 0;
  }

  /** The drawing as a model gets it: Float32Array(H * W), or null without ink. */
  picture() {
    this.raster ??= rasterForInk();
    return pictureOf(this.strokes, this.imageShape, this.raster);
  }

  /** Paint anew, in the size, resolution and colour of now. */
  repaint() {
    const { element } = this;
    const pixels = Math.round(element.clientWidth * (window.devicePixelRatio || 1));
    if (element.width !== pixels) element.width = element.height = pixels;
    const context = element.getContext("2d");
    context.strokeStyle = getComputedStyle(element).color;
    paintStrokes(context, this.strokes, PAD_PEN);
  }

  /** Remove the pad and its event listeners. */
  destroy() {
    this.listening.abort();
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    this.element.remove();
  }

  _listen() {
    this.listening = new AbortController();
    const { signal } = this.listening;
    const on = (name, act) => this.element.addEventListener(name, act, { signal });
    on("pointerdown", (event) => this._press(event));
    on("pointermove", (event) => this._move(event));
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      on(name, (event) => event.pointerId === this.pointer && this._release());
    }
    on("keydown", (event) => this._key(event));
    this._watchResolution();
  }

  /** Paint anew when the page is zoomed or the window comes to another screen. */
  _watchResolution() {
    const { signal } = this.listening;
    const asNow = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    const changed = () => {
      this.repaint();
      this._watchResolution();
    };
    asNow.addEventListener("change", changed, { signal, once: true });
  }

  _press(event) {
    if (!event.isPrimary || event.button !== 0) return; // a second finger, another button
    this._release(); // of a line whose end was no event
    event.preventDefault(); // selects no text
    this.element.focus({ preventScroll: true });
    this.element.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.strokes.push([this._placeOf(event)]);
    this._askFrame();
  }

  _move(event) {
    if (event.pointerId !== this.pointer) return;
    if (!(event.buttons & 1)) return this._release(); // it was let go outside the window
    const events = event.getCoalescedEvents?.() ?? [];
    const places = (events.length ? events : [event]).map((each) => this._placeOf(each));
    this.strokes.at(-1).push(...places);
    this._askFrame();
  }

  /** End the line, if there is one. */
  _release() {
    if (this.pointer === null) return;
    this.pointer = null;
    if (this.frame !== null) this._sendInk();
    this.onRelease();
  }

  _key(event) {
    const isUndo = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
    if (event.key === "Escape" || event.key === "Delete") this.clear();
    else if (event.key === "Backspace" || (isUndo && !event.shiftKey)) this.undo();
    else return;
    event.preventDefault();
  }

  /** Other lines instead; a line that is being drawn ends. */
  _setStrokes(strokes) {
    if (this.listening.signal.aborted) return;
    this.pointer = null;
    this.strokes = strokes;
    this._sendInk();
    this.onRelease();
  }

  _placeOf({ clientX, clientY }) {
    const { left, top } = this.element.getBoundingClientRect();
    const { clientLeft, clientTop, clientWidth, clientHeight } = this.element;
    return [
      (clientX - left - clientLeft) / clientWidth, (clientY - top - clientTop) / clientHeight,
    ];
  }

  _askFrame() {
    this.frame ??= requestAnimationFrame(() => this._sendInk());
  }

  _sendInk() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.repaint();
    this.onInk(this.picture(), this.strokes);
  }
}

/** Lines as a model gets them: Float32Array(H * W), or null without ink. */
export function pictureOf(lines, imageShape, raster = rasterForInk()) {
  const context = raster.getContext("2d", { willReadFrequently: true });
  paintStrokes(context, lines, PAD_PEN);
  const { data } = context.getImageData(0, 0, PAD_SIDE, PAD_SIDE);
  const ink = new Float32Array(PAD_SIDE ** 2);
  for (let k = 0; k < ink.length; k++) ink[k] = data[4 * k + 3] / 255; // its opacity
  return prepareDrawing(ink, PAD_SIDE, imageShape);
}

/** The canvas that is seen; what it looks like is the style sheet's. */
function elementToDrawOn(label) {
  const canvas = document.createElement("canvas");
  canvas.className = "pad";
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  Object.assign(canvas.style, {
    display: "block", width: "100%", aspectRatio: "1",
    touchAction: "none", // a finger draws; it does not scroll
    userSelect: "none", webkitUserSelect: "none",
  });
  return canvas;
}

/** A canvas that is not shown, of a size that depends on no screen. */
function rasterForInk() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = PAD_SIDE;
  return canvas;
}

/** The lines, smooth and with round ends, on a canvas of any size. */
function paintStrokes(context, strokes, pen) {
  const { width } = context.canvas;
  context.clearRect(0, 0, width, width);
  context.lineWidth = pen * width;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  for (const stroke of strokes) {
    traceStroke(context, stroke.map(([x, y]) => [x * width, y * width]));
  }
  context.stroke();
}

/** A path from the first point to the last, bent towards those between them. */
function traceStroke(context, places) {
  const last = places.at(-1);
  context.moveTo(...places[0]);
  for (let k = 1; k < places.length - 1; k++) {
    const [[x, y], [nextX, nextY]] = [places[k], places[k + 1]];
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  }
  context.lineTo(last[0] + 0.01, last[1]); // a line without length would not be painted
}
