/**
 * The sliders: one for every latent dimension.
 */

import { Sliders } from "../controls/sliders.js";
import { button, element } from "../page/element.js";
import { addResult, addSource, column, sliderOptions } from "./parts.js";

export class SlidersView {
  constructor(root, lens) {
    const [result, controls] = ["result", "middle"].map(column);
    root.append(result, controls);
    this.state = lens.state;
    addResult(result, lens);
    this.source = addSource(controls, lens, ["image", "drawing", "prior"]);
    controls.append(
      element("div", { class: "controls" },
        button("Reset", lens.onStart), button("Randomise", lens.onRandomise),
      ),
    );
    this.sliders = new Sliders(controls, sliderOptions(lens));
    this.sliders.offer(lens.facts.order);
  }

  themeChanged() {
    this.source.repaint();
  }

  frame() {
    this.sliders.show(this.state.z);
  }

  destroy() {
    this.source.destroy();
  }
}
