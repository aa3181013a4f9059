/**
 * The painter of a plane that writes what it draws as SVG, dark on white.
 */

import { fontOf } from "./marks.js";
import { PLANE_MARGIN } from "./plane_frame.js";
import { PlanePainter } from "./plane_painter.js";
import { SvgPen } from "./svg_pen.js";

const POINT = 2.5; // side of its square, pixels
const OPACITY = 0.5;

export class SvgPainter extends PlanePainter {
  /** @param {number} side - of the plane, in pixels */
  constructor(side) {
    super(null, null);
    Object.assign(this, { side, pen: new SvgPen() });
  }

  /** All that was drawn, as the text of a file. */
  file(title, ground) {
    const { left, right, top, bottom } = PLANE_MARGIN;
    return this.pen.file(this.side + left + right, this.side + top + bottom, title, ground);
  }

  _begin() {
    this.pen.font = fontOf(14, this.scene);
    this.pen.lineJoin = "round";
    return this.pen;
  }

  /** A square each: where many lie on each other, the plane is darker. */
  _points(pen, { x, y, labels }) {
    pen.save();
    pen.globalAlpha = OPACITY;
    for (let i = 0; i < x.length; i++) {
      const [left, top] = this.toScreen([x[i], y[i]]);
      if (!this._isSeen(left, top)) continue;
      pen.fillStyle = this._classColour(labels[i]);
      pen.fillRect(left - POINT / 2, top - POINT / 2, POINT, POINT);
    }
    pen.restore();
  }

  _isSeen(left, top) {
    const { left: first, top: highest } = PLANE_MARGIN;
    const isWithin = (value, from) => value > from - POINT && value < from + this.side + POINT;
    return isWithin(left, first) && isWithin(top, highest);
  }
}
