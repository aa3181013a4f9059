/**
 * A drawing as a picture like those that a model was trained on: scaled and centred.
 */

const MNIST_ROOM = 20 / 28; // of the side of an image: where MNIST's digits are fitted into

/**
 * The drawing scaled and centred as the data set's images were.
 *
 * MNIST's digits were fitted into 20 of 28 pixels and put with their centre of mass on the
 * middle. Those of 8 x 8 are counts of ink in blocks of digits that filled the height.
 *
 * @param {Float32Array} ink - (side * side) in [0, 1], where 1 is ink
 * @param {number} side
 * @param {number[]} imageShape - (1, H, W)
 * @returns {?Float32Array} (H * W) in [0, 1], the brightest of it 1; null without ink
 */
export function prepareDrawing(ink, side, [, height, width]) {
  const box = boxOfInk(ink, side);
  if (!box) return null;
  const isBlocks = height === 8 && width === 8;
  const room = (length) => Math.max(1, Math.round(isBlocks ? length : MNIST_ROOM * length));
  const scale = Math.min(room(height) / box.height, room(width) / box.width);
  const rows = sharesOfCells(box.height, scale, isBlocks ? height : 0);
  const columns = sharesOfCells(box.width, scale, isBlocks ? width : 0);
  const digit = averagedInk(ink, side, box, rows, columns);
  const [middleRow, middleColumn] = centreOfInk(digit, rows.cells, columns.cells);
  const top = nearestPlace(middleRow, rows.cells, height);
  const left = nearestPlace(middleColumn, columns.cells, width);
  return placedInk(digit, columns.cells, top, left, height, width);
}

/** The smallest box around all ink; null without any. */
function boxOfInk(ink, side) {
  let [top, left, bottom, right] = [side, side, -1, -1];
  for (let k = 0; k < side * side; k++) {
    if (!(ink[k] > 0)) continue;
    const row = Math.floor(k / side);
    const column = k % side;
    top = Math.min(top, row);
    bottom = row;
    left = Math.min(left, column);
    right = Math.max(right, column);
  }
  return bottom < 0 ? null : { top, left, height: bottom - top + 1, width: right - left + 1 };
}

/**
 * How much each line of the box covers of each line of the picture, when it is scaled and
 * put in the middle of as many lines as it needs, or of `cells`.
 * @returns {{cells: number, shares: {from: number, to: number, share: number}[]}}
 */
function sharesOfCells(length, scale, cells) {
  cells ||= Math.ceil(length * scale - 1e-6); // not one more for the sake of rounding
  const margin = (cells - length * scale) / 2;
  const shares = [];
  for (let from = 0; from < length; from++) {
    const start = margin + from * scale;
    const end = Math.min(start + scale, cells);
    for (let to = Math.max(Math.floor(start), 0); to < end; to++) {
      shares.push({ from, to, share: Math.min(end, to + 1) - Math.max(start, to) });
    }
  }
  return { cells, shares };
}

/** The ink of the box, averaged exactly over the area of each pixel; the brightest is 1. */
function averagedInk(ink, side, box, rows, columns) {
  const digit = new Float32Array(rows.cells * columns.cells);
  for (const row of rows.shares) {
    const begin = (box.top + row.from) * side + box.left;
    for (const column of columns.shares) {
      const share = row.share * column.share;
      digit[row.to * columns.cells + column.to] += share * ink[begin + column.from];
    }
  }
  const brightest = digit.reduce((most, value) => Math.max(most, value), 0);
  return digit.map((value) => value / brightest);
}

/** Row and column of the centre of mass; pixel centres are whole numbers. */
function centreOfInk(digit, height, width) {
  let [mass, down, across] = [0, 0, 0];
  for (let k = 0; k < height * width; k++) {
    mass += digit[k];
    down += digit[k] * Math.floor(k / width);
    across += digit[k] * (k % width);
  }
  return [down / mass, across / mass];
}

/** Where `cells` lines begin for their centre to be near that of `length`; all stay inside. */
function nearestPlace(centre, cells, length) {
  return Math.min(Math.max(Math.round((length - 1) / 2 - centre), 0), length - cells);
}

/** An image that is black but for the digit at (top, left). */
function placedInk(digit, digitWidth, top, left, height, width) {
  const image = new Float32Array(height * width);
  digit.forEach((value, k) => {
    image[(top + Math.floor(k / digitWidth)) * width + left + (k % digitWidth)] = value;
  });
  return image;
}
