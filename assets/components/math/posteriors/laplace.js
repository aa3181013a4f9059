/**
 * The Laplace posterior and prior, with sharp peaks and heavy tails.
 */

import { LAPLACE_NODES, pairsOf } from "../nodes.js";
import { addProduct } from "../plane_grid.js";
import { randomGenerator } from "../random.js";
import { count, float64s, total } from "../shapes.js";
import { Posterior, readParams } from "./base.js";
import { DiagonalGaussian, clampedLogVariance } from "./diagonal.js";

const LAPLACE_PRIOR_SCALE = Math.SQRT1_2; // of variance 1

/** Laplace(mu_j, b_j) against Laplace(0, 1/sqrt 2): C locations, C log-variances of 2 b^2. */
export class Laplace extends Posterior {
  constructor(latentShape, mean, scale) {
    super(latentShape, mean);
    this.scale = scale;
  }

  static fromParams(params, latentShape) {
    const logVariance = readParams(params, latentShape, latentShape.at(-1));
    const scale = logVariance.map((v) => Math.SQRT1_2 * Math.exp(0.5 * clampedLogVariance(v)));
    return new Laplace(latentShape, readParams(params, latentShape), scale);
  }

  static prior(latentShape) {
    const zeros = new Float64Array(count(latentShape));
    return new Laplace(latentShape, zeros, zeros.map(() => LAPLACE_PRIOR_SCALE));
  }

  static pair(params, at, channels, j, k) {
    return DiagonalGaussian.pair(params, at, channels, j, k);
  }

  static planeMixture(params, n, latentShape, axes) {
    return laplaceMixture(this.moments(params, n, latentShape, axes));
  }

  get named() {
    const logvar = this.scale.map((b) => 2 * Math.log(b) + Math.LN2); // of the variance 2 b^2
    return { mu: this.mean, logvar, b: this.scale };
  }

  get scales() {
    return this.scale;
  }

  noiseAt(z) {
    return this.mean.map((mu, j) => (z[j] - mu) / this.scale[j]);
  }

  withDimension(j, mean, scale) {
    return new Laplace(this.latentShape, this.mean.with(j, mean), this.scale.with(j, scale));
  }

  _variance(j) {
    return 2 * this.scale[j] ** 2;
  }

  /** |mu| / b0 + (b / b0) exp(-|mu| / b) - ln(b / b0) - 1. */
  _klOfMarginal(j) {
    const distance = Math.abs(this.mean[j]);
    const ratio = this.scale[j] / LAPLACE_PRIOR_SCALE;
    const reach = distance / LAPLACE_PRIOR_SCALE;
    return reach + ratio * Math.exp(-distance / this.scale[j]) - Math.log(ratio) - 1;
  }

  /** z = mu + b eps, eps the difference of two exponential draws. */
  draw(seed) {
    const random = randomGenerator(seed);
    const eps = float64s(this.size, () => random.exponential() - random.exponential());
    return this.mean.map((mu, j) => mu + this.scale[j] * eps[j]);
  }

  /** On either side of the mean, for one or two dimensions. */
  nodes() {
    if (this.size === 1) {
      const z = LAPLACE_NODES.map(([u]) => [this.mean[0] + this.scale[0] * u]);
      return { z, weights: LAPLACE_NODES.map(([, w]) => w) };
    }
    if (this.size !== 2) return null;
    const [[x, y], [a, b], pairs] = [this.mean, this.scale, pairsOf(LAPLACE_NODES)];
    return { z: pairs.map(([u, v]) => [x + a * u, y + b * v]), weights: pairs.map(([, , w]) => w) };
  }

  logProb(z) {
    return -total(this.mean.map((mu, j) => {
      return Math.abs(z[j] - mu) / this.scale[j] + Math.log(2 * this.scale[j]);
    }));
  }
}

// On a plane: dimensions are independent given x

/** Laplace(mu, b) times Laplace(mu, b) for every image, against Laplace(0, 1/sqrt 2) twice. */
function laplaceMixture({ x: meanX, y: meanY, xx, yy }) {
  const [scaleX, scaleY] = [xx, yy].map((variances) => variances.map((v) => Math.sqrt(v / 2)));
  const constant = scaleX.map((b, i) => -Math.log(4 * b * scaleY[i]));
  return {
    logDensities(x, y, logs) {
      for (let i = 0; i < logs.length; i++) {
        const distance = Math.abs(x - meanX[i]) / scaleX[i] + Math.abs(y - meanY[i]) / scaleY[i];
        logs[i] = constant[i] - distance;
      }
    },
    logPrior: (x, y) => -Math.SQRT2 * (Math.abs(x) + Math.abs(y)) - Math.LN2,
    adder(grid, density) {
      const across = new Float64Array(grid.x.length);
      const up = new Float64Array(grid.y.length);
      return (i) => {
        laplaceOverCells(grid.x, grid.dx, meanX[i], scaleX[i], across);
        laplaceOverCells(grid.y, grid.dy, meanY[i], scaleY[i], up);
        addProduct(density, across, up);
      };
    },
  };
}

/** Laplace(mean, scale) averaged over every cell, exactly: a narrow one has a sharp peak. */
function laplaceOverCells(middles, width, mean, scale, out) {
  const half = width / 2;
  for (let i = 0; i < out.length; i++) {
    const distance = Math.abs(middles[i] - mean); // to the left it is the same as to the right
    const far = Math.exp(-(distance + half) / scale);
    const near = Math.exp(-Math.abs(distance - half) / scale);
    out[i] = (distance > half ? 0.5 * (near - far) : 1 - 0.5 * (near + far)) / width;
  }
}
