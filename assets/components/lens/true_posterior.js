/**
 * The true posterior of the image that z begins at, followed while it is drawn, and what lies
 * between log p(x) and the ELBO.
 *
 * What is quick is shown in the frame of the change. When the image rests, cells around the peaks
 * are decoded, and log p(x) is exact to the error that is told.
 */

import { contourOf } from "../draw/contours.js";
import { beginAtMode, climb, covarianceOf, gaussianOf, inPairs } from "../math/best_posterior.js";
import { densityWindows, levelsOf, regionsAbove } from "../math/density_windows.js";
import { PosteriorGrid } from "../math/true_posterior.js";
import { planeLayout } from "../draw/plane_layout.js";
import { Slices } from "../page/slices.js";
import { SLICE, posteriorChart } from "./posterior_chart.js";

export const LAYER = "true-posterior";
export const SHARES = [1 - Math.exp(-0.5), 1 - Math.exp(-2)]; // of a Gaussian within 1 and 2 sigma
const PACE = 90; // milliseconds that a step of the search is shown
const TOLD = 10; // times that the share that is decoded is told
const SLICE_CELLS = 41; // along a side of a slice, which is decoded for each image anew
const REST = 180; // milliseconds without a change, after which a drawing is decoded around the peaks

/** The chart that p(z|x) is shown on, or null where what is needed of the model is not in the page. */
export function truthChart(model, facts, axes) {
  // of a prior for each class, KL and log p(x) are of different priors
  const isOfZ = !model.prior.isOfClasses;
  const isHere = facts.family.has_density && model.isHere && model.isKnown && isOfZ;
  return isHere ? posteriorChart(model, planeLayout(model, axes, facts)) : null;
}

export class TruePosterior {
  /**
   * @param {LensState} state
   * @param {Object} facts
   * @param {function()} onChange - something has been found
   */
  constructor(state, facts, onChange) {
    Object.assign(this, { state, facts, onChange });
    this.filling = new Slices();
    this.working = new Slices();
    this.searching = new Slices();
    this.chart = this.grid = null;
    this.share = 0; // of the grid that is decoded
    this._forget();
  }

  get isSlice() {
    return this.chart?.kind === SLICE;
  }

  destroy() {
    this._forget();
    this.filling.stop();
  }

  get isShown() {
    const { model, layers } = this.state;
    if (!model || !layers.includes(LAYER)) return false;
    this._setChart();
    return Boolean(this.chart);
  }

  /** The chart of the model and the axes of now; what was found on another is forgotten. */
  _setChart() {
    const { model, axes, label } = this.state;
    const chosen = model.isConditional ? `${axes} ${label}` : `${axes}`; // all are decoded with it
    if (this.chosen === chosen && this.charted === model) return;
    [this.chosen, this.charted] = [chosen, model];
    this.chart = truthChart(model, this.facts, axes);
    this._forget();
    this._forgetGrid();
  }

  _forgetGrid() {
    this.filling.stop();
    this.grid = null;
    this.share = 0;
  }

  _forget() {
    clearTimeout(this.resting);
    clearInterval(this.pacing);
    this.working.stop();
    this.searching.stop();
    this.x = this.q = null;
    this.found = null; // see _publish
    this.gap = null; // {elbo} of the encoder's q
    this.search = null; // {trails: steps from the encoder's q, and from the mode; best: q*, or null; shown}
  }

  /** Each frame: begin what has to be done for the image of now. */
  update() {
    if (!this.isShown) {
      if (this.x) this._forget();
      return;
    }
    const { posterior: q, x, base } = this.state;
    if (this.isSlice) {
      this._updateSlice(q, x, base);
      return;
    }
    if (!this.grid) this._fill();
    if (this.share < 1) return;
    if (this.x === (q ? x : null) && this.q === q) return;
    this._forget();
    if (!q || !x) return;
    this._follow(q, x, base === "drawing" ? REST : 0);
  }

  /** A slice goes through the mean of q: it is decoded anew for every image, when that rests. */
  _updateSlice(q, x, base) {
    if (this.x === (q ? x : null) && this.q === q) return;
    this._forget();
    this._forgetGrid();
    if (!q || !x) return;
    [this.x, this.q] = [x, q];
    const begin = () => this._fill(() => this._follow(q, x, 0));
    this.resting = setTimeout(begin, base === "drawing" ? REST : 0);
  }

  /** p(z|x) on the coarse grid at once, and after `rest` milliseconds exactly. */
  _follow(q, x, rest) {
    [this.x, this.q] = [x, q];
    const shown = Float32Array.from(x); // a drawing goes on in the same array
    let isNow = true;
    this.working.run(this.grid.coarse(shown), {
      onDone: (cells) => {
        this._publish(cells, { isSettled: false });
        if (!isNow) this.onChange();
        this.resting = setTimeout(() => this._settle(shown, q, cells), rest);
      },
    });
    isNow = false;
  }

  _fill(done = () => {}) {
    const { model } = this.state;
    const { chart } = this;
    const latentAt = this.isSlice ? chart.through(this.q.mean) : chart.latentAt;
    this.grid = new PosteriorGrid({
      chart: { ...chart, latentAt },
      mostCells: this.isSlice ? SLICE_CELLS : undefined,
      reach: model.prior.isLearned ? model.prior.reach : null,
      outputsAt: (places) => model.outputsAt(places),
      likelihood: model.graph.likelihood,
      imageShape: model.imageShape,
      logPrior: (z) => model.prior.logProb(z),
      cost: model.graph.multiply_adds.decoder,
    });
    this.filling.run(this.grid.fill(), {
      onSlice: (share) => {
        const isTold = Math.floor(TOLD * share) > Math.floor(TOLD * this.share);
        this.share = Math.min(share, 0.999);
        if (isTold) this.onChange(); // a frame takes time of the decoding
      },
      onDone: () => {
        this.share = 1;
        done();
        this.onChange();
      },
    });
  }

  /** Contours, mode and log p(x) by these cells. */
  _publish(cells, { isSettled, logEvidence = null, error = null }) {
    const { windows, logMass, mode, isCutOff } = densityWindows(cells, this.grid);
    const levels = levelsOf(windows, SHARES);
    const { toPlane, latentAt } = this.chart;
    const contours = levels.map((level) => {
      return onPlane(windows.flatMap((one) => contourOf(one, level)), toPlane);
    });
    const isLine = this.chart.kind === "line";
    this.found = {
      contours, box: isLine ? null : boxOf(contours.at(-1)), mode: toPlane(mode.z),
      modeAt: latentAt ? latentAt(mode.z) : this.grid.latentAt(mode.z), isCutOff, isSettled, error,
      curve: isLine ? { windows, logMass } : null,
      logEvidence: logEvidence ?? logMass,
      nRegions: isSettled ? regionsAbove(windows, levels.at(-1)) : null,
    };
  }

  _settle(x, q, coarse) {
    this.working.run(this._exactly(x, q, coarse), {
      onDone: (elbo) => {
        this.gap = { elbo };
        this.onChange();
      },
    });
  }

  *_exactly(x, q, coarse) {
    const { logEvidence, error, cells } = yield* this.grid.refine(x, coarse);
    this._publish(cells, { isSettled: true, logEvidence, error });
    this.onChange();
    return this.isSlice ? null : yield* elboOf(this.state.model, q, x);
  }

  /** What the plane shows, or null: see PlanePainter.draw. */
  get marks() {
    if (!this.found) return null;
    const { best } = this;
    const curves = this.found.curve && this._curves();
    return { ...this.found, best: best && this._onPlane(best), curves };
  }

  /** Densities of p(z|x), q(z|x) and p(z) on a line. */
  _curves() {
    const { windows, logMass } = this.found.curve;
    const { prior } = this.state.model;
    return {
      truth: windows.map(({ x, step, values }) => ({ x, step, values: values.map((v) => Math.exp(v - logMass)) })),
      q: (z) => Math.exp(this.q.logProb([z])),
      prior: (z) => Math.exp(prior.logProb([z])),
      mean: this.q.mean[0],
      sigma: Math.sqrt(this.q.variance[0]),
    };
  }

  /** A Gaussian of the search as the plane shows it. */
  _onPlane({ mean, covariance: [xx, xy, yy] }) {
    const { kind, toPlane, placeOf } = this.chart;
    if (kind === "line") return { mean: toPlane(mean), covariance: [xx, 0, 0] };
    const [first] = placeOf([0, 1]); // which dimension is across
    return { mean: toPlane(placeOf(mean)), covariance: first ? [yy, xy, xx] : [xx, xy, yy] };
  }

  /** The Gaussian of the search, as far as it is shown; null before. */
  get best() {
    if (!this.search) return null;
    const steps = this.search.trails.flat();
    const isAll = this.search.best && this.search.shown >= steps.length;
    return isAll ? this.search.best : steps[Math.min(this.search.shown, steps.length) - 1] ?? null;
  }

  /** What the ledger shows, in nats: null while the layer is off. */
  get summary() {
    if (!this.isShown || this.isSlice) return null;
    const { found, gap } = this;
    const best = this.search?.best && this.best === this.search.best ? this.search.best : null;
    return {
      evidence: found?.logEvidence ?? null,
      isExact: Boolean(found?.isSettled),
      elbo: gap?.elbo ?? null,
      best: best?.elbo ?? null,
      hasParts: Boolean(this.state.model.family.best),
    };
  }

  /** Whether q* can be searched for now. */
  get canSearch() {
    const hasBest = !this.isSlice && this.state.model.family.best;
    return Boolean(this.found?.isSettled && this.gap && hasBest);
  }

  /** Show one step more of the search. */
  _pace() {
    const { trails, best, shown } = this.search;
    const count = trails.flat().length;
    if (shown < count) this.search.shown++;
    else if (best) clearInterval(this.pacing);
    this.onChange();
  }

  /** Find the best q of the family, from the encoder's q and from the mode of p(z|x). */
  findBest() {
    if (!this.canSearch) return;
    const { model } = this.state;
    const [q, x] = [gaussianOf(this.q), Float32Array.from(this.x)];
    const logJoint = inPairs(model.size, (places) => {
      return model.logProbsAt(places, x).map((nats, k) => nats + model.prior.logProb(places[k]));
    });
    const isFull = model.family.best === "full";
    const begins = [q, beginAtMode(Array.from(this.found.modeAt), q)];
    const search = { trails: begins.map(() => []), best: null, shown: 1 };
    this.search = search;
    this.pacing = setInterval(() => this._pace(), PACE);
    this.searching.run(climbFrom(begins, isFull, logJoint, model.atOnce, search.trails), {
      onSlice: () => this.onChange(),
      onDone: (best) => {
        search.best = best;
        this.onChange();
      },
    });
  }
}

/** Climb from each; the steps go into `trails`, the highest end is returned. */
function* climbFrom(begins, isFull, logJoint, atOnce, trails) {
  for (const [k, begin] of begins.entries()) {
    const steps = climb(begin, isFull, logJoint, atOnce);
    let step = steps.next();
    for (; !step.done; step = steps.next()) {
      if (step.value) trails[k].push(shownOf(step.value));
      yield;
    }
    trails[k][trails[k].length - 1] = shownOf(step.value); // the same, its ELBO by more nodes
  }
  return trails.map((trail) => trail.at(-1)).reduce((a, b) => (b.elbo > a.elbo ? b : a));
}

/** Ends of line segments, mapped to the plane. */
function onPlane(segments, toPlane) {
  const mapped = new Array(segments.length);
  for (let at = 0; at < segments.length; at += 2) {
    [mapped[at], mapped[at + 1]] = toPlane([segments[at], segments[at + 1]]);
  }
  return mapped;
}

/** ELBO of q without noise, by its nodes; yields after some. Null for a q without nodes. */
export function* elboOf(model, q, x) {
  const nodes = q.nodes();
  if (!nodes) return null;
  const { z, weights } = nodes;
  let fit = 0;
  for (let first = 0; first < z.length; first += model.atOnce) {
    const some = model.logProbsAt(z.slice(first, first + model.atOnce), x);
    some.forEach((nats, k) => (fit += weights[first + k] * nats));
    yield;
  }
  return fit - q.kl;
}

/** A Gaussian as the plane shows it. */
function shownOf({ mean, root, elbo }) {
  return { mean, covariance: covarianceOf({ root }), elbo };
}

/** The box around line segments: {centre, half}, half of its longer side. */
function boxOf(segments) {
  const [low, high] = [[Infinity, Infinity], [-Infinity, -Infinity]];
  segments.forEach((value, k) => {
    low[k % 2] = Math.min(low[k % 2], value);
    high[k % 2] = Math.max(high[k % 2], value);
  });
  const centre = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
  return { centre, half: Math.max(high[0] - low[0], high[1] - low[1]) / 2 };
}
