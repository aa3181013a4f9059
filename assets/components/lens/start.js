/**
 * The start: three steps, each of which lights a part of the overview and dims the rest.
 *
 * Nothing is closed meanwhile: what is dim can be used. Once it is done, or skipped, it does not
 * come again in this window.
 */

import { button, element } from "../page/element.js";

const DONE = "elbo-room-start";
const LAST = 3;

export class Start {
  /**
   * @param {HTMLElement} root - of the lens, which gets the step for the style sheet
   * @param {HTMLElement} host
   * @param {Object} lens - facts (words.start: [title, sentence] of each step), state, onRelease
   */
  constructor(root, host, { facts, state, onRelease }) {
    Object.assign(this, { root, host, state, onRelease });
    this.steps = facts.words?.start ?? [];
    if (facts.is_beside || isDone() || !this.steps.length) state.tour = null;
    this.count = element("span", { class: "count" });
    this.title = element("b");
    this.sentence = element("span");
    this.next = button("", () => this._go(state.tour + 1), { class: "primary" });
    this.skip = button("Skip", () => this._go(null));
    host.append(
      element("p", { "aria-live": "polite", "data-words": "" }, this.count, " ", this.title, " ", this.sentence),
      element("div", { class: "controls" }, this.next, this.skip),
    );
    this._show();
  }

  _go(step) {
    const isOver = step === null || step > LAST;
    if (isOver) remember();
    this.state.change({ tour: isOver ? null : step });
    this._show();
    this.onRelease();
  }

  _show() {
    const { tour } = this.state;
    this.host.hidden = !tour;
    if (!tour) {
      delete this.root.dataset.start;
      return;
    }
    this.root.dataset.start = tour;
    const [title, sentence] = this.steps[tour - 1];
    this.count.textContent = `${tour} of ${LAST}`;
    this.title.textContent = title;
    this.sentence.textContent = sentence;
    this.next.textContent = tour < LAST ? "Next" : "Done";
  }
}

function isDone() {
  try {
    return sessionStorage.getItem(DONE) !== null;
  } catch {
    return false; // a browser that keeps nothing
  }
}

function remember() {
  try {
    sessionStorage.setItem(DONE, "1");
  } catch {
    // asked again next time
  }
}
