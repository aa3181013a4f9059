/**
 * Training on a page that stands alone.
 */

import { default as mount } from "./training.js";

const FACTS = JSON.parse(document.getElementById("facts").textContent);

mount({ parentElement: document.getElementById("training").shadowRoot, data: FACTS, setStateValue: () => {} });
