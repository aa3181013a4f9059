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
