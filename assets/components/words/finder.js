/**
 * Where the terms of the glossary stand in the texts of the page.
 *
 * Nothing of the page is changed: what is found are ranges of its texts. Components have shadow
 * roots, into which no query of the document leads.
 */

// elements with one text each
export const BLOCKS = "[data-testid='stMarkdownContainer'], [data-testid='stCaptionContainer'], h1.door";
export const PARTS = "[data-words]"; // of components, whose other texts change from frame to frame
const COMPONENTS = "[data-testid='stBidiComponentIsolated'], [data-testid='stBidiComponentIsolated'] *";
const CONTROLS = "a, button, summary, label:not([data-testid='stMetricLabel']), [role='option'], [role='tab']";
const OWN = "[class*='st-key-word-']"; // entries of the glossary explain themselves
const NO_TEXT = "a, button, code, pre, select, .katex, svg";

export class Finder {
  /** @param {Object<string, string>} forms - the key of a term by every way it is written */
  constructor(forms) {
    this.forms = new Map(Object.entries(forms));
    const longest = [...this.forms.keys()].sort((a, b) => b.length - a.length);
    const escaped = longest.map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    this.pattern = new RegExp(`(?<![\\p{L}\\p{N}_-])(?:${escaped.join("|")})(?![\\p{L}\\p{N}_-])`, "gu");
  }

  /** Each form in a text: [form, key, where it begins]; phrases without a key are left out. */
  inText(text) {
    return [...text.matchAll(this.pattern)]
      .map((match) => [match[0], this.forms.get(match[0]), match.index])
      .filter(([, key]) => key);
  }

  /** For each block of the page, the first range of each term: {key, range}. */
  inPage() {
    const found = new Map();
    const note = (block) => {
      const marks = this._inBlock(block);
      if (marks.length) found.set(block, marks);
    };
    for (const block of document.querySelectorAll(BLOCKS)) {
      if (!block.closest(CONTROLS) && !block.closest(OWN)) note(block);
    }
    for (const { shadowRoot } of document.querySelectorAll(COMPONENTS)) {
      shadowRoot?.querySelectorAll(PARTS).forEach(note);
    }
    return found;
  }

  _inBlock(block) {
    const marks = [];
    const seen = new Set();
    const accept = (node) =>
      node.nodeType === Node.TEXT_NODE
        ? NodeFilter.FILTER_ACCEPT
        : node.matches(NO_TEXT) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP;
    const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, accept);
    while (walker.nextNode()) {
      for (const [form, key, start] of this.inText(walker.currentNode.data)) {
        if (seen.has(key)) continue;
        seen.add(key);
        const range = document.createRange();
        range.setStart(walker.currentNode, start);
        range.setEnd(walker.currentNode, start + form.length);
        marks.push({ key, range });
      }
    }
    return marks;
  }
}

/** Whether a point of the window lies on a rectangle, or beside it by a pixel or two. */
export function isOn({ left, right, top, bottom }, x, y) {
  return x >= left - 2 && x <= right + 2 && y >= top - 2 && y <= bottom + 2;
}
