/**
 * Numbers as text.
 */

/** A number with a true minus sign and no minus zero. */
export function signed(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** Nats with two digits; a dash for what is not known. */
export function nats(value) {
  if (value === null || Number.isNaN(value)) return "–";
  return value === Infinity ? "∞" : signed(value, 2);
}

/** A number as it is printed with two digits. */
export function hundredths(value) {
  return Number(value.toFixed(2));
}

/**
 * Parts rounded so that they add up to their total as it is printed, as vae_core/decimals.py does.
 * @param {number[]} parts - finite
 * @param {number} digits
 * @param {number} total - what is printed as their sum, rounded or not
 */
export function addingUp(parts, digits, total = parts.reduce((a, b) => a + b, 0)) {
  const unit = 10 ** digits;
  const whole = parts.map((part) => Math.round(part * unit));
  const missing = Math.round(Number(total.toFixed(digits)) * unit) - whole.reduce((a, b) => a + b, 0);
  const step = Math.sign(missing);
  const order = [...parts.keys()].sort(
    (a, b) => step * (whole[a] - parts[a] * unit - (whole[b] - parts[b] * unit)),
  );
  for (const k of order.slice(0, Math.abs(missing))) whole[k] += step;
  return whole.map((units) => units / unit);
}
