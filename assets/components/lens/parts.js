/**
 * Parts that several views of the lens have: where z begins, and the pictures of it.
 */

import { LabelRow } from "../controls/label_row.js";
import { Result } from "../controls/result.js";
import { Source } from "../controls/source.js";
import { element } from "../page/element.js";

/** A part of the view, placed by the style sheet. */
export function column(name) {
  return element("section", { class: name });
}

/**
 * Where z begins.
 * @param {HTMLElement} host
 * @param {Object} lens - facts, state and callbacks
 * @param {string[]} origins - "image", "drawing", "prior"; nothing is drawn of colour images
 */
export function addSource(host, lens, origins) {
  const canDraw = lens.facts.image_shape[0] === 1;
  return new Source(host, lens, origins.filter((name) => canDraw || name !== "drawing"));
}

/** The pictures of z, painted anew whenever what is decoded changes. */
export function addResult(host, lens) {
  const { facts, state } = lens;
  const { brighter, darker } = facts.colours;
  const colours = { brighter, darker };
  const result = new Result(host, { shape: facts.image_shape, colours, origin: () => originOf(state) });
  state.subscribe((changed) => {
    if (changed.has("model")) result.note(state.model.shortcomings);
    if (changed.has("startPixels")) result.begin(state.startPixels, state.startName);
    if (changed.has("pixels") || changed.has("base")) {
      if (state.isEmpty) result.clear();
      else if (changed.has("pixels")) result.show(state.pixels, state.seed);
    }
  });
  if (facts.is_conditional) new LabelRow(host, lens);
  return result;
}

/** What z begins at, in words. */
function originOf({ base, image }) {
  if (base === "image") return `image ${image}`;
  return base === "drawing" ? "your handwriting" : "the prior";
}

/** Options of Sliders that move z one dimension at a time. */
export function sliderOptions({ facts, state, onPlace, onRelease }) {
  const { names, kl, family } = facts;
  return {
    names, kl, low: family.low, high: family.high,
    onMove: (dim, value) => state.model && onPlace(state.model.move(state.z, dim, value)),
    onRelease,
  };
}
