/**
 * What Streamlit wants of a component: a function that it calls again and again on one element.
 */

/**
 * Keeps one thing for each element that is mounted.
 * @param {string} key - of the state value that it tells the server
 * @param {function(Element, Object, function)} make - (host, data, tell); what it makes has
 *   `destroy()` and `update(data, tell)`, which returns false to be made anew
 */
export function keepOne(key, make) {
  const kept = new WeakMap();
  return ({ parentElement, data, setStateValue }) => {
    const tell = (value) => setStateValue(key, value);
    const old = kept.get(parentElement);
    if (!old || old.update(data, tell) === false) {
      old?.destroy();
      kept.set(parentElement, make(parentElement, data, tell));
    }
    return () => {
      kept.get(parentElement)?.destroy();
      kept.delete(parentElement);
    };
  };
}
