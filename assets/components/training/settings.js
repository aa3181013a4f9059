/**
 * Settings of training in the page: what can be chosen, and what each set begins with.
 */

import { DIGITS, SETS } from "./data.js";

const numbers = (...values) => values.map((value) => [String(value), String(value)]);

/** By its name: title, choices [value, text], and whether it may change while training goes on. */
export const SETTINGS = {
  set: { title: "Data", choices: SETS },
  hidden: {
    title: "Hidden layers",
    choices: [["0", "none: linear"], ["16", "16"], ["64", "64"], ["128", "128"], ["64-64", "64, 64"], ["128-128", "128, 128"]],
  },
  likelihood: { title: "Likelihood", choices: [["bernoulli", "Bernoulli"], ["gaussian", "Gaussian"]] },
  sigma: { title: "Decoder σ", choices: [["learned", "learned"], ...numbers(0.05, 0.1, 0.2, 0.5, 1)] },
  beta: { title: "β", choices: numbers(0, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16), isLive: true },
  rate: { title: "Learning rate", choices: numbers(0.0003, 0.001, 0.003, 0.01, 0.03), isLive: true },
  epochs: { title: "Epochs", choices: numbers(10, 60, 200, 1000), isLive: true },
  pace: {
    title: "Speed",
    choices: [["1", "1 step a second"], ["10", "10 steps a second"], ["100", "100 steps a second"], ["0", "as fast as it goes"]],
    isLive: true,
  },
  seed: { title: "Seed", choices: numbers(0, 1, 2, 3, 4, 5, 6, 7, 8, 9) },
};
export const BATCH = 128;

const FIRST = { beta: "1", pace: "0", seed: "0" };
const OF_POINTS = { ...FIRST, hidden: "64-64", likelihood: "gaussian", sigma: "0.2", rate: "0.003", epochs: "200" };
const OF_SET = {
  digits: { ...FIRST, hidden: "128", likelihood: "bernoulli", sigma: "0.2", rate: "0.001", epochs: "60" },
  berkeley: { ...OF_POINTS, hidden: "64", sigma: "learned", rate: "0.001", epochs: "60" },
};

/** What a set begins with. */
export function defaultsOf(set) {
  return { set, ...(OF_SET[set] ?? OF_POINTS) };
}

/** All settings, by those that are given and known; the others as their set begins. */
export function completed(given) {
  const isKnown = (name, value) => SETTINGS[name]?.choices.some(([choice]) => choice === value);
  const set = isKnown("set", given.set) ? given.set : DIGITS;
  const settings = defaultsOf(set);
  for (const [name, value] of Object.entries(given)) if (isKnown(name, value)) settings[name] = value;
  return set === DIGITS ? settings : { ...settings, likelihood: "gaussian" };
}

/** Of these settings, those that are not as their set begins, and the set. */
export function changed(settings) {
  const first = defaultsOf(settings.set);
  return Object.fromEntries(
    Object.entries(settings).filter(([name, value]) => name === "set" || value !== first[name]),
  );
}

/** The model of these settings: see TrainableVAE. */
export function modelOf({ hidden, likelihood, sigma }, size) {
  return {
    size, latent: 2, likelihood, hidden: hidden === "0" ? [] : hidden.split("-").map(Number),
    sigma: sigma === "learned" ? "learned" : "fixed", sigmaValue: sigma === "learned" ? 1 : Number(sigma),
  };
}

/** The settings of training: see Trainer. */
export function trainingOf({ beta, rate, seed }) {
  return { batch: BATCH, beta: Number(beta), rate: Number(rate), seed: Number(seed) };
}
