/**
 * The controls of training in the page: buttons to play, and a select for every setting.
 */

import { button, element, write } from "../page/element.js";
import { SETTINGS } from "./settings.js";

const TOP = ["set", "pace"]; // beside the buttons; the others below

export class Controls {
  /**
   * @param {HTMLElement} host
   * @param {{onPlay, onStep, onReset, onSave, onClear: function(), onChange: function(string, string)}}
   *   events - onChange: a setting by its name and its new value
   */
  constructor(host, events) {
    this.selects = {};
    const select = (name) => this._select(name, events.onChange);
    this.play = button("Train", events.onPlay, { class: "primary" });
    this.step = button("One step", events.onStep);
    this.clear = button("Clear the points", events.onClear);
    this.clear.hidden = true; // until `show` tells otherwise: it would move all below it
    this.top = element(
      "div", { class: "controls" }, select("set"), this.clear, this.play, this.step,
      button("Start over", events.onReset, { title: "Fresh weights of this seed" }), select("pace"),
      button("Save the model", events.onSave),
    );
    const others = Object.keys(SETTINGS).filter((name) => !TOP.includes(name));
    this.below = element("div", { class: "controls settings" }, ...others.map(select));
    host.append(this.top, this.below);
  }

  _select(name, onChange) {
    const { title, choices } = SETTINGS[name];
    const made = element("select", { "aria-label": title, onchange: () => onChange(name, made.value) },
      ...choices.map(([value, text]) => element("option", { value, text })));
    this.selects[name] = made;
    return element("label", {}, title, made);
  }

  /** What is set, and what of it cannot be. */
  show(settings, { isPoints, isDrawn }) {
    for (const [name, select] of Object.entries(this.selects)) select.value = settings[name];
    this.selects.likelihood.disabled = isPoints; // points are no pixels from 0 to 1
    this.selects.sigma.disabled = settings.likelihood !== "gaussian";
    this.clear.hidden = !isDrawn;
  }

  /** Whether it trains now, and whether there is something to train on. */
  tell({ isRunning, isDone, isEmpty }) {
    write(this.play, isRunning ? "Pause" : isDone ? "Train on" : "Train");
    this.play.disabled = isEmpty;
    this.step.disabled = isRunning || isEmpty;
  }
}
