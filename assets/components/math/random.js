/**
 * A random generator: its numbers follow from a seed alone, so that a draw can be shown again.
 */

/**
 * A generator of random numbers.
 * @param {number} seed - an integer; its lowest 32 bits count
 * @returns {{uniform: function(): number, normal: function(): number,
 *   exponential: function(): number, gamma: function(number): number,
 *   logGamma: function(number): number}} one draw per call; logGamma is the logarithm of one
 */
export function randomGenerator(seed) {
  const word = sfc32(seed);
  let spare = null;

  /** Strictly between 0 and 1, so that its logarithm is finite; 52 bits. */
  function uniform() {
    return ((word() >>> 6) * 2 ** 26 + (word() >>> 6) + 0.5) / 2 ** 52;
  }

  /** N(0, 1), by Box and Muller: two at a time. */
  function normal() {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Of mean 1. */
  function exponential() {
    return -Math.log(uniform());
  }

  /**
   * The logarithm of a Gamma(shape, 1) draw: of Gamma(shape + 1) U^(1 / shape), which for small
   * shapes underflows itself. Done for all shapes alike, a draw follows its shape smoothly.
   */
  function logGamma(shape) {
    return logGammaAboveOne(shape + 1) + Math.log(uniform()) / shape;
  }

  /** The same for a shape of at least 1, by Marsaglia and Tsang (2000). */
  function logGammaAboveOne(shape) {
    const d = shape - 1 / 3;
    for (;;) {
      const x = normal();
      const v = (1 + x / Math.sqrt(9 * d)) ** 3;
      const logV = Math.log(v); // NaN when v < 0: such an x is never taken
      if (Math.log(uniform()) < 0.5 * x * x + d * (1 - v + logV)) return Math.log(d) + logV;
    }
  }

  const gamma = (shape) => Math.exp(logGamma(shape));
  return { uniform, normal, exponential, gamma, logGamma };
}

/** The generator sfc32 of Chris Doty-Humphrey: a function that returns 32 random bits. */
function sfc32(seed) {
  let [a, b, c] = [1, 2, 3].map((k) => scrambled(Math.imul(k, 0x9e3779b9) + scrambled(seed)));
  let counter = 1;
  function word() {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
  for (let k = 0; k < 12; k++) word(); // until every bit of the seed has reached all others
  return word;
}

/** 32 bits of which each depends on all bits of x: seeds 0, 1, 2, ... then share nothing. */
function scrambled(x) {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
