/**
 * A stage: the part of the page in which one component lives, from its mount to its removal.
 */

import { element } from "./element.js";

export class Stage {
  /**
   * @param {Element|ShadowRoot} host
   * @param {string} kind - class of the root, for the style sheet
   * @param {{onFrame: function(number), onTheme: function(Object)}} events - an animation frame
   *   that was scheduled, with its time; other colours or another font
   */
  constructor(host, kind, { onFrame = () => {}, onTheme = () => {} } = {}) {
    this.onFrame = onFrame;
    this.onTheme = onTheme;
    // The style sheet gives the root a transition of its colour, which ends when a theme begins.
    this.root = element("div", { class: `lens ${kind}`, ontransitionend: () => this._compare() });
    this.live = element("p", { class: "live", "aria-live": "polite" });
    this.error = element("p", { class: "error", role: "alert", hidden: true });
    host.append(this.error, this.root, this.live);
    this.theme = this._readTheme();
    this.hidden = new Set();
  }

  destroy() {
    this.isGone = true;
    cancelAnimationFrame(this.pending);
    for (const part of [this.error, this.root, this.live]) part.remove();
  }

  /** Ask for the next animation frame; once, however often this is called before. */
  schedule() {
    if (this.isGone || !this.root.isConnected) return;
    this.pending ||= requestAnimationFrame((time) => this._draw(time));
  }

  _draw(time) {
    this.pending = 0;
    this.onFrame(time);
  }

  /**
   * Hide parts by their names: classes of the root, which the style sheet knows.
   * @param {string[]} names
   */
  hide(names = []) {
    for (const old of [...this.root.classList]) {
      if (old.startsWith("hide-")) this.root.classList.remove(old);
    }
    for (const name of names) this.root.classList.add(`hide-${name}`);
    this.hidden = new Set(names);
  }

  /** Everything is there that can be seen and used; what waits for a frame is drawn before. */
  ready() {
    if (this.pending) {
      cancelAnimationFrame(this.pending);
      this._draw(document.timeline.currentTime);
    }
    this.root.classList.add("ready");
    this.root.dispatchEvent(new CustomEvent("texts-are-there", { bubbles: true, composed: true }));
  }

  get isReady() {
    return this.root.classList.contains("ready");
  }

  /** Show a sentence in place of what could not be had. */
  fail(words) {
    this.error.textContent = words;
    this.error.hidden = false;
  }

  /** Have a screen reader read something out. */
  announce(words) {
    this.live.textContent = words;
  }

  _readTheme() {
    const style = getComputedStyle(this.root);
    return {
      ink: style.color,
      paper: style.getPropertyValue("--st-background-color").trim() || "white",
      font: style.fontFamily,
    };
  }

  _compare() {
    const theme = this._readTheme();
    if (JSON.stringify(theme) === JSON.stringify(this.theme)) return;
    this.theme = theme;
    this.onTheme(theme);
  }
}
