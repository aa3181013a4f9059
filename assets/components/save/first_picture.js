/**
 * The first picture of a chart: a sketch in its place, until Plotly has drawn it.
 */

import { drawSketch } from "../draw/figure_sketch.js";
import { element } from "../page/element.js";

const DRAWN = ".js-plotly-plot .main-svg";

/**
 * Draw a sketch over the place of a chart, and take it away when the chart is there.
 * @param {Element} host - below the chart
 * @param {string} selector - of the place where Streamlit puts the chart, which may be another
 *   element later on
 * @param {Object} sketch - see vae_core/figures/sketch.py
 * @returns {function()} takes it away
 */
export function showFirst(host, selector, sketch) {
  if (document.querySelector(`${selector} ${DRAWN}`)) return () => {};
  const canvas = element("canvas", { class: "first", "aria-hidden": "true" });
  host.prepend(canvas);
  let place = null;
  const sizes = new ResizeObserver(() => place && paint(canvas, place, sketch));
  const parts = new MutationObserver(() => look());
  const end = () => {
    sizes.disconnect();
    parts.disconnect();
    canvas.remove();
  };
  const look = () => {
    if (document.querySelector(`${selector} ${DRAWN}`)) {
      end();
      return;
    }
    const now = document.querySelector(selector);
    if (!now || now === place) return;
    place = now;
    sizes.disconnect();
    sizes.observe(place);
    paint(canvas, place, sketch);
  };
  parts.observe(document.body, { childList: true, subtree: true });
  look();
  return end;
}

function paint(canvas, place, sketch) {
  const { width: wide, left, top } = place.getBoundingClientRect();
  const around = canvas.offsetParent?.getBoundingClientRect();
  if (!wide || !around) return;
  Object.assign(canvas.style, {
    left: `${left - around.left}px`, top: `${top - around.top}px`,
    width: `${wide}px`, height: `${sketch.height}px`,
  });
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(wide * ratio);
  canvas.height = Math.round(sketch.height * ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const { color: ink, fontFamily: font } = getComputedStyle(canvas);
  drawSketch(pen, sketch, { wide, ink, font });
}
