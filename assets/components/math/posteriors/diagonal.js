/**
 * The diagonal Gaussian, and what all Gaussian families share: their KL to N(0, I), in the
 * parts of mean and width, and their densities on a plane.
 */

import { gaussianOf, latticeOf } from "../best_posterior.js";
import { normalLattice } from "../nodes.js";
import { cellsWithin } from "../plane_grid.js";
import { randomGenerator } from "../random.js";
import { count, float64s, total } from "../shapes.js";
import { clamp } from "../special.js";
import { Posterior, keep, readParams } from "./base.js";

export const LOGVAR_MIN = -30;
export const LOGVAR_MAX = 20;
const REACH = 8; // in sigma; beyond, a Gaussian adds less than e^-32 of its peak

/**
 * The eps with which Gaussians draw: z = mu + sigma eps, or mu + L eps.
 * @param {number} seed
 * @param {number} d
 * @returns {Float64Array} (d), from N(0, I)
 */
export function standardNormals(seed, d) {
  const random = randomGenerator(seed);
  return float64s(d, () => random.normal());
}

/** Gaussians, and their KL to N(0, I) in two parts: of the mean and of the width. */
export class Gaussian extends Posterior {
  static isRotationInvariant = true;

  static prior(latentShape) {
    const zeros = new Float64Array(count(latentShape));
    return new DiagonalGaussian(latentShape, zeros, zeros);
  }

  static planeMixture(params, n, latentShape, axes) {
    return gaussianMixture(this.moments(params, n, latentShape, axes));
  }

  /** Of a lattice, for one or two dimensions. */
  nodes() {
    if (this.size === 1) {
      const sigma = Math.sqrt(this.variance[0]);
      const nodes = normalLattice(1);
      return { z: nodes.map(([u]) => [this.mean[0] + sigma * u]), weights: nodes.map(([, w]) => w) };
    }
    return this.size === 2 ? latticeOf(gaussianOf(this)) : null;
  }

  get parts() {
    if (this.learnedPrior) return null; // are those of N(0, I)
    const location = this.mean.map((mu) => 0.5 * mu * mu);
    const width = float64s(this.size, (j) => {
      const logVariance = this._logVariance(j);
      return 0.5 * (Math.expm1(logVariance) - logVariance); // sigma^2 - 1 - ln sigma^2
    });
    return keep(this, "parts", { location, width });
  }

  _klOfMarginal(j) {
    return this.parts.location[j] + this.parts.width[j];
  }
}

export function clampedLogVariance(logVariance) {
  return clamp(logVariance, LOGVAR_MIN, LOGVAR_MAX);
}

/** N(mu, diag sigma^2): C means, then C log-variances. */
export class DiagonalGaussian extends Gaussian {
  static best = "diagonal";

  constructor(latentShape, mean, logVariance) {
    super(latentShape, mean);
    this.logVariance = logVariance;
  }

  static fromParams(params, latentShape) {
    const logVariance = readParams(params, latentShape, latentShape.at(-1));
    const mean = readParams(params, latentShape);
    return new DiagonalGaussian(latentShape, mean, logVariance.map(clampedLogVariance));
  }

  static pair(params, at, channels, j, k) {
    const xx = Math.exp(clampedLogVariance(params[at + channels + j]));
    const yy = Math.exp(clampedLogVariance(params[at + channels + k]));
    return [params[at + j], params[at + k], xx, j === k ? xx : 0, yy];
  }

  get named() {
    return { mu: this.mean, logvar: this.logVariance, std: this.scales };
  }

  get scales() {
    return keep(this, "scales", this.logVariance.map((v) => Math.exp(0.5 * v)));
  }

  noiseAt(z) {
    return this.mean.map((mu, j) => (z[j] - mu) / this.scales[j]);
  }

  withDimension(j, mean, scale) {
    const logVariance = this.logVariance.with(j, clampedLogVariance(2 * Math.log(scale)));
    const moved = new DiagonalGaussian(this.latentShape, this.mean.with(j, mean), logVariance);
    return this.learnedPrior ? moved.against(this.learnedPrior) : moved;
  }

  _logVariance(j) {
    return this.logVariance[j];
  }

  _variance(j) {
    return Math.exp(this.logVariance[j]);
  }

  /** z = mu + sigma eps. */
  draw(seed) {
    const eps = standardNormals(seed, this.size);
    return this.mean.map((mu, j) => mu + Math.exp(0.5 * this.logVariance[j]) * eps[j]);
  }

  logProb(z) {
    return -total(this.mean.map((mu, j) => {
      const square = (z[j] - mu) ** 2 / this.variance[j];
      return 0.5 * (square + this.logVariance[j] + Math.log(2 * Math.PI));
    }));
  }
}

// On a plane: the marginal of two dimensions is a Gaussian again

/** N(mean, covariance) for every image, against N(0, I). */
function gaussianMixture({ x: meanX, y: meanY, xx, xy, yy }) {
  // Through z_k, and z_j given z_k: its mean is meanX + slope (y - meanY).
  const slope = xy.map((covariance, i) => covariance / yy[i]);
  const restX = xx.map((variance, i) => varianceLeft(variance, xy[i], yy[i]));
  const constant = restX.map((rest, i) => -0.5 * Math.log(rest * yy[i]) - Math.log(2 * Math.PI));
  return {
    logDensities(x, y, logs) {
      for (let i = 0; i < logs.length; i++) {
        const up = y - meanY[i];
        const across = x - meanX[i] - slope[i] * up;
        logs[i] = constant[i] - 0.5 * ((across * across) / restX[i] + (up * up) / yy[i]);
      }
    },
    logPrior: (x, y) => -0.5 * (x * x + y * y) - Math.log(2 * Math.PI),
    adder: (grid, density) => (i) => {
      addGaussian(grid, density, meanX[i], meanY[i], xx[i], xy[i], yy[i]);
    },
  };
}

/** Var of one dimension given the other; rounding must not make a ridge as thin as nothing. */
function varianceLeft(xx, xy, yy) {
  return Math.max(xx - (xy * xy) / yy, 1e-14 * xx);
}

/**
 * Add N(mean, covariance), averaged over every cell, to the cells within REACH.
 *
 * The average is that of a Gaussian whose variance is larger by a uniform distribution's over
 * the cell, dx^2 / 12: a component much narrower than a cell is then not lost between centres.
 */
function addGaussian({ x, y, dx, dy }, density, meanX, meanY, varianceX, xy, varianceY) {
  const nx = x.length;
  const xx = varianceX + (dx * dx) / 12;
  const yy = varianceY + (dy * dy) / 12;
  const rest = varianceLeft(xx, xy, yy);
  const peak = 1 / (2 * Math.PI * Math.sqrt(rest * yy));
  const [topRow, bottomRow] = cellsWithin(y[0] - meanY, dy, REACH * Math.sqrt(yy), y.length);
  for (let row = topRow; row <= bottomRow; row++) {
    const up = y[row] - meanY;
    const middle = meanX + (xy / yy) * up;
    const square = (up * up) / yy;
    const reach = Math.sqrt(Math.max(REACH * REACH - square, 0) * rest);
    const [left, right] = cellsWithin(middle - x[0], dx, reach, nx);
    // From cell to cell e^(-a^2 / 2 rest) changes by a factor that itself changes by a factor.
    const across = x[left] - middle;
    let value = peak * Math.exp(-0.5 * (square + (across * across) / rest));
    let factor = Math.exp(-(across * dx + 0.5 * dx * dx) / rest);
    const factorOfFactor = Math.exp((-dx * dx) / rest);
    for (let cell = row * nx + left; cell <= row * nx + right; cell++) {
      density[cell] += value;
      value *= factor;
      factor *= factorOfFactor;
    }
  }
}
