/**
 * Mounting: Streamlit calls a component's function again and again on one element.
 */

/**
 * A component's function that keeps one object for each element that is mounted.
 * @param {string} key - of the state value that is sent to the server
 * @param {function(Element, Object, function)} make - (host, data, send); what it makes has
 *   `destroy()` and `update(data, send)`, which returns false to be made anew
 */
export function keepOne(key, make) {
  const kept = new WeakMap();
  return ({ parentElement, data, setStateValue }) => {
    const send = (value) => setStateValue(key, value);
    const old = kept.get(parentElement);
    if (!old || old.update(data, send) === false) {
      old?.destroy();
      kept.set(parentElement, make(parentElement, data, send));
    }
    return () => {
      kept.get(parentElement)?.destroy();
      kept.delete(parentElement);
    };
  };
}
