/**
 * Training beside the page, in a worker of its own: messages are calls of a session.
 */

import { Session } from "./session.js";

const channel = new MessageChannel();
let next = null;
channel.port1.onmessage = () => next();

/** Soon, but after messages that have come: setTimeout alone would wait for milliseconds. */
function later(work, delay) {
  if (delay) {
    setTimeout(work, delay);
    return;
  }
  next = work;
  channel.port2.postMessage(null);
}

const session = new Session((message) => self.postMessage(message), { now: () => performance.now(), later });
self.onmessage = ({ data }) => session[data.kind](data);
