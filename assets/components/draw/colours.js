/**
 * Colours, written "#rrggbb".
 */

/** "#rrggbb" -> [red, green, blue]. */
export function channelsOf(colour) {
  return [1, 3, 5].map((k) => Number.parseInt(colour.slice(k, k + 2), 16));
}

const WEIGHTS = [0.2126, 0.7152, 0.0722];
const AS_GOOD = 0.179; // the luminance on which black and white are read equally well (WCAG 2)

/** "#rrggbb" -> black or white, whichever is read better on it. */
export function inkOn(colour) {
  const linear = channelsOf(colour)
    .map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  const luminance = linear.reduce((sum, c, k) => sum + WEIGHTS[k] * c, 0);
  return luminance > AS_GOOD ? "#000000" : "#ffffff";
}

/** "#rrggbb" -> a CSS colour that lets through what is below. */
export function withAlpha(colour, alpha) {
  return `rgba(${channelsOf(colour).join(",")},${alpha})`;
}
