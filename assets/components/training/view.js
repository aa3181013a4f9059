/**
 * What is seen of a model in training: the codes of some rows, q(z|x) and p(z|x) of one, what the
 * decoder makes of z, of samples from the prior, and of a lattice in the latent plane.
 */

import { contourOf } from "../draw/contours.js";
import { randomGenerator } from "../math/random.js";
import { densityWindows, levelsOf } from "../math/density_windows.js";
import { PosteriorGrid } from "../math/true_posterior.js";
import { float64s } from "../math/shapes.js";

export const LATTICE = { points: 25, images: 11 }; // places a side
export const LATTICE_REACH = 3; // from -3 to 3, in units of z
export const SAMPLES = { points: 400, images: 30 };
const SHARES = [1 - Math.exp(-0.5), 1 - Math.exp(-2)]; // of a Gaussian within 1 and 2 sigma
const TRUTH_EVERY = 250; // milliseconds, while the weights change; and no more than a tenth of the time
const CELLS = 49; // of p(z|x), along a side

export class View {
  /**
   * @param {TrainableVAE} vae - with two latent dimensions
   * @param {Float64Array} shown - rows whose codes are seen
   * @param {{x: ?Float64Array, key: number, z: ?number[]}} look - a row, and its number; a latent, or
   *   null for the mean of q(z|x)
   */
  constructor(vae, shown, look) {
    Object.assign(this, { vae, shown, look });
    this.kind = vae.size === 2 ? "points" : "images";
    const random = randomGenerator(7);
    const n = SAMPLES[this.kind];
    this.samples = float64s(2 * n, () => random.normal());
    this.noise = this.kind === "points" ? float64s(2 * n, () => random.normal()) : null; // of x given z
    this.lattice = latticeOf(LATTICE[this.kind]);
    this.truth = null;
    this.truthDue = -Infinity; // when it may be found anew
  }

  /** All of it, in single precision. */
  draw({ steps, isSettled, clock }) {
    const { vae, look } = this;
    const codes = this._inBlocks(this.shown, vae.size, 4, (x, n) => vae.encode(x, n));
    const q = look.x ? Float64Array.from(vae.encode(look.x, 1).subarray(0, 4)) : null;
    const z = look.z ?? (q ? [q[0], q[1]] : null);
    return {
      codes, q, z, picture: z && this._decoded(Float64Array.from(z)),
      samples: this._sampled(), lattice: this._decoded(this.lattice),
      truth: look.x ? this._truth(steps, isSettled, clock) : null,
    };
  }

  /** Samples of the model: points with their noise, of images the pictures without. */
  _sampled() {
    const made = this._decoded(this.samples);
    if (this.noise) for (let i = 0; i < made.length; i++) made[i] += this.vae.sigma * this.noise[i];
    return made;
  }

  _decoded(z) {
    const { vae } = this;
    const made = this._inBlocks(z, 2, vae.size, (some, n) => vae.decode(some, n));
    if (!vae.isGaussian) for (let i = 0; i < made.length; i++) made[i] = 1 / (1 + Math.exp(-made[i]));
    return made;
  }

  _inBlocks(rows, wide, wideOut, run) {
    const { capacity } = this.vae;
    const n = rows.length / wide;
    const all = new Float32Array(n * wideOut);
    for (let from = 0; from < n; from += capacity) {
      const some = Math.min(capacity, n - from);
      const out = run(rows.subarray(from * wide, (from + some) * wide), some);
      all.set(out.subarray(0, some * wideOut), from * wideOut);
    }
    return all;
  }

  /** Contours of p(z|x): anew for another row, and now and then for other weights. */
  _truth(steps, isSettled, clock) {
    const { x, key } = this.look;
    const isSame = this.truthOf === key && this.truthSteps === steps && this.wasSettled >= isSettled;
    const now = clock.now();
    const isSoon = this.truthOf === key && !isSettled && now < this.truthDue;
    if (isSame || (isSoon && this.truthSteps !== steps)) return this.truth;
    if (this.truthSteps !== steps) this.grid = null;
    Object.assign(this, { truthOf: key, truthSteps: steps, wasSettled: isSettled });
    this.truth = this._contours(x, isSettled);
    const end = clock.now();
    this.truthDue = end + Math.max(TRUTH_EVERY, 9 * (end - now));
    return this.truth;
  }

  _contours(x, isSettled) {
    if (!this.grid) {
      this.grid = this._grid();
      drained(this.grid.fill());
    }
    let cells = drained(this.grid.coarse(x));
    if (isSettled) ({ cells } = drained(this.grid.refine(x, cells)));
    const { windows, mode } = densityWindows(cells, this.grid);
    const levels = levelsOf(windows, SHARES);
    const contours = levels.map((level) => Float32Array.from(windows.flatMap((one) => contourOf(one, level))));
    return { contours, mode: mode.z };
  }

  _grid() {
    const { vae } = this;
    const { config, size } = vae;
    const logPrior = ([a, b]) => -0.5 * (a * a + b * b) - Math.log(2 * Math.PI);
    return new PosteriorGrid({
      logPrior,
      mostCells: CELLS,
      imageShape: [1, 1, size],
      cost: vae.weights.length,
      likelihood: { name: config.likelihood, sigma: "fixed", log_sigma: Math.log(vae.sigma) },
      outputsAt: (places) => {
        const z = Float64Array.from(places.flatMap((place) => Array.from(place)));
        const all = this._inBlocks(z, 2, size, (some, n) => vae.decode(some, n));
        return places.map((_, k) => all.subarray(k * size, (k + 1) * size));
      },
    });
  }
}

/** Places (z0, z1) of a square lattice, row by row from the top. */
export function latticeOf(side) {
  const step = (2 * LATTICE_REACH) / (side - 1);
  return float64s(2 * side * side, (i) => {
    const cell = i >> 1;
    return i % 2 ? LATTICE_REACH - Math.floor(cell / side) * step : (cell % side) * step - LATTICE_REACH;
  });
}

function drained(work) {
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}
