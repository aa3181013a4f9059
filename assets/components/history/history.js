/**
 * Steps of the browser's history: one for each page that is opened, none for what is set on it.
 *
 * The server pushes a step whenever it changes the parameters of the address, and also when it
 * takes a page's own parameters away just before it opens another page. Here parameters are
 * replaced, and a page that is left keeps those it had: *Back* opens it as it was.
 */

const IS_KEPT = Symbol.for("elbo-room-history");
const LEAVING = 3000; // milliseconds between the parameters of a page and the page going

/** Called by Streamlit on every page; what it does holds until the page is loaded anew. */
export default function mountHistory() {
  keepSteps(window, Date.now);
  return () => {};
}

/**
 * Let a step be pushed only where the path changes.
 * @param {{history: History, location: Location}} view
 * @param {function(): number} now - milliseconds
 */
export function keepSteps(view, now) {
  const { history, location } = view;
  if (history[IS_KEPT]) return;
  history[IS_KEPT] = true;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let taken = null; // parameters were taken from the address: which it was, and is, and when
  history.pushState = (state, unused, address) => {
    const here = new URL(location.href);
    const there = new URL(address ?? here, here);
    if (there.pathname === here.pathname) {
      taken = isPart(there, here) ? { was: here.href, is: there.href, at: now() } : null;
      replace(state, unused, address);
      return;
    }
    if (taken && taken.is === here.href && now() - taken.at < LEAVING) replace({}, "", taken.was);
    taken = null;
    push(state, unused, address);
  };
}

/** Whether one address has only parameters that the other has, too. */
function isPart(one, other) {
  const known = new Set([...other.searchParams].map(String));
  return [...one.searchParams].every((pair) => known.has(String(pair)));
}
