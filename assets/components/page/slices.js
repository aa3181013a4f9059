/**
 * Long work in slices that leave the page free in between: one piece of work, the latest.
 */

const BUDGET = 12; // milliseconds of a slice; it ends after the step that passes it

const waiting = [];
const channel = new MessageChannel();
channel.port1.onmessage = () => waiting.shift()();

/** Call it after events and frames that are due; a timer would wait for some milliseconds more. */
function soon(work) {
  waiting.push(work);
  channel.port2.postMessage(0);
}

export class Slices {
  /** @param {Object} options - budget; now() in milliseconds; later(function): calls it soon */
  constructor({ budget = BUDGET, now = () => performance.now(), later = soon } = {}) {
    Object.assign(this, { budget, now, later });
    this.working = null;
  }

  /**
   * Do the work of a generator, in place of what was begun before. Its first slice is at once.
   * @param {Generator} work - yields after every short step
   * @param {{onSlice: function(*), onDone: function(*)}} events - what was yielded last in a
   *   slice; what is returned
   */
  run(work, { onSlice = () => {}, onDone = () => {} } = {}) {
    this.working = work;
    const slice = () => {
      if (this.working !== work) return;
      const end = this.now() + this.budget;
      let step;
      do {
        step = work.next();
      } while (!step.done && this.now() < end);
      if (step.done) {
        this.working = null;
        onDone(step.value);
        return;
      }
      onSlice(step.value);
      this.later(slice);
    };
    slice();
  }

  /** Do nothing more of it. */
  stop() {
    this.working = null;
  }
}
