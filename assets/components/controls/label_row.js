/**
 * The labels of a conditional model: what z decodes to with each of them, and which one is chosen.
 */

import { paintPicture } from "../draw/pictures.js";
import { element } from "../page/element.js";

export class LabelRow {
  /**
   * @param {HTMLElement} host
   * @param {Object} lens - facts, state and onLabel(label), null for the image's own
   */
  constructor(host, { facts, state, onLabel }) {
    Object.assign(this, { facts, state });
    this.pictures = facts.labels.map((label) => {
      const canvas = element("canvas", { class: "picture" });
      const name = facts.class_names[label];
      const choose = () => onLabel(label === state.ownLabel ? null : label);
      const root = element("button", {
        type: "button", "aria-pressed": "false", "aria-label": `decode with the label ${name}`, onclick: choose,
      }, canvas, element("span", { text: name }));
      return { label, canvas, root };
    });
    this.words = element("p", { class: "note" });
    host.append(
      element("section", { class: "labels" },
        element("p", { class: "note" }, element("b", { text: "The same z with every label y" })),
        element("div", { class: "row", role: "group", "aria-label": "Label y" }, ...this.pictures.map(({ root }) => root)),
        this.words,
      ),
    );
    state.subscribe((changed) => {
      if (changed.has("pixels") || changed.has("chosenLabel")) this._show();
    });
  }

  _show() {
    const { state, facts } = this;
    const { model, label, ownLabel } = state;
    if (!state.z) return;
    for (const { label: one, canvas, root } of this.pictures) {
      root.setAttribute("aria-pressed", String(one === label));
      canvas.hidden = !model.isHere;
      if (model.isHere) paintPicture(canvas, model.pixelsAt(state.read, one).mean, facts.image_shape);
    }
    const name = facts.class_names[label];
    const own = facts.class_names[ownLabel];
    this.words.textContent =
      label === ownLabel ? `${OWN[state.base] ?? ""}${name}. Click another label: z stays, and so does the hand.`
        : `Decoded with y = ${name} in place of ${own}.`;
  }
}

const OWN = {
  image: "y is the label of the image: ",
  drawing: "y is the label with the highest bound for what you drew: ",
  prior: "y = ",
};
