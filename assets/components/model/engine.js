/**
 * The engine: reads a model's file, and runs encoder and decoder without torch.
 *
 * Pure functions; no DOM. Values are kept in float32 between steps, as torch keeps them, and
 * sums are taken in double precision. vae_core/browser/graph.py writes the file.
 */

import { count } from "../math/shapes.js";
import { affineOfMany } from "./batches.js";
import { LabelBias } from "./label_bias.js";
import { readTensors } from "./safetensors.js";

/**
 * A model that can be run.
 * @param {ArrayBuffer} buffer - file of vae_core.graph.model_file
 * @returns {{graph: Object, tensors: Object, labels: ?{encoder: LabelBias, decoder: LabelBias}, encode: ?function(Float32Array): Float32Array,
 *   decode: ?function(Float32Array): Float32Array}} `encode` takes an image (c, H, W) to the
 *   posterior's parameters, `decode` a latent to the likelihood's. What they return is
 *   overwritten by their next call. Null when the graph has no steps for it. Either has
 *   `trace(input)`: the same, with what every step gives: [{op, shape, values}]; and
 *   `many(inputs, n)`: of n inputs one after another, quicker than one by one.
 */
export function openModel(buffer) {
  const { tensors, texts } = readTensors(buffer);
  const graph = JSON.parse(texts.graph);
  const { encoder, decoder, image_shape: image, latent_shape: latent } = graph;
  return {
    graph,
    tensors,
    labels: graph.labels && Object.fromEntries(
      Object.entries(graph.labels).map(([part, { bias, rows }]) => [
        part, new LabelBias(tensors[bias].values, tensors[rows].values),
      ]),
    ),
    encode: encoder && compile(encoder, tensors, image),
    decode: decoder && compile(decoder, tensors, latent),
  };
}

/** The steps as one function; every step writes into an array of its own, made once. */
function compile(steps, tensors, inputShape) {
  let shape = inputShape;
  const layers = steps.map((step) => {
    const layer = LAYERS[step.op](step, shape, tensors);
    shape = layer.shape;
    return { op: step.op, ...layer };
  });
  const compute = (input) => layers.reduce((x, { run }) => run(x), input);
  compute.trace = (input) => {
    let values = input;
    return layers.map(({ op, shape, run }) => {
      values = run(values);
      return { op, shape, values };
    });
  };
  compute.many = (inputs, n) => layers.reduce((x, layer) => manyOf(layer, x, n), inputs);
  return compute;
}

/** A step for n inputs, in an array that is new, or that of the inputs. */
function manyOf({ run, runMany, shape }, inputs, n) {
  if (runMany) return runMany(inputs, n);
  const [size, outSize] = [inputs.length / n, count(shape)];
  const out = new Float32Array(n * outSize);
  for (let k = 0; k < n; k++) out.set(run(inputs.subarray(k * size, (k + 1) * size)), k * outSize);
  return out;
}

/** From a step and the shape that comes in: the shape that comes out, and how to get there. */
const LAYERS = {
  linear(step, [fanIn], tensors) {
    const { values: weight, shape } = tensors[step.weight];
    const out = new Float32Array(shape[0]);
    const bias = tensors[step.bias].values;
    return {
      shape: [shape[0]],
      run: (x) => affine(x, weight, bias, fanIn, out),
      runMany: (x, n) => affineOfMany(x, n, weight, bias),
    };
  },

  conv(step, shape, tensors) {
    return convolution(step, shape, tensors);
  },

  conv_transpose(step, shape, tensors) {
    return transposedConvolution(step, shape, tensors);
  },

  elu: (step, shape) => one((value) => (value > 0 ? value : Math.expm1(value)), shape),

  tanh: (step, shape) => one(Math.tanh, shape),

  /** The first half of the maps, as far as the second half lets them pass: a * sigmoid(b). */
  gated(step, [twice, ...rest]) {
    const shape = [twice / 2, ...rest];
    const out = new Float32Array(count(shape));
    return {
      shape,
      run(x) {
        for (let i = 0; i < out.length; i++) out[i] = x[i] / (1 + Math.exp(-x[out.length + i]));
        return out;
      },
    };
  },

  relu(step, shape) {
    const out = new Float32Array(count(shape));
    return {
      shape,
      run(x) {
        for (let i = 0; i < out.length; i++) out[i] = x[i] > 0 ? x[i] : 0;
        return out;
      },
      runMany: (x) => x.map((value) => (value > 0 ? value : 0)),
    };
  },

  flatten: (step, shape) => ({ shape: [count(shape)], run: (x) => x, runMany: (x) => x }),

  unflatten: (step, shape) => ({ shape: step.shape, run: (x) => x, runMany: (x) => x }),

  pad({ left, right, top, bottom }, [c, h, w]) {
    const shape = [c, h + top + bottom, w + left + right];
    const out = new Float32Array(count(shape));
    return { shape, run: (x) => copyMaps(x, [c, h, w], 0, 0, out, shape, top, left, h, w) };
  },

  crop({ top, left, height, width }, [c, h, w]) {
    const shape = [c, height, width];
    const out = new Float32Array(count(shape));
    const run = (x) => copyMaps(x, [c, h, w], top, left, out, shape, 0, 0, height, width);
    return { shape, run };
  },

  channels_last: (step, [c, h, w]) => ({ shape: [h, w, c], run: transposer(c, h * w) }),

  channels_first: (step, [h, w, c]) => ({ shape: [c, h, w], run: transposer(h * w, c) }),
};

/** A function of every value by itself. */
function one(f, shape) {
  const out = new Float32Array(count(shape));
  return {
    shape,
    run(x) {
      for (let i = 0; i < out.length; i++) out[i] = f(x[i]);
      return out;
    },
  };
}

/** out = weight x + bias, weight (out, fanIn). Four sums at a time keep the processor busy. */
function affine(x, weight, bias, fanIn, out) {
  const whole = fanIn & ~3;
  for (let o = 0, at = 0; o < out.length; o++, at += fanIn) {
    let a = bias[o];
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < whole; i += 4) {
      a += weight[at + i] * x[i];
      b += weight[at + i + 1] * x[i + 1];
      c += weight[at + i + 2] * x[i + 2];
      d += weight[at + i + 3] * x[i + 3];
    }
    for (let i = whole; i < fanIn; i++) a += weight[at + i] * x[i];
    out[o] = a + b + c + d;
  }
  return out;
}

/** (rows, columns) -> (columns, rows). */
function transposer(rows, columns) {
  const out = new Float32Array(rows * columns);
  return (x) => {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) out[c * rows + r] = x[r * columns + c];
    }
    return out;
  };
}

/** Copy an h x w part of every map from (row, column) of x to (toRow, toColumn) of out. */
function copyMaps(x, [c, H, W], row, column, out, [, toH, toW], toRow, toColumn, h, w) {
  for (let k = 0; k < c; k++) {
    for (let i = 0; i < h; i++) {
      const from = (k * H + row + i) * W + column;
      out.set(x.subarray(from, from + w), (k * toH + toRow + i) * toW + toColumn);
    }
  }
  return out;
}

/**
 * Cross-correlation, weight (out, in, k, k): every pixel that comes out is an affine function
 * of the k x k patch of all maps below it.
 */
function convolution({ weight, bias, stride, padding }, [c, h, w], tensors) {
  const { values, shape: [outC, , k] } = tensors[weight];
  const [H, W] = [h + 2 * padding, w + 2 * padding];
  const shape = [outC, Math.floor((H - k) / stride) + 1, Math.floor((W - k) / stride) + 1];
  const framed = new Float32Array(c * H * W); // the frame stays zero
  const patch = new Float32Array(c * k * k);
  const pixel = new Float32Array(outC);
  const out = new Float32Array(count(shape));
  const size = shape[1] * shape[2];
  const run = (x) => {
    copyMaps(x, [c, h, w], 0, 0, framed, [c, H, W], padding, padding, h, w);
    for (let p = 0; p < size; p++) {
      const corner = Math.floor(p / shape[2]) * stride * W + (p % shape[2]) * stride;
      for (let i = 0, to = 0; i < c; i++) {
        for (let row = 0; row < k; row++, to += k) {
          const from = (i * H + row) * W + corner;
          for (let t = 0; t < k; t++) patch[to + t] = framed[from + t];
        }
      }
      affine(patch, values, tensors[bias].values, patch.length, pixel);
      for (let o = 0; o < outC; o++) out[o * size + p] = pixel[o];
    }
    return out;
  };
  return { shape, run };
}

/**
 * Its adjoint, weight (in, out, k, k): every pixel that goes in paints a k x k patch of every
 * map. Pixels that a ReLU has set to zero paint nothing, and half of them are.
 */
function transposedConvolution({ weight, bias, stride, padding }, [c, h, w], tensors) {
  const { values, shape: [, outC, k] } = tensors[weight];
  const [H, W] = [stride * (h - 1) + k, stride * (w - 1) + k]; // with a frame to be cut off
  const shape = [outC, H - 2 * padding, W - 2 * padding];
  const patch = new Float64Array(outC * k * k);
  const sums = new Float64Array(outC * H * W);
  const out = new Float32Array(count(shape));
  const run = (x) => {
    for (let o = 0; o < outC; o++) {
      sums.fill(tensors[bias].values[o], o * H * W, (o + 1) * H * W);
    }
    for (let p = 0; p < h * w; p++) {
      mix(x, p, h * w, c, values, patch);
      const corner = Math.floor(p / w) * stride * W + (p % w) * stride;
      for (let o = 0, from = 0; o < outC; o++) {
        for (let row = 0; row < k; row++, from += k) {
          const to = (o * H + row) * W + corner;
          for (let t = 0; t < k; t++) sums[to + t] += patch[from + t];
        }
      }
    }
    return copyMaps(sums, [outC, H, W], padding, padding, out, shape, 0, 0, shape[1], shape[2]);
  };
  return { shape, run };
}

/**
 * patch = sum over i of x[i * step + p] times row i of weight; zeros are passed over.
 * Four rows at a time, for patch then is read and written a quarter as often.
 */
function mix(x, p, step, rows, weight, patch) {
  const length = patch.length;
  const factors = [0, 0, 0, 0];
  const starts = [0, 0, 0, 0];
  let waiting = 0;
  patch.fill(0);
  for (let i = 0; i < rows; i++) {
    if (x[i * step + p] !== 0) {
      factors[waiting] = x[i * step + p];
      starts[waiting] = i * length;
      waiting++;
    }
    if (waiting < 4 && i < rows - 1) continue;
    const [a, b, c, d] = factors;
    const [atA, atB, atC, atD] = starts;
    for (let j = 0; j < length; j++) {
      patch[j] +=
        a * weight[atA + j] + b * weight[atB + j] + c * weight[atC + j] + d * weight[atD + j];
    }
    factors.fill(0);
    waiting = 0;
  }
}
