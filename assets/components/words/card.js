/**
 * The card of a term: its sentence, its formula, its drawing, and the way to the glossary.
 */

import { element } from "../page/element.js";

const GAP = 8; // pixels between a term and its card, and around the card

export class Card {
  /**
   * @param {Element|ShadowRoot} host
   * @param {Object} terms - title, sentence, formula and drawing by key
   * @param {function(string)} open - called with a key to go to its entry
   */
  constructor(host, terms, open) {
    this.terms = terms;
    this.title = element("strong");
    this.drawing = element("div", { class: "drawing" });
    this.sentence = element("p", { id: "sentence" });
    this.formula = element("p", { class: "formula" });
    this.link = element("a", { text: "In the glossary", onclick: (event) => follow(event, () => open(this.key)) });
    // In the top layer nothing of the page covers or cuts it.
    this.root = element(
      "div", { class: "card", role: "dialog", popover: "manual", hidden: true },
      this.drawing, element("div", {}, this.title, this.sentence, this.formula, this.link),
    );
    host.append(this.root);
  }

  get isOpen() {
    return !this.root.hidden;
  }

  /** Show a term beside a rectangle of the window; `isPinned`: until it is sent away. */
  show(key, rectangle, isPinned = false) {
    const { title, sentence, formula, drawing } = this.terms[key];
    this.isPinned = isPinned;
    if (this.isOpen && this.key === key) return;
    this.key = key;
    this.title.textContent = title;
    this.sentence.textContent = sentence;
    this.formula.textContent = formula;
    this.drawing.replaceChildren(picture(drawing));
    this.link.href = addressOf(key);
    this.root.setAttribute("aria-label", title);
    this.root.hidden = false;
    this.root.showPopover?.();
    this._place(rectangle);
  }

  hide() {
    if (!this.isOpen) return;
    this.root.hidePopover?.();
    this.root.hidden = true;
    this.key = null;
  }

  remove() {
    this.hide();
    this.root.remove();
  }

  /** Below the term, or above it where there is no room; never beyond the window. */
  _place({ left, top, bottom }) {
    const { offsetWidth: width, offsetHeight: height } = this.root;
    const room = document.documentElement.clientWidth - width - GAP;
    const below = bottom + GAP;
    const fits = below + height <= window.innerHeight - GAP;
    this.root.style.left = `${Math.max(GAP, Math.min(left, room))}px`;
    this.root.style.top = `${fits ? below : Math.max(GAP, top - GAP - height)}px`;
  }
}

/** The address of an entry, with the chosen model. */
export function addressOf(key) {
  const address = new URL("glossary", window.location.href);
  const run = new URLSearchParams(window.location.search).get("run");
  if (run) address.searchParams.set("run", run);
  if (key) address.searchParams.set("word", key);
  return address.href;
}

/** A click that stays in this tab goes where `go` leads; others are the browser's. */
function follow(event, go) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go();
}

/** A drawing of our own, as an element. */
function picture(svg) {
  const source = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ');
  return document.importNode(new DOMParser().parseFromString(source, "image/svg+xml").documentElement, true);
}
