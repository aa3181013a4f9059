/**
 * Following a class: ask the server now and then for its short text, and have the part of the page
 * that this stands in run again when the text is another than what that part has shown.
 */

import { bytesAt } from "../page/fetch.js";
import { keepOne } from "../page/mounting.js";

const SPREAD = 0.2; // of the interval: windows that came together do not ask together
const PATIENCE = 5000; // milliseconds until the same news is told again
const MAX_WAIT = 8000; // between questions that are not answered
const HIDDEN = 4; // times as long between questions of a window that nobody sees

export class Follow {
  /**
   * @param {{address: string, seen: string, every: number}} data - where to ask, the beginning of
   *   the text that is shown, milliseconds between questions
   * @param {function(number)} send - have the part of the page run again
   * @param {{ask: function(string): Promise<string>, now: function(): number}} world
   */
  constructor(data, send, world) {
    this.world = world;
    this.failures = 0;
    this.update(data, send);
  }

  update(data, send) {
    this.data = data;
    this.send = send;
  }

  /** Ask once; returns milliseconds until the next time. */
  async ask(isHidden = false) {
    const { every } = this.data;
    try {
      this._compare(await this.world.ask(this.data.address));
      this.failures = 0;
    } catch {
      this.failures += 1; // the page itself tells when its server is gone
    }
    const wait = every * (isHidden ? HIDDEN : 1) * 2 ** Math.min(this.failures, 9);
    return Math.max(every, Math.min(wait, MAX_WAIT)) * (1 + SPREAD * (2 * Math.random() - 1));
  }

  _compare(text) {
    const { seen } = this.data;
    const n = seen.split(" ").length;
    const news = text.split(" ").slice(0, n).join(" ");
    if (news === seen) return;
    const now = this.world.now();
    if (this.told === news && now - this.toldAt < PATIENCE) return;
    this.told = news;
    this.toldAt = now;
    this.send(now);
  }
}

async function textAt(address) {
  return new TextDecoder().decode(await bytesAt(address, { cache: "no-store" }));
}

/** Asks as long as it is on the page. */
class Asking {
  constructor(data, send) {
    this.follow = new Follow(data, send, { ask: textAt, now: Date.now });
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    document.addEventListener("visibilitychange", () => document.hidden || this._now(), { signal });
    this._later(data.every * Math.random());
  }

  update(data, send) {
    this.follow.update(data, send);
  }

  destroy() {
    this.leaving.abort();
    clearTimeout(this.timer);
  }

  _later(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this._now(), wait);
  }

  async _now() {
    clearTimeout(this.timer);
    const wait = await this.follow.ask(document.hidden);
    if (!this.leaving.signal.aborted) this._later(wait);
  }
}

const keep = keepOne("moved", (host, data, send) => new Asking(data, send));

/** Called by Streamlit on every run of the part; asks until the part is gone. */
export default function mountFollow(component) {
  return keep(component);
}
