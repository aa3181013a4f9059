/**
 * Products of matrices, row by row, as affine layers and their gradients need them.
 *
 * All are in double precision and row-major, and write into arrays that exist: training allocates
 * nothing. Innermost loops run over what lies side by side in memory; several sums at a time keep
 * the processor busy.
 */

/**
 * out = x weight^T + bias.
 * @param {Float64Array} x - (n, fanIn)
 * @param {number} n
 * @param {Float64Array} weight - (fanOut, fanIn)
 * @param {Float64Array} bias - (fanOut)
 * @param {Float64Array} out - (n, fanOut)
 */
export function affine(x, n, weight, bias, out) {
  const fanOut = bias.length;
  const fanIn = weight.length / fanOut;
  const whole = fanOut & ~3;
  for (let row = 0; row < n; row += 2) {
    const isPair = row + 1 < n;
    const at = row * fanIn;
    const below = isPair ? at + fanIn : at; // of an odd row at the end, itself
    const to = row * fanOut;
    for (let o = 0; o < whole; o += 4) {
      const w0 = o * fanIn;
      const w1 = w0 + fanIn;
      const w2 = w1 + fanIn;
      const w3 = w2 + fanIn;
      let a = bias[o];
      let b = bias[o + 1];
      let c = bias[o + 2];
      let d = bias[o + 3];
      let e = a;
      let f = b;
      let g = c;
      let h = d;
      for (let k = 0; k < fanIn; k++) {
        const up = x[at + k];
        const down = x[below + k];
        const p = weight[w0 + k];
        const q = weight[w1 + k];
        const r = weight[w2 + k];
        const s = weight[w3 + k];
        a += up * p;
        b += up * q;
        c += up * r;
        d += up * s;
        e += down * p;
        f += down * q;
        g += down * r;
        h += down * s;
      }
      put(out, to + o, a, b, c, d);
      if (isPair) put(out, to + fanOut + o, e, f, g, h);
    }
    for (let o = whole; o < fanOut; o++) {
      let a = bias[o];
      let e = a;
      for (let k = 0; k < fanIn; k++) {
        a += x[at + k] * weight[o * fanIn + k];
        e += x[below + k] * weight[o * fanIn + k];
      }
      out[to + o] = a;
      if (isPair) out[to + fanOut + o] = e;
    }
  }
}

function put(out, at, a, b, c, d) {
  out[at] = a;
  out[at + 1] = b;
  out[at + 2] = c;
  out[at + 3] = d;
}

/**
 * What the loss changes with the layer's weight and bias, added to what is there.
 * @param {Float64Array} x - (n, fanIn), what went in
 * @param {number} n
 * @param {Float64Array} slope - (n, fanOut), of the loss by what came out
 * @param {Float64Array} ofWeight - (fanOut, fanIn)
 * @param {Float64Array} ofBias - (fanOut)
 */
export function addWeightGradient(x, n, slope, ofWeight, ofBias) {
  const fanOut = ofBias.length;
  const fanIn = ofWeight.length / fanOut;
  const whole = n & ~3;
  for (let row = 0; row < whole; row += 4) {
    const [x0, x1, x2, x3] = [row * fanIn, (row + 1) * fanIn, (row + 2) * fanIn, (row + 3) * fanIn];
    const at = row * fanOut;
    for (let o = 0; o < fanOut; o++) {
      const a = slope[at + o];
      const b = slope[at + fanOut + o];
      const c = slope[at + 2 * fanOut + o];
      const d = slope[at + 3 * fanOut + o];
      if (a === 0 && b === 0 && c === 0 && d === 0) continue; // of a unit that is off
      ofBias[o] += a + b + c + d;
      const to = o * fanIn;
      for (let k = 0; k < fanIn; k++) {
        ofWeight[to + k] += a * x[x0 + k] + b * x[x1 + k] + c * x[x2 + k] + d * x[x3 + k];
      }
    }
  }
  for (let row = whole; row < n; row++) {
    for (let o = 0; o < fanOut; o++) {
      const a = slope[row * fanOut + o];
      if (a === 0) continue;
      ofBias[o] += a;
      for (let k = 0; k < fanIn; k++) ofWeight[o * fanIn + k] += a * x[row * fanIn + k];
    }
  }
}

/**
 * What the loss changes with what went in: slope weight. Slopes of 0, of units that are off, are
 * passed over.
 * @param {Float64Array} slope - (n, fanOut)
 * @param {number} n
 * @param {Float64Array} weight - (fanOut, fanIn)
 * @param {number} fanIn
 * @param {Float64Array} out - (n, fanIn)
 */
export function timesWeight(slope, n, weight, fanIn, out) {
  const fanOut = weight.length / fanIn;
  for (let row = 0; row < n; row++) {
    const to = row * fanIn;
    out.fill(0, to, to + fanIn);
    let [w0, w1, w2, a, b, c] = [0, 0, 0, 0, 0, 0];
    let waiting = 0;
    for (let o = 0; o < fanOut; o++) {
      const d = slope[row * fanOut + o];
      if (d === 0) continue;
      const w3 = o * fanIn;
      if (waiting === 3) {
        for (let k = 0; k < fanIn; k++) {
          out[to + k] += a * weight[w0 + k] + b * weight[w1 + k] + c * weight[w2 + k] + d * weight[w3 + k];
        }
        waiting = 0;
        continue;
      }
      if (waiting === 0) [w0, a] = [w3, d];
      else if (waiting === 1) [w1, b] = [w3, d];
      else [w2, c] = [w3, d];
      waiting++;
    }
    if (waiting > 0) for (let k = 0; k < fanIn; k++) out[to + k] += a * weight[w0 + k];
    if (waiting > 1) for (let k = 0; k < fanIn; k++) out[to + k] += b * weight[w1 + k];
    if (waiting > 2) for (let k = 0; k < fanIn; k++) out[to + k] += c * weight[w2 + k];
  }
}
