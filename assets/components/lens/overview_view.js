/**
 * The overview: one image, its posterior on the plane, z, the picture and what it costs.
 */

import { Ledger } from "../controls/ledger.js";
import { PosteriorTable } from "../controls/posterior_table.js";
import { standardNormals } from "../math/posteriors/diagonal.js";
import { button, element, write } from "../page/element.js";
import { signed } from "../page/text.js";
import { dimsShown } from "./computation.js";
import { ComputationView } from "./computation_view.js";
import { addResult, addSource, column } from "./parts.js";
import { Pipeline } from "./pipeline.js";
import { PlaneView } from "./plane_view.js";
import { Samples } from "./samples.js";
import { Start } from "./start.js";
import { TruePosterior } from "./true_posterior.js";
import { TruePosteriorView } from "./true_posterior_view.js";

const SCORE = "score-reconstruction"; // a layer of the state
const FEW = 3; // dimensions of eps that are written out

export class OverviewView {
  constructor(root, lens) {
    const names = ["source", "middle", "result", "costs", "strip"];
    const [source, plane, result, costs, strip] = names.map(column);
    const [start, pipe, side] = ["start", "pipe", "side"].map(column);
    side.append(result);
    root.append(start, pipe, source, plane, side, costs, strip);
    this.facts = lens.facts;
    this.state = lens.state;
    this.source = addSource(source, lens, ["image", "drawing"]);
    this.truth = new TruePosterior(lens.state, lens.facts, () => lens.stage.schedule());
    this.samples = new Samples(side, lens);
    this.plane = new PlaneView(plane, lens, { truth: this.truth, samples: this.samples });
    addResult(result, lens);
    this.pipeline = new Pipeline(pipe, lens);
    this.start = new Start(root, start, lens);
    this.truthView = new TruePosteriorView(plane, lens, this.truth);
    this.again = button("Sample z again", lens.onRedraw, { class: "primary" });
    this.toMean = button("z = μ", lens.onMean);
    source.append(
      element("div", { class: "controls", hidden: !lens.facts.family.has_density },
        this.again,
        this.toMean,
      ),
    );
    this.eps = element("p", { class: "note eps" });
    source.append(this.eps);
    this.ledger = new Ledger(costs, lens.facts, {
      isMeanScored: this.isMeanScored, onScore: (isMean) => this._score(isMean, lens),
    });
    this.table = new PosteriorTable(this.ledger.about);
    this.computation = new ComputationView(strip, lens, (part) => this._light(part, lens.stage));
  }

  get isMeanScored() {
    return this.state.layers.includes(SCORE);
  }

  _score(isMean, { state, onRelease }) {
    const others = state.layers.filter((layer) => layer !== SCORE);
    state.change({ layers: isMean ? [...others, SCORE] : others });
    onRelease();
  }

  /** Light what a node of the computation is on the page. */
  _light(part, stage) {
    this.plane.lit = part;
    for (const name of ["x", "x_hat"]) stage.root.classList.toggle(`lit-${name}`, part === name);
    stage.schedule();
  }

  themeChanged() {
    this.source.repaint();
    if (this.state.z) this.plane.lay();
  }

  frame() {
    const { posterior: q, distortion, how } = this.state;
    this.again.disabled = this.toMean.disabled = this.state.isEmpty;
    this.truth.update();
    this.plane.frame();
    this.truthView.frame();
    this.pipeline.frame();
    write(this.eps, this._aboutEps());
    const { isMeanScored } = this;
    const scored = isMeanScored ? this.state.scoreOfMean : distortion;
    this.ledger.show({ q, distortion: scored, how, isMeanScored });
    this.table.show(q, dimsShown(this.facts, this.state), Boolean(this.state.moved));
    this.computation.frame();
    this.ledger.showGap(this.truth.summary);
  }

  /** The eps that z was sampled with: it stays when the image changes or is drawn on. */
  _aboutEps() {
    const { how, posterior: q, seed, z } = this.state;
    if (how !== "draw" || !q || !this.facts.family.has_density) return "";
    if (!q.parts) return "The noise stays until you sample again.";
    const few = Array.from(standardNormals(seed, z.length).slice(0, FEW), (e) => signed(e, 2));
    return `ε = (${few.join(", ")}${z.length > FEW ? ", …" : ""}), held until you sample again.`;
  }

  destroy() {
    this.source.destroy();
    this.plane.destroy();
    this.truth.destroy();
  }
}
