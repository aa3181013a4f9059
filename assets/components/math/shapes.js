/**
 * Shapes of arrays, and arrays of double precision. A latent has shape (*sites, C), channels last.
 */

/** How many values an array of this shape holds. */
export function count(shape) {
  return shape.reduce((product, n) => product * n, 1);
}

/** The site of a latent dimension, counted row by row. */
export function siteOf(dim, latentShape) {
  return Math.floor(dim / latentShape.at(-1));
}

/** Whether two latent dimensions are of the same site. */
export function isOneSite([j, k], latentShape) {
  return siteOf(j, latentShape) === siteOf(k, latentShape);
}

/** z with the cells of a map in another order: place k holds cell order[k], all its channels. */
export function inOrder(z, order, channels) {
  return float64s(z.length, (i) => z[order[Math.floor(i / channels)] * channels + (i % channels)]);
}

/** f(0), ..., f(size - 1). */
export function float64s(size, f) {
  const values = new Float64Array(size);
  for (let i = 0; i < size; i++) values[i] = f(i);
  return values;
}

export function total(values) {
  return values.reduce((sum, value) => sum + value, 0);
}
