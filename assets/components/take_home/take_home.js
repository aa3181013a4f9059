/**
 * The lens on a page that stands alone: its views as tabs, one at a time, and z stays.
 */

import { default as mount } from "../lens/lens.js";
import { element } from "../page/element.js";

const HOST = document.getElementById("lens");
const FILE = JSON.parse(document.getElementById("facts").textContent);

document.title = `${FILE.title} · ELBO Room`;
document.getElementById("title").textContent = FILE.title;
document.getElementById("summary").textContent = FILE.summary;
document.getElementById("contents").textContent = FILE.contents;

const TABS = FILE.views.map((view) =>
  element("button", { type: "button", text: view.title, "aria-pressed": "false", onclick: () => openView(view) }),
);
document.getElementById("tabs").append(...TABS);

let leave = () => {};
let here = FILE.state; // where the reader stands, as of when they last let go

function openView(view) {
  leave();
  FILE.views.forEach((each, k) => TABS[k].setAttribute("aria-pressed", String(each === view)));
  document.getElementById("hint").textContent = view.hint;
  leave = mount({
    parentElement: HOST.shadowRoot,
    data: { ...FILE.facts, view: view.name, first_draw: view.first_draw, state: here },
    setStateValue: (_, state) => (here = state),
  });
}

openView(FILE.views[0]);
