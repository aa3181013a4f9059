/**
 * Sets of points in a plane, made of a seed: a ring, moons, spirals, two Gaussians, Berkeley's toy.
 */

const { cos, sin, PI, SQRT1_2 } = Math;

const SIZES = [4000, 2000]; // points to train, and to test

/**
 * By their names: titles, how many classes, half the side of the square that shows them, a point
 * (x0, x1) of a class, and sizes where they are others.
 */
export const POINT_SETS = {
  ring: {
    title: "Ring", classes: 1, reach: 3,
    point(_, random) {
      const angle = 2 * PI * random.uniform();
      return jittered([2 * cos(angle), 2 * sin(angle)], 0.1, random);
    },
  },
  moons: {
    title: "Two moons", classes: 2, reach: 3,
    point(label, random) {
      const angle = PI * random.uniform();
      const [x, y] = label ? [1 - cos(angle), 0.5 - sin(angle)] : [cos(angle), sin(angle)];
      return jittered([1.5 * (x - 0.5), 1.5 * (y - 0.25)], 0.12, random);
    },
  },
  spirals: {
    title: "Two spirals", classes: 2, reach: 3,
    point(label, random) {
      const turn = Math.sqrt(random.uniform());
      const angle = 3 * PI * turn + PI * label;
      return jittered([2.4 * turn * cos(angle), 2.4 * turn * sin(angle)], 0.08, random);
    },
  },
  gaussians: {
    title: "Two Gaussians", classes: 2, reach: 4,
    point(label, random) {
      const centre = label ? [1.5, 1] : [-1.5, -1];
      const [a, b] = [0.8 * random.normal(), 0.3 * random.normal()];
      return label ? [centre[0] + a, centre[1] + b] : [centre[0] + b, centre[1] + a];
    },
  },
  // N((1, 2), ...) of Berkeley's CS294-158, homework 3, question 1: standard deviations 5 and 1
  // along axes that are turned by 45 degrees; -E log p = ln(2 pi e) + ln 5 = 4.447 nats.
  berkeley: {
    title: "Berkeley's toy", classes: 1, reach: 18, sizes: [10_000, 10_000],
    point(_, random) {
      const [a, b] = [5 * random.normal(), random.normal()];
      return [1 + SQRT1_2 * (a - b), 2 + SQRT1_2 * (a + b)];
    },
  },
};

function jittered([x, y], deviation, random) {
  return [x + deviation * random.normal(), y + deviation * random.normal()];
}

/**
 * Points of a set, the classes in turn.
 * @param {string} name
 * @param {Object} random - generator
 * @returns {{x: Float64Array, labels: Uint8Array, nTrain: number}} x: (n, 2), first those to train
 */
export function pointsOf(name, random) {
  const { classes, point, sizes: [nTrain, nTest] = SIZES } = POINT_SETS[name];
  const n = nTrain + nTest;
  const x = new Float64Array(2 * n);
  const labels = Uint8Array.from({ length: n }, (_, i) => i % classes);
  labels.forEach((label, i) => x.set(point(label, random), 2 * i));
  return { x, labels, nTrain };
}
