/**
 * The words of the field, wherever they stand in the page's texts: underlined, and explained by a
 * card for the mouse that rests on one, for a tap, and for the keyboard.
 *
 * The page's elements are React's and stay as they are. Terms are painted as custom highlights
 * (`::highlight(word)` in frame.css) and found under the pointer by their rectangles. For the
 * keyboard and for screen readers all terms of the page stand in a list of buttons, which is seen
 * when it has the focus.
 */

import { element } from "../page/element.js";
import { bytesAt } from "../page/fetch.js";
import { keepOne } from "../page/mounting.js";
import { Card, addressOf } from "./card.js";
import { BLOCKS, Finder, PARTS, isOn } from "./finder.js";

const REST = 150; // milliseconds that a pointer rests on a term before its card comes
const GRACE = 300; // in which it may go from the term to the card
const QUIET = 250; // between a change of the page and a look at its texts
const TAP = 10; // pixels that a finger may move

class Words {
  constructor(host, data, send) {
    this.send = send;
    this.marks = new Map(); // by block: its terms and their ranges
    this.list = element("div", { class: "list", role: "group", "aria-label": "Words on this page" });
    host.append(this.list);
    this.leaving = new AbortController();
    this.update(data, send);
    this._begin(host, data.address);
  }

  /** @param {{address: string, at: string}} data - of the terms' file, and the entry to show */
  update(data, send) {
    this.send = send;
    if (data.at !== this.at) this.arrived = false;
    this.at = data.at;
    this._later();
  }

  destroy() {
    this.leaving.abort();
    this.observer?.disconnect();
    clearTimeout(this.timer);
    clearTimeout(this.waiting);
    this.card?.remove();
    this.list.remove();
    this._paint("word", []);
    this._paint("word-now", []);
    document.documentElement.classList.remove("on-word");
  }

  async _begin(host, address) {
    let facts;
    try {
      facts = JSON.parse(new TextDecoder().decode(await bytesAt(address, { signal: this.leaving.signal })));
    } catch (error) {
      if (error.name !== "AbortError") console.warn(error); // the page does without
      return;
    }
    if (this.leaving.signal.aborted) return;
    this.terms = facts.terms;
    this.finder = new Finder(facts.forms);
    this.card = new Card(host, facts.terms, (key) => this._open(key));
    this.observer = new MutationObserver((changes) => {
      if (changes.some(({ target }) => !(target instanceof SVGElement))) this._later();
    });
    this.observer.observe(document.body, { childList: true, subtree: true, characterData: true });
    this._listen();
    this._later();
  }

  _listen() {
    const { signal } = this.leaving;
    const on = (target, name, act, passive = true) => target.addEventListener(name, act, { signal, passive });
    on(document, "texts-are-there", () => this._later()); // in a component, where no observer looks
    on(document, "pointermove", (event) => this._over(event));
    on(document, "pointerdown", (event) => this._press(event));
    on(document, "pointerup", (event) => this._release(event));
    on(document, "keydown", (event) => event.key === "Escape" && this._escape());
    on(window, "resize", () => this._hide());
    document.addEventListener("scroll", () => this._scrolled(), { signal, passive: true, capture: true });
    on(this.card.root, "pointerenter", () => clearTimeout(this.waiting));
    on(this.card.root, "pointerleave", () => this._hideSoon());
    on(this.list, "focusout", (event) => this._isInside(event.relatedTarget) || this._hide());
    on(this.card.root, "focusout", (event) => this._isInside(event.relatedTarget) || this._hide());
  }

  /** Look at the texts once the page has been quiet for a moment, and has nothing better to do. */
  _later() {
    if (this.timer || !this.finder) return;
    const idle = window.requestIdleCallback ?? ((act) => act());
    this.timer = setTimeout(() => idle(() => this._look(), { timeout: 1000 }), QUIET);
  }

  _look() {
    this.timer = 0;
    if (this.leaving.signal.aborted) return;
    this.marks = this.finder.inPage();
    const all = [...this.marks.values()].flat();
    this._paint("word", all);
    this._fillList([...new Set(all.map(({ key }) => key))]);
    this._arrive();
  }

  _paint(name, marks) {
    if (!window.CSS?.highlights) return;
    if (marks.length) CSS.highlights.set(name, new Highlight(...marks.map(({ range }) => range)));
    else CSS.highlights.delete(name);
  }

  _fillList(keys) {
    if (keys.join() === this.listed || this.list.matches(":focus-within")) return;
    this.listed = keys.join();
    const buttons = keys.map((key) =>
      element("button", {
        type: "button", text: this.terms[key].title, "aria-describedby": "sentence",
        onfocus: (event) => this._show(key, event.target.getBoundingClientRect()),
        onclick: () => this.card.link.focus(),
      }),
    );
    const whole = element("a", { text: "Glossary", href: addressOf("") });
    this.list.replaceChildren(element("span", { text: "Words on this page" }), ...buttons, whole);
  }

  /** Show the entry that was asked for, once it is on the page. */
  _arrive() {
    const entry = this.at && !this.arrived && document.querySelector(`.st-key-word-${CSS.escape(this.at)}`);
    if (!entry) return;
    this.arrived = true;
    entry.scrollIntoView({ block: "center" });
  }

  /** The term under a point, and its rectangle. */
  _at(event) {
    const { clientX: x, clientY: y } = event;
    const [target] = event.composedPath();
    const block = target instanceof Element && target.closest(`${BLOCKS}, ${PARTS}`);
    for (const mark of (block && this.marks.get(block)) || []) {
      for (const rectangle of mark.range.getClientRects()) {
        if (isOn(rectangle, x, y)) return { ...mark, rectangle };
      }
    }
    return null;
  }

  _over(event) {
    if (event.pointerType !== "mouse" || event.buttons) return;
    if (event.composedPath().includes(this.card.root)) return;
    const found = this._at(event);
    if (found?.key === this.over) return;
    this.over = found?.key;
    document.documentElement.classList.toggle("on-word", Boolean(found));
    clearTimeout(this.waiting);
    if (found) this.waiting = setTimeout(() => this._show(found.key, found.rectangle), REST);
    else if (!this.card.isPinned) this._hideSoon();
  }

  _press(event) {
    this.pressed = event;
    if (this.card.isOpen && !this._isInside(event.composedPath()[0]) && !this._at(event)) this._hide();
  }

  /** A tap, or a click, on a term. */
  _release(event) {
    const [from, to] = [this.pressed, event];
    this._later(); // a component's texts may be others now
    if (!from || Math.hypot(from.clientX - to.clientX, from.clientY - to.clientY) > TAP) return;
    const found = this._at(event);
    if (found) this._show(found.key, found.rectangle, true);
  }

  _show(key, rectangle, isPinned = false) {
    clearTimeout(this.waiting);
    this.card.show(key, rectangle, isPinned);
    this._paint("word-now", [...this.marks.values()].flat().filter((mark) => mark.key === key));
  }

  /** Another term may lie under the pointer now, or the same one once more. */
  _scrolled() {
    this._hide();
    this.over = undefined;
  }

  _hideSoon() {
    if (this.card.isPinned || !this.card.isOpen) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this._hide(), GRACE);
  }

  _hide() {
    clearTimeout(this.waiting);
    if (!this.card.isOpen) return;
    this.card.hide();
    this.card.isPinned = false;
    this._paint("word-now", []);
  }

  _escape() {
    const isFocused = this.card.root.contains(this.card.root.getRootNode().activeElement);
    const button = isFocused && [...this.list.children].find((each) => each.textContent === this.card.title.textContent);
    this._hide();
    button?.focus?.();
    if (button) this._hide(); // the focus is back, the card is not
  }

  _isInside(element) {
    return element instanceof Node && (this.card.root.contains(element) || this.list.contains(element));
  }

  _open(key) {
    this._hide();
    this.send(key);
  }
}

const keep = keepOne("open", (host, data, send) => new Words(host, data, send));

/** Called by Streamlit when the page begins, and again whenever `data` change. */
export default function mountWords({ setTriggerValue, ...rest }) {
  return keep({ ...rest, setStateValue: setTriggerValue });
}
