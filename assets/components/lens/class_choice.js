/**
 * The choice of classes and of the number of images that are shown on the plane.
 */

import { inkOn } from "../draw/colours.js";
import { button, element } from "../page/element.js";

const COUNTS = [150, 500, 1000, 2000, 5000, 10000]; // as in lens_state.py

export class ClassChoice {
  /**
   * @param {HTMLElement} host
   * @param {Object} lens - facts, state, onRelease()
   */
  constructor(host, { facts, state, onRelease }) {
    Object.assign(this, { facts, state, onRelease });
    this.chips = facts.labels.map((label) =>
      button(facts.class_names[label], () => this._toggle(label), { class: "chip" }),
    );
    this.all = button("All", () => this._choose([]), { class: "chip" });
    const title = element("span", { text: "Classes" });
    host.append(
      element("div", { class: "class-choice", role: "group", "aria-label": "Classes" }, title, this.all, ...this.chips),
    );
    this.count = element("select", {
      "aria-label": "Images shown", onchange: () => this._change({ count: Number(this.count.value) }),
    });
    const counts = COUNTS.filter((count, k) => !k || COUNTS[k - 1] < facts.n_images);
    this.count.append(...counts.map((value) => element("option", { value, text: value.toLocaleString("en") })));
    this.count.value = [...counts].reverse().find((value) => value <= state.count) ?? counts[0];
    host.append(
      element("div", { class: "controls count" }, element("label", {}, "images shown, at most", this.count)),
    );
    this.show();
  }

  _toggle(label) {
    const { classes } = this.state;
    const others = classes.filter((each) => each !== label);
    const chosen = others.length < classes.length ? others : [...classes, label];
    this._choose(chosen.length === this.chips.length ? [] : chosen.sort((a, b) => a - b));
  }

  _choose(classes) {
    this._change({ classes });
    this.show();
  }

  _change(changes) {
    this.state.change(changes);
    this.onRelease();
  }

  /** Which are chosen, in their colours. */
  show() {
    const { classes } = this.state;
    const { classes: colours } = this.facts.colours;
    this.all.setAttribute("aria-pressed", String(!classes.length));
    this.chips.forEach((chip, k) => {
      const label = this.facts.labels[k];
      const isChosen = classes.includes(label);
      const colour = colours[label % colours.length];
      chip.setAttribute("aria-pressed", String(isChosen));
      chip.style.cssText = isChosen ? `background:${colour};color:${inkOn(colour)}` : "";
      chip.style.borderBottomColor = colour;
    });
  }
}
