/**
 * Files that the page makes: handed to the reader as a download.
 */

import { element } from "./element.js";

/** Save bytes under a name. */
export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = element("a", { href: address, download: name });
  document.body.append(link); // some browsers click only what is on the page
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * A field of CSV; what is no number is left empty.
 *
 * Names may be anybody's, and a spreadsheet computes what begins like a formula: as is usual, an
 * apostrophe before it makes it text.
 */
export function quoted(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (typeof value === "number") return String(value);
  const text = value.replace(/^(?=[=+\-@\t\r])/, "'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows of fields as CSV. */
export function csvOf(rows) {
  return rows.map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
}
