/**
 * Special functions that Math does not have, in double precision.
 */

const FAR = 10; // from here on the asymptotic series are exact to rounding
const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);
// Of 1/x, 1/x^3, ... in ln Gamma and of 1/x^2, 1/x^4, ... in -psi; from the Bernoulli numbers.
const STIRLING = [
  1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156,
];
const PSI_SERIES = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12];

/** Polynomial with these coefficients, the constant first. */
function polynomial(coefficients, x) {
  return coefficients.reduceRight((value, coefficient) => value * x + coefficient, 0);
}

/**
 * ln Gamma(x) for x > 0, to about 1e-14; near its zeros 1 and 2 that is the absolute error.
 * Gamma(x + 1) = x Gamma(x) leads to large x, where Stirling's series holds.
 */
export function lgamma(x) {
  let product = 1;
  while (x < FAR) product *= x++;
  const series = polynomial(STIRLING, 1 / (x * x)) / x;
  return (x - 0.5) * Math.log(x) - x + HALF_LOG_TWO_PI + series - Math.log(product);
}

/** psi(x) = d/dx ln Gamma(x) for x > 0, to about 1e-14. */
export function digamma(x) {
  let steps = 0;
  while (x < FAR) steps += 1 / x++;
  const square = 1 / (x * x);
  return Math.log(x) - 0.5 / x - square * polynomial(PSI_SERIES, square) - steps;
}

/** ln B(a, b), the constant of a Beta distribution. */
export function lbeta(a, b) {
  return lgamma(a) + lgamma(b) - lgamma(a + b);
}

/** ln(1 + e^x), which neither overflows nor loses small values. */
export function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** The sum of softplus over the first n values: one logarithm for many of them. */
export function sumOfSoftplus(values, n) {
  let sum = 0;
  let product = 1; // of 1 + e^-|x|, each at most 2
  for (let i = 0; i < n; i++) {
    const x = values[i];
    if (x > 0) sum += x;
    product *= 1 + Math.exp(x > 0 ? -x : x);
    if (product > 1e200) {
      sum += Math.log(product);
      product = 1;
    }
  }
  return sum + Math.log(product);
}

/** 1 / (1 + e^-x). */
export function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

/** a ln x, and 0 when a is 0: a density with that factor does not depend on x, even at 0. */
export function xlogy(a, x) {
  return a === 0 ? 0 : a * Math.log(x);
}

/** x, but no less than `low` and no more than `high`. */
export function clamp(x, low, high) {
  return Math.min(Math.max(x, low), high);
}
