/**
 * A student's pad in a class that draws its data: a label, a drawing, and sending it.
 *
 * A drawing stays on the pad until the server says that it is kept.
 */

import { createPad } from "../controls/pad.js";
import { button, element, write } from "../page/element.js";
import { keepOne } from "../page/mounting.js";

const SIDE = 28;
const PATIENCE = 8000; // milliseconds until a drawing that is not answered may be sent again

class ClassPad {
  /**
   * @param {Element} host
   * @param {{labels: string[], first: number, n: number, most: number, handled: string,
   *   is_kept: boolean}} data - the label to begin with; how many one has sent, and may; the mark
   *   of the drawing that was last sent, and whether it is kept
   * @param {function(Object)} send - hands a drawing to the server
   */
  constructor(host, data, send) {
    this.label = data.first % data.labels.length;
    this.waiting = null; // the mark of the drawing that was sent and not yet answered
    this.names = data.labels.map((name, k) =>
      button(name, () => this._choose(k), { "aria-pressed": "false", class: "label" }),
    );
    this.hint = element("p", { class: "pad-hint", text: "Draw here" });
    const padHost = element("div", { class: "pad-host" }, this.hint);
    this.sending = button("Send", () => this._send(), { class: "primary", disabled: true });
    this.status = element("p", { role: "status", class: "note" });
    this.root = element(
      "div", { class: "lens class-pad" },
      element("div", { class: "tabs", role: "group", "aria-label": "What you draw" }, ...this.names),
      padHost,
      element("div", { class: "controls" },
        button("Undo", () => this.pad.undo()), button("Clear", () => this.pad.clear()), this.sending),
      this.status,
    );
    host.append(this.root);
    this.pad = createPad(padHost, {
      imageShape: [1, SIDE, SIDE], label: "Draw here", lines: [],
      onInk: () => this._arrange(),
      onRelease: () => {},
    });
    this._choose(this.label);
    this.update(data, send);
  }

  update(data, send) {
    if (this.data && data.labels.join("\n") !== this.data.labels.join("\n")) return false;
    Object.assign(this, { data, send });
    if (this.waiting && data.handled === this.waiting) {
      this._stopWaiting();
      if (data.is_kept) {
        this.pad.clear();
        this._choose((this.label + 1) % data.labels.length);
      }
    }
    this._arrange();
    this._say();
    return true;
  }

  destroy() {
    clearTimeout(this.timer);
    this.pad.destroy();
    this.root.remove();
  }

  _choose(label) {
    this.label = label;
    this.names.forEach((name, k) => name.setAttribute("aria-pressed", String(k === label)));
  }

  _send() {
    const picture = this.pad.picture();
    if (!picture || this.waiting) return;
    this.waiting = crypto.getRandomValues(new Uint32Array(2)).join("-");
    const pixels = Array.from(picture, (value) => Math.round(255 * value));
    const lines = this.pad.strokes.map((line) => line.map((point) => point.map(rounded)));
    this._arrange();
    this._say();
    this.timer = setTimeout(() => {
      this._stopWaiting();
      this._arrange();
      write(this.status, "The class has not got it yet. Send it again; it stays here.");
    }, PATIENCE);
    this.send({ mark: this.waiting, label: this.label, pixels, lines });
  }

  _stopWaiting() {
    clearTimeout(this.timer);
    this.waiting = null;
  }

  _arrange() {
    if (!this.pad) return;
    this.hint.hidden = !this.pad.isEmpty();
    this.sending.disabled = this.pad.isEmpty() || Boolean(this.waiting) || this.data?.n >= this.data?.most;
  }

  _say() {
    const { n, most } = this.data;
    const count = n ? `You have sent ${n} of at most ${most}.` : "No name is kept with a drawing.";
    write(this.status, this.waiting ? "Sending …" : count);
  }
}

function rounded(value) {
  return Number(value.toFixed(4));
}

const keep = keepOne("sent", (host, data, send) => new ClassPad(host, data, send));

/** Called by Streamlit on every run of the part. */
export default function mountClassPad(component) {
  return keep(component);
}
