/**
 * Which places of the latent space the true posterior is shown at, and where these lie on the
 * plane: a line, a plane, a triangle, or a slice of more dimensions through the mean of q.
 */


export const SLICE = "slice";

/**
 * @param {LensModel} model
 * @param {Object} layout - of planeLayout
 * @returns {?Object} kind: "line", "plane", "triangle" or SLICE; ndim; isSimplex; latentAt(place)
 *   -> z; placeOf(z); toPlane([s, t]): where a place lies; null where there is none. A slice has
 *   `through(mean)`, which gives its latentAt
 */
export function posteriorChart(model, layout) {
  const isSimplex = model.family.support === "simplex";
  if (isSimplex) return layout.corners && model.size === 3 ? triangle(layout) : null;
  if (model.size === 1) {
    const latentAt = ([x]) => Float64Array.of(x);
    const toPlane = ([x]) => layout.toPlane([x]);
    return { kind: "line", ndim: 1, isSimplex, latentAt, placeOf: (z) => [z[0]], toPlane };
  }
  const [j, k] = layout.axes;
  const plane = { ndim: 2, isSimplex, placeOf: (z) => [z[j], z[k]], toPlane: (place) => place };
  if (model.size === 2) {
    const latentAt = (place) => Float64Array.of(place[j], place[k]);
    return { kind: "plane", ...plane, latentAt };
  }
  const through = (mean) => (place) => {
    const z = Float64Array.from(mean);
    [z[j], z[k]] = place;
    return z;
  };
  return { kind: SLICE, ...plane, through };
}

/** Places are the last two of three proportions, whose area is that of the triangle but for a factor. */
function triangle({ axes: [j, k], toPlane }) {
  const latentAt = ([s, t]) => Float64Array.of(1 - s - t, s, t);
  return {
    kind: "triangle", ndim: 2, isSimplex: true, latentAt,
    placeOf: (z) => [z[j], z[k]], toPlane: ([s, t]) => toPlane([0, s, t]),
  };
}
