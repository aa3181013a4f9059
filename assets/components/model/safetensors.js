/**
 * The safetensors format, as far as models and codes are kept in it.
 */

const AGAIN = "Load the page again.";

/**
 * Read a safetensors file.
 * @param {ArrayBuffer} buffer
 * @returns {{tensors: Object<string, {shape: number[], values: Float32Array}>,
 *   texts: Object<string, string>}} 16-bit floats and integers become 32-bit floats.
 */
export function readTensors(buffer) {
  const size = buffer.byteLength;
  const length = size < 8 ? Infinity : Number(new DataView(buffer).getBigUint64(0, true));
  if (length > size - 8) {
    throw new Error(`expected a safetensors file; got ${size} bytes. ${AGAIN}`);
  }
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const { __metadata__: texts = {}, ...entries } = header;
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(entries)) {
    if (!READERS[dtype]) throw new Error(`${name}: expected floats or integers; got ${dtype}.`);
    if (8 + length + to > size) throw new Error(`${name}: the file is cut short. ${AGAIN}`);
    const bytes = buffer.slice(8 + length + from, 8 + length + to);
    tensors[name] = { shape, values: READERS[dtype](bytes) };
  }
  return { tensors, texts };
}

const READERS = {
  F32: (bytes) => new Float32Array(bytes),
  F16: (bytes) => floatsOfHalves(new Uint16Array(bytes)),
  U8: (bytes) => Float32Array.from(new Uint8Array(bytes)),
  I64: (bytes) => Float32Array.from(new BigInt64Array(bytes), Number),
};

/** IEEE half precision to single, exactly: through a table of all exponents. */
function floatsOfHalves(halves) {
  const scale = new Float64Array(64); // by sign and exponent: what one unit of mantissa is worth
  for (let k = 0; k < 32; k++) scale[k] = 2 ** (Math.max(k, 1) - 25);
  for (let k = 0; k < 32; k++) scale[32 + k] = -scale[k];
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const exponent = (halves[i] >> 10) & 31;
    const mantissa = (halves[i] & 1023) + (exponent ? 1024 : 0);
    floats[i] = exponent === 31 ? NaN : scale[halves[i] >> 10] * mantissa;
  }
  return floats;
}

/**
 * A safetensors file of these tensors, in single precision, and texts.
 * @param {{name: string, shape: number[], values: ArrayLike<number>}[]} tensors
 * @param {Object<string, string>} texts
 * @returns {Uint8Array}
 */
export function writeTensors(tensors, texts) {
  const header = { __metadata__: texts };
  let end = 0;
  for (const { name, shape, values } of tensors) {
    header[name] = { dtype: "F32", shape, data_offsets: [end, (end += 4 * values.length)] };
  }
  const written = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(written.length / 8) * 8; // the tensors begin where they are aligned
  const bytes = new Uint8Array(8 + length + end).fill(32, 8, 8 + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(written, 8);
  let at = 8 + length;
  for (const { values } of tensors) {
    const floats = Float32Array.from(values);
    bytes.set(new Uint8Array(floats.buffer), at);
    at += floats.byteLength;
  }
  return bytes;
}
