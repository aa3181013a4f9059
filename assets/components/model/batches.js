/**
 * Affine functions of many inputs at once. A weight that was read serves eight of them, and a hidden
 * unit at which a ReLU is zero in all of them is passed over: among neighbours on a plane, about
 * half of the units are.
 */

const TOGETHER = 8;

/**
 * weight x + bias of every input.
 * @param {Float32Array} x - n inputs, one after another
 * @param {number} n
 * @param {Float32Array} weight - (out, fanIn)
 * @param {Float32Array} bias - (out)
 * @returns {Float32Array} n outputs, one after another; sums were taken in double precision
 */
export function affineOfMany(x, n, weight, bias) {
  const fanIn = x.length / n;
  const size = bias.length;
  const made = new Float32Array(n * size);
  const some = new Float64Array(fanIn * TOGETHER); // of used inputs, those of one unit side by side
  const used = new Int32Array(fanIn);
  for (let first = 0; first < n; first += TOGETHER) {
    const count = Math.min(TOGETHER, n - first);
    const nUsed = gather(x, first, count, fanIn, some, used);
    for (let o = 0; o < size; o++) {
      let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
      const row = o * fanIn;
      for (let k = 0, at = 0; k < nUsed; k++, at += TOGETHER) {
        const w = weight[row + used[k]];
        a += w * some[at];
        b += w * some[at + 1];
        c += w * some[at + 2];
        d += w * some[at + 3];
        e += w * some[at + 4];
        f += w * some[at + 5];
        g += w * some[at + 6];
        h += w * some[at + 7];
      }
      const sums = [a, b, c, d, e, f, g, h];
      for (let k = 0; k < count; k++) made[(first + k) * size + o] = sums[k] + bias[o];
    }
  }
  return made;
}

/** Inputs `first` and on, for every unit that is not 0 in all of them; how many units are left. */
function gather(x, first, count, fanIn, some, used) {
  let nUsed = 0;
  for (let i = 0; i < fanIn; i++) {
    const at = nUsed * TOGETHER;
    let isZero = true;
    for (let k = 0; k < TOGETHER; k++) {
      const value = k < count ? x[(first + k) * fanIn + i] : 0;
      some[at + k] = value;
      if (value !== 0) isZero = false;
    }
    if (!isZero) used[nUsed++] = i;
  }
  return nUsed;
}
