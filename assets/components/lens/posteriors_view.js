/**
 * The view of posteriors: images, classes and the prior on one plane, and the picture of z.
 */

import { addResult, column } from "./parts.js";
import { ClassChoice } from "./class_choice.js";
import { PlaneSave } from "./plane_save.js";
import { PlaneView } from "./plane_view.js";
import { Population } from "./population.js";

export class PosteriorsView {
  constructor(root, lens) {
    const [plane, side, result] = ["middle", "side", "result"].map(column);
    root.append(plane, side);
    this.state = lens.state;
    this.choice = new ClassChoice(side, lens);
    side.append(result);
    this.population = new Population(lens.state);
    this.plane = new PlaneView(plane, lens, { population: this.population });
    this.saving = new PlaneSave(plane, lens, this.plane);
    addResult(result, lens);
  }

  themeChanged() {
    if (this.state.z) this.plane.lay();
  }

  frame() {
    this.plane.frame();
  }

  destroy() {
    this.plane.destroy();
  }
}
