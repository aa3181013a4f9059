/**
 * Colours, written "#rrggbb".
 */

/** "#rrggbb" -> [red, green, blue]. */
export function channelsOf(colour) {
  return [1, 3, 5].map((k) => Number.parseInt(colour.slice(k, k + 2), 16));
}

/** "#rrggbb" -> a CSS colour that lets through what is below. */
export function withAlpha(colour, alpha) {
  return `rgba(${channelsOf(colour).join(",")},${alpha})`;
}
