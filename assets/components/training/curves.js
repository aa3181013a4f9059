/**
 * Curves of training: distortion, rate and negative ELBO over the epochs.
 */

import { element } from "../page/element.js";
import { signed } from "../page/text.js";
import { withAlpha } from "../draw/colours.js";
import { line, niceTicks } from "../draw/marks.js";

const HIGH = 220; // CSS pixels
const MARGIN = { left: 44, right: 12, top: 10, bottom: 38 };

export class Curves {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.canvas = element("canvas", {
      role: "img", "aria-label": "Negative ELBO, distortion and rate over the epochs; the numbers stand beside it",
    });
    this.canvas.style.height = `${HIGH}px`;
    host.append(this.canvas);
  }

  /**
   * @param {{epoch: number, train: Object, test: Object}[]} scores - see Trainer.score
   * @param {Object} colours - distortion, rate, elbo, prior
   * @param {{ink: string, font: string}} theme
   */
  draw(scores, colours, { ink, font }) {
    const wide = this.canvas.clientWidth;
    if (!wide) return;
    const ratio = window.devicePixelRatio || 1;
    if (this.wide !== wide || this.ratio !== ratio) {
      Object.assign(this, { wide, ratio });
      this.canvas.width = Math.round(wide * ratio);
      this.canvas.height = Math.round(HIGH * ratio);
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, wide, HIGH);
    pen.font = `13px ${font}`;
    const all = ({ distortion, rate }) => distortion + rate;
    const lines = [
      { colour: colours.distortion, of: ({ test }) => test.distortion },
      { colour: colours.rate, of: ({ test }) => test.rate },
      { colour: colours.elbo, of: ({ train }) => all(train), isDashed: true },
      { colour: colours.elbo, of: ({ test }) => all(test) },
    ];
    const frame = frameOf(scores, lines, wide);
    drawFrame(pen, frame, { ink, grey: colours.prior, font });
    pen.save();
    pen.beginPath();
    pen.rect(MARGIN.left, MARGIN.top - 2, frame.width, frame.height + 4);
    pen.clip();
    for (const { colour, of, isDashed } of lines) {
      pen.strokeStyle = colour;
      pen.lineWidth = 2.2;
      pen.setLineDash(isDashed ? [4, 4] : []);
      pen.beginPath();
      for (const score of scores) pen.lineTo(frame.x(score.epoch), frame.y(of(score)));
      pen.stroke();
    }
    pen.restore();
  }
}

/** What is across and up: from the first epoch on, and as high as is seen after the first steps. */
function frameOf(scores, lines, wide) {
  const late = scores.length > 8 ? scores.slice(2) : scores;
  const values = lines.flatMap(({ of }) => late.map(of)).filter(Number.isFinite);
  const least = Math.min(0, ...values);
  const most = Math.max(least + 1, ...values);
  const end = Math.max(scores.at(-1)?.epoch ?? 0, 1);
  const [width, height] = [wide - MARGIN.left - MARGIN.right, HIGH - MARGIN.top - MARGIN.bottom];
  return {
    least, most, end, width, height,
    x: (epoch) => MARGIN.left + (epoch / end) * width,
    y: (value) => MARGIN.top + (1 - (value - least) / (most - least)) * height,
  };
}

function drawFrame(pen, { least, most, end, width, height, x, y }, { ink, grey, font }) {
  const [across, up] = [niceTicks(end, width / 70), niceTicks(most - least, height / 40)];
  pen.fillStyle = ink;
  pen.strokeStyle = withAlpha(grey, 0.3);
  pen.lineWidth = 1;
  pen.beginPath();
  pen.textAlign = "right";
  for (let k = Math.ceil(least / up.step); k * up.step <= most + 1e-9; k++) {
    line(pen, MARGIN.left, y(k * up.step), MARGIN.left + width, y(k * up.step));
    pen.fillText(signed(k * up.step, up.digits), MARGIN.left - 5, y(k * up.step) + 4);
  }
  pen.textAlign = "center";
  for (let k = 0; k * across.step <= end + 1e-9; k++) {
    pen.fillText(signed(k * across.step, across.digits), x(k * across.step), MARGIN.top + height + 15);
  }
  pen.stroke();
  pen.font = `bold 13px ${font}`;
  pen.fillText("epoch", MARGIN.left + width / 2, HIGH - 4);
  pen.save();
  pen.translate(11, MARGIN.top + height / 2);
  pen.rotate(-Math.PI / 2);
  pen.fillText("nats", 0, 0);
  pen.restore();
}
