/**
 * The plane with its controls: dimensions, layers, and the map behind the points.
 */

import { LatentPlane } from "../draw/latent_plane.js";
import { classMoments, planeLayout } from "../draw/plane_layout.js";
import { planeMixture } from "../math/mixture.js";
import { isOneSite } from "../math/shapes.js";
import { button, element } from "../page/element.js";
import { signed } from "../page/text.js";
import { PlaneMap } from "./plane_map.js";
import { PlaneTip } from "./plane_tip.js";
import { LAYER, truthChart } from "./true_posterior.js";

const PRIOR_DRAWS = 1500;
const MAX_COMPONENTS = 128; // of a learned prior, that are drawn
const BACKGROUNDS = [
  ["none", "no map"],
  ["density", "map: density of q(z)"],
  ["holes", "map: holes, q(z) against p(z)"],
];
const HOLE = -Math.LN10; // nats of log q - log p: ten times rarer counts as a hole, as in Python
const ABOUT_ELLIPSES = {
  line: "q(z|y) of each class by its mean and variance, at 1σ and 2σ: 68% and 95% of a Gaussian on a line",
  plane: "q(z|y) of each class by its mean and covariance, at 1σ and 2σ: 39% and 86% of a Gaussian in a plane",
};
const LEAST = -99; // nats that are written out
const WITHOUT_PRIOR = "no-prior"; // a layer that is chosen by taking a tick away

export class PlaneView {
  /**
   * @param {HTMLElement} host
   * @param {Object} lens - facts; state; stage; originals; callbacks onPlace(z), onRelease()
   * @param {{truth: ?TruePosterior, samples: ?Samples, population: ?Population}} parts - where the
   *   view shows them: p(z|x) of the image; earlier samples of z; the posteriors of many images, in
   *   place of that of one
   */
  constructor(host, lens, { truth = null, samples = null, population = null }) {
    const { facts, state, stage, onPlace, onRelease } = lens;
    Object.assign(this, { facts, state, stage, onRelease, truth, samples, population });
    this.hovered = null; // number of a point
    this.holder = element("div", { class: "plane" });
    this.tip = new PlaneTip(this.holder, lens);
    this.reading = element("p", { class: "reading" });
    this.plane = new LatentPlane(this.holder, {
      where: () => this.layout.toPlane(state.z),
      onMove: (at) => this.layout && onPlace(this.layout.place(state.z, at)),
      onView: () => stage.schedule(),
      onRelease,
      onHover: (index, at) => this._hover(index, at),
    });
    const legend = element("div", { class: "legend" });
    this.map = new PlaneMap(legend, facts.colours, (map) => {
      this.plane.show({ map });
      stage.schedule();
    });
    host.append(this._controls(), this.holder, legend, this.reading);
    this.holder.append(this.zoom);
    state.subscribe((changed) => {
      const isNew = ["model", "axes", "layers", "classes", "count"].some((name) => changed.has(name));
      if (isNew && state.model) this.lay();
    });
  }

  destroy() {
    this.plane.destroy();
    this.map.destroy();
  }

  _controls() {
    const { facts, state } = this;
    const check = (layer, words, title = null) => {
      const box = element("input", { type: "checkbox", onchange: () => this._chooseLayers() });
      box.checked = state.layers.includes(layer) !== (layer === WITHOUT_PRIOR);
      this.checks[layer] = box;
      return element("label", { class: `layer-${layer}`, title }, box, words);
    };
    const select = (label, options, chosen, onchange) => {
      const made = element("select", { "aria-label": label, onchange });
      made.append(...options.map(([value, text]) => element("option", { value, text })));
      made.value = chosen;
      return made;
    };
    this.checks = {};
    const controls = element("div", { class: "controls" });
    if (facts.names.length > 2 && !facts.is_triangle) {
      const options = facts.order.map((j) => [j, `${facts.names[j]}${klOf(facts.kl, j)}`]);
      this.axes = state.axes.map((axis, k) =>
        select(["Across", "Up"][k], options, axis, () => this._chooseAxes()),
      );
      this.stage.root.classList.add("many"); // a line more of controls
      controls.append(
        element("label", {}, "across", this.axes[0]), element("label", {}, "up", this.axes[1]),
      );
    }
    const about = ABOUT_ELLIPSES[facts.names.length === 1 ? "line" : "plane"];
    const [ofImages, ofClasses] = this.population ? ["means", "classes q(z|y)"] : ["images", "classes"];
    controls.append(check("points", ofImages));
    if (this.population && facts.family.has_density) {
      const one = "one sample of z of each image: of its q(z|x)";
      this.samplesControl = check("samples", "samples of z", one);
      controls.append(
        this.samplesControl, check("widths", "posteriors", "q(z|x) of each image, at 1σ and 2σ"),
      );
    }
    controls.append(check("classes", ofClasses, about));
    if (this.population) controls.append(check(WITHOUT_PRIOR, "prior"));
    if (this.truth && facts.family.has_density) {
      const isSlice = facts.names.length > 2 && !facts.is_triangle;
      this.truthControl = check(LAYER, isSlice ? "slice of p(z|x)" : "true posterior p(z|x)");
      controls.append(this.truthControl);
    }
    if (facts.family.has_density && facts.names.length > 1) {
      const background = BACKGROUNDS.find(([name]) => state.layers.includes(name))?.[0] ?? "none";
      this.background = select("Behind the points", BACKGROUNDS, background, () => this._chooseLayers());
      this.background.classList.add("map");
      controls.append(this.background);
    }
    const zoom = (text, title, factor) =>
      button(text, () => this.plane.zoomBy(factor), { title, "aria-label": title });
    this.zoom = element("div", { class: "zoom" }, zoom("+", "Zoom in on z", 2), zoom("−", "Zoom out", 0.5));
    return controls;
  }

  /** The dimensions across and up have been chosen; never the same twice. */
  _chooseAxes() {
    const axes = this.axes.map((select) => Number(select.value));
    if (axes[0] === axes[1]) axes[1] = this.facts.order.find((j) => j !== axes[0]);
    this.axes[1].value = axes[1];
    this.state.change({ axes });
    this.onRelease();
  }

  _chooseLayers() {
    const isOn = (layer) => this.checks[layer].checked !== (layer === WITHOUT_PRIOR);
    const layers = Object.keys(this.checks).filter(isOn);
    if (this.background && this.background.value !== "none") layers.push(this.background.value);
    const isOwn = (layer) => layer in this.checks || BACKGROUNDS.some(([name]) => name === layer);
    layers.push(...this.state.layers.filter((layer) => !isOwn(layer))); // those beside the plane
    this.state.change({ layers });
    this.onRelease();
  }

  /** Lay everything out anew: the model has come, or axes, layers or colours have changed. */
  lay() {
    const { facts } = this;
    const { model, axes, layers } = this.state;
    const { params, labels, n } = model.codes;
    if (this.truthControl) this.truthControl.hidden = !truthChart(model, facts, axes);
    this.layout = planeLayout(model, axes, facts);
    this.points = this.layout.points(params, n, labels);
    if (this.samplesControl) this.samplesControl.hidden = !model.isKnown;
    const { isLine = false } = this.layout;
    const isShown = ({ label }) => !this.population || this.population.has(label);
    const classes = classMoments(this.points, labels).filter(isShown).map(({ covariance, ...each }) => ({
      ...each, name: facts.class_names[each.label],
      covariance: isLine ? [covariance[0], 0, 0] : covariance, // up is no dimension
    }));
    const draws = facts.has_rings || !model.isKnown ? null : this._priorDraws();
    const hasPrior = !this.population || !layers.includes(WITHOUT_PRIOR);
    const all = { points: layers.includes("points") ? { ...this.points, labels } : null };
    this._hover(null);
    this.plane.show({
      ...this._square(this.points, draws),
      titles: this.layout.titles,
      corners: this.layout.corners,
      ...(this.population ? this.population.marks(this.layout, this.points) : all),
      classes: layers.includes("classes") ? classes : [],
      rings: facts.has_rings && hasPrior,
      isLine,
      prior: hasPrior ? draws : null,
      components: hasPrior ? this._components() : null,
      map: null,
      classColours: facts.colours.classes,
      orange: facts.colours.rate,
      grey: facts.colours.prior,
      ...this.stage.theme,
    });
    this._mixture();
    this.stage.schedule();
  }

  /** The components of a learned prior that weigh most, as they fall on the plane. */
  _components() {
    const { prior } = this.state.model;
    if (!prior.isLearned || !prior.parts) return null;
    const { axes, model: { latentShape } } = this.state;
    if (this.facts.has_entries && !isOneSite(axes, latentShape)) return null; // an entry is of one
    const parts = prior.parts.map((part, k) => ({ ...part, label: prior.isOfClasses ? k : null }));
    parts.sort((a, b) => b.weight - a.weight);
    const drawn = parts.filter(({ weight }) => weight > 0).slice(0, MAX_COMPONENTS);
    return drawn.map(({ q, ...part }) => ({
      ...part, mean: this.layout.toPlane(q.mean), covariance: this.layout.covariance(q),
    }));
  }

  _priorDraws() {
    const draws = Array.from({ length: PRIOR_DRAWS }, (_, seed) =>
      this.layout.toPlane(this.state.model.prior.draw(seed + 1)),
    );
    return { x: draws.map(([x]) => x), y: draws.map(([, y]) => y) };
  }

  /**
   * The square around the points and the prior that the plane shows; around the posteriors of a
   * population at 2 sigma. It is that of all images, so that it stays while layers and classes are
   * chosen.
   */
  _square({ x, y, xx, yy }, draws) {
    if (this.layout.corners) return { centre: [0.5, 0.43], reach: 0.62 };
    const reach = this.facts.has_rings ? 3.4 : 0.1;
    const [low, high] = [[-reach, -reach], [reach, reach]];
    const isWide = this.population && this.facts.family.has_density;
    const wide = (mean, variance) =>
      isWide ? [-2, 2].map((n) => mean.map((value, i) => value + n * Math.sqrt(variance[i]))) : [];
    const across = [x, draws?.x ?? [], ...wide(x, xx)];
    const up = [y, draws?.y ?? [], ...wide(y, yy)];
    for (const [k, lists] of [[0, across], [1, up]]) {
      for (const list of lists) {
        for (const value of list) {
          low[k] = Math.min(low[k], value);
          high[k] = Math.max(high[k], value);
        }
      }
    }
    const half = 0.52 * Math.max(high[0] - low[0], high[1] - low[1]);
    return { centre: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2], reach: half };
  }

  /** The aggregate posterior on this plane, and its map where that is asked for. */
  _mixture() {
    this.map.clear();
    this.mixture = null;
    const { facts } = this;
    const { model, layers } = this.state;
    if (!this.layout.unit || !facts.family.has_density || !model.isKnown) return;
    const { params, n } = model.codes;
    const { family, latentShape, prior } = model;
    this.mixture = planeMixture(family, params, n, latentShape, this.layout.axes, prior);
    const kind = ["density", "holes"].find((name) => layers.includes(name));
    if (!this.mixture || !kind) return;
    const { centre, reach } = this.plane.scene;
    const bounds =
      model.family.support === "simplex"
        ? [0, 1, 0, 1]
        : [centre[0] - reach, centre[0] + reach, centre[1] - reach, centre[1] + reach];
    this.map.compute(this.mixture, bounds, this.layout.unit, kind);
  }

  /** Each frame: the posterior, z, and what is read off there. */
  frame() {
    if (!this.layout) return;
    const { posterior, z } = this.state;
    const q = this.population ? null : posterior;
    const ofImage = q && {
      mean: this.layout.toPlane(q.mean),
      covariance: this.facts.family.has_density ? this.layout.covariance(q) : [0, 0, 0],
      hasNumbers: !this.stage.hidden.has("plane-numbers"),
    };
    const points = this.plane.hoverable;
    const i = this.hovered;
    const focus = i === null ? null : [points.x[i], points.y[i]];
    const shown = this.state.isEmpty ? null : this.layout.toPlane(z);
    const ghosts = (this.samples?.earlier ?? []).map((each) => this.layout.toPlane(each.z));
    const { lit } = this;
    this.plane.draw({ posterior: ofImage, z: shown, focus, truth: this.truth?.marks, ghosts, lit });
    this.reading.textContent = shown ? this._read(z) : "No z yet: nothing is drawn.";
  }

  /** The mouse is over a point, or over none: the image there, or its sample, beside it. */
  _hover(i, at) {
    const isNew = i !== this.hovered;
    this.hovered = i;
    const points = this.plane?.hoverable;
    const image = i === null ? null : (points.index?.[i] ?? i);
    const isSample = i !== null && points.isSample?.[i];
    this.tip.show(image, at, isSample ? this.population.sampleOf(image) : null);
    if (isNew) this.stage.schedule();
  }

  _read(z) {
    const { names } = this.facts;
    const axes = this.layout.corners ? [0, 1, 2] : [...new Set(this.layout.axes)];
    const parts = axes.map((j) => `${names[j]} = ${signed(z[j], 2)}`);
    if (!this.mixture) return parts.join(", ");
    const [j, k] = this.layout.axes;
    const gap = this.mixture.logDensity(z[j], z[k]) - this.mixture.logPrior(z[j], z[k]);
    const isAll = names.length === 2 || this.layout.corners;
    const verdict = gap < HOLE ? ": a hole among these images, whose codes are at least 10 times rarer here than the prior" : "";
    const value = Number.isFinite(gap) ? signed(Math.max(gap, LEAST), 1) : "−∞";
    const of = `density of all codes against the prior${isAll ? "" : ", of these two dimensions"}, log q − log p`;
    return `${parts.join(", ")}; ${of} = ${value} nats${verdict}`;
  }
}

function klOf(kl, j) {
  return kl ? ` · ${signed(kl[j], 2)} nats` : "";
}
