/**
 * The true posterior of the image that z begins at, followed while it is drawn, and what lies
 * between log p(x) and the ELBO.
 *
 * What is quick is shown in the frame of the change. When the image rests, cells around the peaks
 * are decoded, and log p(x) is exact to the error that is told.
 */

import { contourOf } from "../draw/contours.js";
import { beginAtMode, climb, covarianceOf, gaussianOf } from "../math/best_posterior.js";
import { densityWindows, levelsOf, regionsAbove } from "../math/density_windows.js";
import { PosteriorGrid } from "../math/true_posterior.js";
import { Slices } from "../page/slices.js";

export const LAYER = "true-posterior";
export const SHARES = [1 - Math.exp(-0.5), 1 - Math.exp(-2)]; // of a Gaussian within 1 and 2 sigma
const PACE = 90; // milliseconds that a step of the search is shown
const REST = 180; // milliseconds without a change, after which a drawing is decoded around the peaks

/** Whether a model has a plane of two free dimensions, and all that is needed of it is in the page. */
export function hasTruePosterior(model, facts) {
  const isPlane = model.size === 2 && model.family.support === "real";
  return isPlane && facts.family.has_density && model.isHere && model.isKnown;
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
    this.grid = null;
    this.share = 0; // of the grid that is decoded
    this._forget();
  }

  destroy() {
    this._forget();
    this.filling.stop();
  }

  get isShown() {
    const { model, layers } = this.state;
    return Boolean(model) && layers.includes(LAYER) && hasTruePosterior(model, this.facts);
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
    if (!this.grid) this._fill();
    if (this.share < 1) return;
    const { posterior: q, x, base } = this.state;
    if (this.x === (q ? x : null) && this.q === q) return;
    this._forget();
    if (!q || !x) return;
    [this.x, this.q] = [x, q];
    const shown = Float32Array.from(x); // a drawing goes on in the same array
    let isNow = true;
    this.working.run(this.grid.coarse(shown), {
      onDone: (cells) => {
        this._publish(cells, { isSettled: false });
        if (!isNow) this.onChange();
        const rest = base === "drawing" ? REST : 0;
        this.resting = setTimeout(() => this._settle(shown, q, cells), rest);
      },
    });
    isNow = false;
  }

  _fill() {
    const { model } = this.state;
    this.grid = new PosteriorGrid({
      outputAt: (z) => model.outputAt(z),
      likelihood: model.graph.likelihood,
      imageShape: model.imageShape,
      logPrior: (z) => model.prior.logProb(z),
      cost: model.graph.multiply_adds.decoder,
    });
    this.filling.run(this.grid.fill(), {
      onSlice: (share) => {
        this.share = Math.min(share, 0.999);
        this.onChange();
      },
      onDone: () => {
        this.share = 1;
        this.onChange();
      },
    });
  }

  /** Contours, mode and log p(x) by these cells. */
  _publish(cells, { isSettled, logEvidence = null, error = null }) {
    const { windows, logMass, mode, isCutOff } = densityWindows(cells, this.grid);
    const levels = levelsOf(windows, SHARES);
    const contours = levels.map((level) => windows.flatMap((one) => contourOf(one, level)));
    this.found = {
      contours, box: boxOf(contours.at(-1)), mode: mode.z, isCutOff, isSettled, error,
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
    return yield* elboOf(this.state.model, q, x);
  }

  /** What the plane shows, or null: see PlanePainter.draw. */
  get marks() {
    return this.found && { ...this.found, best: this.best };
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
    if (!this.isShown) return null;
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
    return Boolean(this.found?.isSettled && this.gap && this.state.model.family.best);
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
    const logJoint = (z) => model.pixelsAt(z).logProb(x) + model.prior.logProb(z);
    const isFull = model.family.best === "full";
    const begins = [q, beginAtMode(this.found.mode, q)];
    const search = { trails: begins.map(() => []), best: null, shown: 1 };
    this.search = search;
    this.pacing = setInterval(() => this._pace(), PACE);
    this.searching.run(climbFrom(begins, isFull, logJoint, search.trails), {
      onSlice: () => this.onChange(),
      onDone: (best) => {
        search.best = best;
        this.onChange();
      },
    });
  }
}

/** Climb from each; the steps go into `trails`, the highest end is returned. */
function* climbFrom(begins, isFull, logJoint, trails) {
  for (const [k, begin] of begins.entries()) {
    for (const step of climb(begin, isFull, logJoint)) {
      if (step) trails[k].push(shownOf(step));
      yield;
    }
  }
  return trails.map((trail) => trail.at(-1)).reduce((a, b) => (b.elbo > a.elbo ? b : a));
}

/** ELBO of q without noise, by its nodes; yields after each. */
export function* elboOf(model, q, x) {
  const { z, weights } = q.nodes();
  let fit = 0;
  for (const [k, place] of z.entries()) {
    fit += weights[k] * model.pixelsAt(place).logProb(x);
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
