/**
 * Tweens: interpolation between one checkpoint and the next, on screen.
 */

/** How far along a movement is that slows down towards its end; both from 0 to 1. */
export function eased(share) {
  const left = 1 - Math.min(Math.max(share, 0), 1);
  return 1 - left * left * left;
}

/** The values between those of two lists, written into a third. */
export function between(from, to, share, out) {
  for (let i = 0; i < out.length; i++) out[i] = from[i] + (to[i] - from[i]) * share;
  return out;
}

/**
 * With which opacity to paint a picture over what is there, so that of the picture before as
 * much is left as a fade that went evenly from 0 to `now` would leave.
 * @param {number} before - how far the fade was when it was painted last
 * @param {number} now
 */
export function opacityOf(before, now) {
  return before >= 1 || now >= 1 ? 1 : (now - before) / (1 - before);
}

/**
 * Where one bar was a step ago, on the way that it was moved.
 * @param {{value: number, epoch: number}} place - where both bars are
 * @param {string} bar - the one that was moved: "value" or "epoch"
 * @param {number} way - 1 forwards, -1 backwards
 * @returns {?{value: number, epoch: number}} null at the end of the bar
 */
export function stepBefore(place, bar, way, count) {
  const index = place[bar] - way;
  return index < 0 || index >= count ? null : { ...place, [bar]: index };
}
