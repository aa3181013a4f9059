/**
 * Elements of the page.
 */

/** An element with attributes (or properties: on..., class, text) and children. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "text") made.textContent = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** A button with a text. */
export function button(text, onclick, attributes = {}) {
  return element("button", { type: "button", text, onclick, ...attributes });
}

/** A slider, which a finger that scrolls the page over it leaves as it was. */
export function range(attributes) {
  let before = null;
  const input = element("input", {
    type: "range", ...attributes,
    onpointerdown: () => (before = input.value), // where a finger comes down, the thumb goes at once
    onpointercancel: () => {
      if (input.value === before) return;
      input.value = before;
      for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind));
    },
  });
  return input;
}

/** Change the text of an element, where it is another: what stays is not laid out anew. */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
