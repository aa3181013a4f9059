/**
 * A session of training: steps in short slices, so that questions are answered between them, and
 * a view of the model for every frame that the page can draw.
 */

import { Trainer } from "./trainer.js";
import { View } from "./view.js";

const SLICE = 8; // milliseconds of training between two frames, at least
const REST = 150; // milliseconds without another look, after which p(z|x) is found exactly
const GROWTH = 1.04; // from one score to the next in the first epoch, and of the gaps later
const FIRST_SCORES = [0, 1, 3, 10, 30]; // steps

export class Session {
  /**
   * @param {function(Object, Transferable[])} tell - to the page: {kind: "frame", ...} or
   *   {kind: "failed", message} or {kind: "model", ...}
   * @param {{now: function(): number, later: function(function(), number)}} clock - milliseconds
   */
  constructor(tell, clock) {
    Object.assign(this, { tell, clock, trainer: null, isRunning: false, isAwaited: true });
  }

  /**
   * A fresh model on this data.
   * @param {Object} given - config, data, settings: see Trainer; epochs: after so many it stops;
   *   pace: steps a second, 0 as many as there can be; look: see View
   */
  begin({ id, config, data, settings, epochs, pace, look }) {
    this.id = id;
    this.isRunning = false;
    this.isResting = true;
    this.trainer = new Trainer(config, data, settings);
    this.view = new View(this.trainer.vae, data.shown, look);
    Object.assign(this, { pace, epochs, last: epochs, scores: [], nTold: 0, due: 0, speed: 0, slice: SLICE });
    this._score();
    this._changed();
  }

  /** Go on, for `epochs` more where it has come to its end; or wait. */
  run({ isRunning }) {
    if (!this.trainer) return;
    if (isRunning && this.isDone) this.last = Math.ceil(this.trainer.epoch - 1e-9) + this.epochs;
    this.isRunning = isRunning && this.trainer.n > 0;
    if (!this.isRunning) this._score(); // the numbers are then of the weights that are seen
    this._restartClock();
    this._changed();
  }

  /** One step of Adam. */
  step() {
    if (!this.trainer?.n || this.isRunning) return;
    this._step();
    this._score();
    this._changed();
  }

  /** Other settings, while it goes on: rate, beta, pace or epochs. */
  set({ rate, beta, pace, epochs }) {
    if (!this.trainer) return;
    Object.assign(this.trainer.settings, { rate, beta });
    Object.assign(this, { pace, epochs, last: Math.max(epochs, Math.ceil(this.trainer.epoch - 1e-9)) });
    this._restartClock();
  }

  /** Look at another row, or another z. */
  look({ look }) {
    if (!this.trainer) return;
    const isOther = look.key !== this.view.look.key;
    this.view.look = look;
    if (isOther) {
      this.isResting = false;
      this.clock.later(() => {
        if (this.view.look.key !== look.key) return;
        this.isResting = true;
        this._changed();
      }, REST);
    }
    this._changed();
  }

  /** Other rows to train and to score, the same size. */
  data({ data }) {
    if (!this.trainer) return;
    this.trainer.setData(data);
    this.view.shown = data.shown;
    this.scores = [];
    this.nTold = 0;
    this._score();
    this._changed();
  }

  /** The page has drawn: another frame, as soon as something has changed. */
  ready() {
    this.isAwaited = true;
    this._soon(0);
  }

  /** The weights, to be kept. */
  save() {
    const { vae, steps, epoch } = this.trainer;
    const tensors = vae.tensors.map(({ name, shape, values }) => ({ name, shape, values: values.slice() }));
    this.tell({ kind: "model", tensors, steps, epoch, config: vae.config });
  }

  get isDone() {
    return this.trainer.epoch >= this.last - 1e-9;
  }

  _restartClock() {
    Object.assign(this, { began: this.clock.now(), taken: 0 });
  }

  _changed() {
    this.isStale = true;
    this._soon(0);
  }

  _soon(delay) {
    if (this.isWaiting) return;
    this.isWaiting = true;
    this.clock.later(() => {
      this.isWaiting = false;
      this._slice();
    }, delay);
  }

  _slice() {
    const begin = this.clock.now();
    let wait = 0;
    if (this.isRunning) wait = this._train(begin);
    if (this.isStale && this.isAwaited) this._show();
    if (this.isRunning) this._soon(wait);
  }

  /** Steps until the slice is over, or as many as the pace asks for; milliseconds to wait then. */
  _train(begin) {
    const before = this.trainer.steps;
    let wait = 0;
    do {
      if (this.pace && this.taken >= (this.pace * (this.clock.now() - this.began)) / 1000) {
        wait = Math.min(500 / this.pace, 50);
        break;
      }
      if (!this._step()) break;
      this.taken++;
      if (this.isDone) this.isRunning = false;
    } while (this.isRunning && this.clock.now() - begin < this.slice);
    if (this.trainer.steps > before) this.isStale = true;
    const seconds = (this.clock.now() - this.began) / 1000;
    this.speed = seconds > 0.2 ? this.taken / seconds : 0;
    if (!this.isRunning) this._score();
    return wait;
  }

  _step() {
    const { trainer } = this;
    const loss = trainer.step();
    if (!Number.isFinite(loss)) {
      this.isRunning = false;
      const message = `Training stopped after ${trainer.steps} steps: the loss is no longer finite. ` +
        "Choose a smaller learning rate, and start over.";
      this.tell({ kind: "failed", id: this.id, message });
      return false;
    }
    if (trainer.steps >= this.due) this._score();
    return true;
  }

  /** Score the model on the test rows, and on as many training rows. */
  _score() {
    const { trainer, scores } = this;
    if (!trainer.n || scores.at(-1)?.steps === trainer.steps) return;
    const { steps, epoch, test } = trainer;
    const train = trainer.train.subarray(0, Math.min(trainer.train.length, test.length));
    scores.push({ steps, epoch, test: trainer.score(test), train: trainer.score(train) });
    const { stepsPerEpoch } = trainer;
    const next = FIRST_SCORES.find((step) => step > steps) ?? steps * GROWTH;
    this.due = next < stepsPerEpoch ? next : Math.ceil(Math.max(next, steps + 1) / stepsPerEpoch) * stepsPerEpoch;
  }

  _show() {
    this.isStale = false;
    this.isAwaited = false;
    const { trainer, scores, isRunning, speed, id } = this;
    const { steps, epoch, vae } = trainer;
    const isSettled = !isRunning && this.isResting;
    const begin = this.clock.now();
    const view = this.view.draw({ steps, isSettled, clock: this.clock });
    this.slice = Math.max(SLICE, this.clock.now() - begin); // training has half of the time at least
    const told = scores.slice(this.nTold);
    const first = this.nTold;
    this.nTold = scores.length;
    this.tell({
      kind: "frame", id, steps, epoch, isRunning, isDone: this.isDone, speed, sigma: vae.sigma,
      scores: told, first, view,
    });
  }
}
