/**
 * Receptive fields, as vae_core computes them from the layers and writes them into the graph.
 */

/**
 * The pixels that a cell of a feature map can reach through the decoder.
 * @param {?{start: number[], size: number[], stride: number[]}} field - rows, then columns: the
 *   first pixel of cell (0, 0), which may lie outside the image; height and width; pixels from
 *   one cell to the next. Null where every cell reaches the whole image.
 * @param {number[]} cell - row and column
 * @param {number[]} imageShape - (c, H, W)
 * @returns {{top: number, bottom: number, left: number, right: number}} the outermost pixels,
 *   both ends included
 */
export function boxOfCell(field, cell, [, ...sides]) {
  const [[top, bottom], [left, right]] = sides.map((side, axis) => {
    if (!field) return [0, side - 1];
    const first = field.start[axis] + cell[axis] * field.stride[axis];
    const last = first + field.size[axis] - 1;
    return [Math.max(first, 0), Math.min(last, side - 1)];
  });
  return { top, bottom, left, right };
}
