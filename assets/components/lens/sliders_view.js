/**
 * The sliders: one for every latent dimension.
 */

import { Sliders } from "../controls/sliders.js";
import { button, element } from "../page/element.js";
import { signed } from "../page/text.js";
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
        element("span", { class: "note", text: rangeOf(lens.facts) }),
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

/** How far the sliders go, in words. */
function rangeOf({ family: { low, high, has_rate: hasRate }, has_rings: isNormal }) {
  const ends = `Sliders go from ${signed(low, 0)} to ${signed(high, 0)}`;
  if (!hasRate) return `${ends}, or as far as the code.`;
  return isNormal ? `${ends}: 4σ of the prior to each side.` : `${ends}.`;
}
