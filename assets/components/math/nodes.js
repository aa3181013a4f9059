/**
 * Nodes and weights of Gauss: expectations of smooth functions without noise.
 */

// Of Gauss and Hermite for N(0, 1): exact for polynomials of degree 17. The others mirror these.
const HERMITE = [
  [0, 0.40634920634920635],
  [1.0232556637891326, 0.24409750289493953],
  [2.07684797867783, 0.04991640676521782],
  [3.20542900285647, 0.0027891413212317692],
  [4.512745863399783, 2.2345844007746607e-5],
];
// Of Gauss and Laguerre for the density e^-t, t > 0: exact for polynomials of degree 15.
const LAGUERRE = [
  [0.17027963230510093, 0.36918858934163495],
  [0.90370177679938, 0.4187867808143447],
  [2.251086629866131, 0.17579498663717255],
  [4.266700170287659, 0.033343492261215794],
  [7.0459054023934655, 0.0027945362352256834],
  [10.758516010180996, 9.076508773358139e-5],
  [15.740678641278004, 8.48574671627257e-7],
  [22.863131736889265, 1.0480011748715153e-9],
];

/** Of the standard normal distribution: 9 nodes. */
export const NORMAL_NODES = [
  ...HERMITE.slice(1).map(([place, weight]) => [-place, weight]).reverse(), ...HERMITE,
];

/** Of the Laplace distribution of scale 1: 8 nodes on either side of its peak. */
export const LAPLACE_NODES = [-1, 1].flatMap((sign) =>
  LAGUERRE.map(([place, weight]) => [sign * place, weight / 2]),
);

const [SPACING, REACH] = [0.25, 5]; // standard deviations

/**
 * A lattice over N(0, I), for what bends sharply at many places, as log p(x, z) of a ReLU network.
 * @param {number} d - 1 or 2
 * @returns {number[][]} [x, weight] or [x, y, weight]; mean and covariance are exact
 */
export function normalLattice(d) {
  const n = Math.floor(REACH / SPACING);
  const axis = Array.from({ length: 2 * n + 1 }, (_, k) => SPACING * (k - n));
  const places = d === 1 ? axis.map((x) => [x]) : axis.flatMap((x) => axis.map((y) => [x, y]));
  const square = (place) => place.reduce((sum, u) => sum + u * u, 0);
  const within = places.filter((place) => square(place) <= REACH * REACH);
  const sizes = within.map((place) => Math.exp(-0.5 * square(place)));
  const whole = sizes.reduce((a, b) => a + b, 0);
  const variance = within.reduce((sum, [x], k) => sum + (sizes[k] / whole) * x * x, 0);
  return within.map((place, k) => [...place.map((u) => u / Math.sqrt(variance)), sizes[k] / whole]);
}

/** All pairs of nodes: [x, y, weight]. */
export function pairsOf(nodes) {
  return nodes.flatMap(([x, a]) => nodes.map(([y, b]) => [x, y, a * b]));
}
