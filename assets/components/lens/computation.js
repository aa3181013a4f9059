/**
 * The computation of one loss, node by node: what each line of PyTorch defines, its value of now,
 * and all lines as a cell. Pure functions; no DOM.
 *
 * The lines come from vae_core/browser/computation.py.
 */

import { siteOf } from "../math/shapes.js";
import { addingUp, nats, signed } from "../page/text.js";

export const LAYER = "computation";
const FEW = 4; // latent dimensions that are all written out
const DEFINES = /^([\w, ]+) = /;
const TITLES = {
  mu: "μ", logvar: "log σ²", std: "σ", eps: "ε", alpha: "α", log_diagonal: "log diag L", below: "L below",
  x_hat: "x̂", sigma: "σ of p(x|z)", loc: "location", log_scale: "log scale", width: "log σ map", kl: "KL",
};
const WIDTHS = new Set(["std", "b"]); // small numbers: three digits
const MARKS = {
  mu: "mean", alpha: "mean", std: "width", b: "width", L: "width", eps: "noise", z: "z",
};

/**
 * @param {string[]} lines - each may have helping lines of its own before or after
 * @returns {{key: string, names: string[], title: string, line: string, mark: ?string}[]} names: what
 *   a line defines, key: the first of them; mark: its part of the plane
 */
export function nodesOf(lines) {
  return lines.map((line) => {
    const defined = line.split("\n").map((each) => DEFINES.exec(each)?.[1]).filter(Boolean).at(-1);
    const names = defined.split(", ");
    const title = names.map((name) => TITLES[name] ?? name).join(", ");
    return { key: names[0], names, title, line, mark: MARKS[names[0]] ?? null };
  });
}

/**
 * The latent dimensions whose values are written out: all of a few, else the two on the plane; of
 * a feature map those of one cell.
 * @returns {{dims: number[], labels: string[], isAll: boolean, place: ?string}} their names beside
 *   each other; place: the cell in words
 */
export function dimsShown({ latent_shape: shape, names }, { cells, axes }) {
  const channels = shape.at(-1);
  const isMap = shape.length > 1;
  const cell = isMap ? (cells[0] ?? siteOf(axes[0], shape)) : null;
  const first = (cell ?? 0) * channels;
  const own = axes.filter((j) => j >= first && j < first + channels);
  const some = own.length === 2 ? own.sort((a, b) => a - b) : [first, first + 1];
  const dims = channels <= FEW ? Array.from({ length: channels }, (_, c) => first + c) : some;
  return {
    dims, isAll: !isMap && channels <= FEW,
    labels: dims.map((j) => (isMap ? `c${j % channels}` : names[j])),
    place: isMap ? `cell (${Math.floor(cell / shape[1])}, ${cell % shape[1]})` : null,
  };
}

/**
 * Values of a node.
 * @param {Object} node - of nodesOf
 * @param {Object} now - q, z, pixels, distortion: null while there is none; still: of stillValues;
 *   dims, labels, isAll: of dimsShown; weights of both terms in the loss; likelihood, image_shape
 * @returns {{columns: string[], rows: string[][], text: string, pictures: Object[]}} a row has the
 *   dimension's name and a value for each column; a picture has values and a shape (c, H, W)
 */
export function valueOf(node, now) {
  const empty = { columns: [], rows: [], text: "", pictures: [] };
  if (now.still[node.key]) return { ...empty, ...now.still[node.key] };
  const of = VALUES[node.key];
  if (of) return { ...empty, ...of(now, node) };
  const named = { ...now.q?.named, z: now.z, eps: now.q && now.z && now.q.noiseAt(now.z) };
  if (named.L && node.key === "L") return { ...empty, ...matrix(named.L, now) };
  const columns = node.names.filter((name) => named[name]);
  if (!columns.length) return { ...empty, text: "–" };
  const digits = columns.map((name) => (WIDTHS.has(name) ? 3 : 2));
  const rows = now.dims.map((j, k) => [
    now.labels[k], ...columns.map((name, at) => signed(named[name][j], digits[at])),
  ]);
  return { ...empty, columns: columns.map((name) => TITLES[name] ?? name), rows };
}

/**
 * Values of the nodes that stay while z moves: the image, and the hidden units it leads to.
 * @param {?Float32Array} x
 * @param {?{shape: number[], values: Float32Array}[]} hidden - null where they are not known
 * @param {number[]} shape - (c, H, W)
 */
export function stillValues(x, hidden, shape) {
  const told = hidden?.map((layer) => `${layer.shape.join(" × ")}, ${zeros(layer.values)} zero`);
  return {
    x: x
      ? { text: `${shape.slice(1).join(" × ")}, ${zeros(x)} zeros`, pictures: [{ values: x, shape }] }
      : { text: "no image here" },
    h: hidden
      ? { text: told.join("\n"), pictures: hidden.map(({ values }) => greyStrip(values)) }
      : { text: "–" },
  };
}

/** Rows of a triangular matrix; of a large one its size. */
function matrix(factor, { dims, labels }) {
  const size = Math.max(...factor.map((row) => row.length));
  if (size > FEW) return { text: `${size} × ${size}` };
  const cells = (row) => dims.map((_, k) => (k < row.length ? signed(row[k], 3) : ""));
  return { columns: labels, rows: dims.map((j, k) => [labels[k], ...cells(factor[j])]) };
}

const VALUES = {
  logits: output,
  loc: output,
  x_hat({ pixels, image_shape: shape }, { names }) {
    if (!pixels) return { text: "–" };
    const [low, high] = range(pixels.mean);
    const text = names.length > 1 || low < 0 ? between(low, high) : `max ${signed(high, 2)}`;
    return { text, pictures: [{ values: pixels.mean, shape }] };
  },
  sigma: ({ pixels, likelihood, image_shape: [c, H, W] }) => {
    const own = pixels?.output?.subarray(c * H * W) ?? [];
    const mean = own.length ? own.reduce((a, b) => a + b, 0) / own.length : 0;
    return { text: signed(Math.exp(likelihood.log_sigma + mean), 3) };
  },
  distortion: ({ distortion }) => ({ text: nats(distortion) }),
  kl({ q, dims, isAll }) {
    if (!q) return { text: "–" };
    const isSum = isAll && dims.length === 2 && Boolean(q.parts);
    return { text: isSum ? `${inParts(q)} = ${nats(q.kl)}` : nats(q.kl) };
  },
  loss({ distortion, q, weights: [ofDistortion, ofRate] }) {
    if (distortion === null || !q) return { text: "–" };
    const isElbo = ofDistortion === 1 && ofRate === 1; // then the sum of what is printed
    const parts = [ofDistortion * distortion, ofRate && ofRate * q.kl];
    const [a, b] = isElbo ? parts.map((part) => Number(part.toFixed(2))) : parts;
    return { text: nats(a + b) };
  },
};

/** KL of the marginals, and what is beyond them where that is more than rounding, as a sum. */
function inParts(q) {
  const rest = q.kl - q.klPerDim[0] - q.klPerDim[1];
  const parts = rest > 0.005 ? [...q.klPerDim, rest] : [...q.klPerDim];
  return addingUp(parts, 2, q.kl).map(nats).join(" + ");
}

function output({ pixels, image_shape: shape }) {
  if (!pixels?.output) return { text: "–" };
  const values = pixels.output.subarray(0, shape[0] * shape[1] * shape[2]);
  const [low, high] = range(values);
  const scaled = values.map((value) => (value - low) / (high - low || 1));
  return { text: between(low, high), pictures: [{ values: scaled, shape }] };
}

function between(low, high) {
  return `${signed(low, 1)} … ${signed(high, 1)}`;
}

function range(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function zeros(values) {
  const count = values.reduce((sum, value) => sum + (value === 0), 0);
  return `${Math.round((100 * count) / values.length)}%`;
}

/** Activations as a strip of grey cells, wider than high; the largest is white. */
function greyStrip(values) {
  const width = Math.ceil(Math.sqrt(2 * values.length));
  const height = Math.ceil(values.length / width);
  const [, most] = range(values);
  const padded = new Float32Array(width * height);
  values.forEach((value, k) => (padded[k] = value / (most || 1)));
  return { values: padded, shape: [1, height, width] };
}

// ---- as a cell

/**
 * One cell of Python that computes the loss of an image.
 * @param {{prelude: string, lines: string[]}} computation
 * @param {{x: ?Float32Array, eps: ?Float64Array, image_shape: number[]}} now - the noise of the page,
 *   or null
 */
export function cellOf({ prelude, lines }, { x, eps, image_shape: shape }) {
  const nodes = nodesOf(lines);
  const body = nodes.flatMap(({ key, line }) => {
    if (key !== "eps" || !eps) return [line];
    const held = Array.from(eps, (value) => value.toPrecision(7)).join(", ");
    return [`${line}  # a new sample; this is that of the page:`, `eps = torch.tensor([${held}]).reshape(mu.shape)`];
  });
  const told = ["distortion", "kl", "loss"].filter((key) => nodes.some((node) => node.key === key));
  const print = `print(${told.map((name) => `f"${name} = {${name}:.2f}"`).join(", ")})`;
  return [prelude, imageAsCode(x, shape), ...body, print, ""].join("\n");
}

/** An image as code that makes it, (c, H, W): whole grey levels where that is what it has. */
export function imageAsCode(x, shape) {
  const reshape = `reshape(${shape.join(", ")})`;
  if (!x) return `image = torch.rand(${shape.join(", ")})  # your image, between 0 and 1`;
  const isWhole = (levels) => x.every((v) => Math.abs(v * levels - Math.round(v * levels)) < 1e-4);
  const levels = [1, 16, 255].find(isWhole);
  const text = (v) => (levels ? String(Math.round(v * levels)) : v.toPrecision(6));
  const rows = [];
  for (let k = 0; k < x.length; k += shape[2]) {
    rows.push(`    ${Array.from(x.subarray(k, k + shape[2]), text).join(", ")},`);
  }
  return `image = torch.tensor([\n${rows.join("\n")}\n]).${reshape} / ${levels ?? 1}`;
}
