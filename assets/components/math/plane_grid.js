/**
 * A grid of cells on a plane, and how components of a mixture are added to it.
 */

/** Middles of the cells: x from left to right, y from the top down. */
export function gridOf([x0, x1, y0, y1], nx, ny) {
  const [dx, dy] = [(x1 - x0) / nx, (y1 - y0) / ny];
  return {
    dx, dy,
    x: Float64Array.from({ length: nx }, (_, i) => x0 + (i + 0.5) * dx),
    y: Float64Array.from({ length: ny }, (_, i) => y1 - (i + 0.5) * dy),
  };
}

/** Add across[column] * up[row] to every cell. */
export function addProduct(density, across, up) {
  const nx = across.length;
  for (let row = 0, cell = 0; row < up.length; row++) {
    const weight = up[row];
    if (weight > 0) for (let i = 0; i < nx; i++) density[cell + i] += weight * across[i];
    cell += nx;
  }
}

/** First and last of `size` cells, `width` wide, within `reach` of what is `from` past cell 0. */
export function cellsWithin(from, width, reach, size) {
  const first = Math.ceil((from - reach) / width);
  const last = Math.floor((from + reach) / width);
  return [Math.max(first, 0), Math.min(last, size - 1)];
}
