/**
 * Files that the page hands to the reader.
 */

import { element } from "./element.js";

const KEPT = 10_000; // milliseconds until the browser has surely taken it

/**
 * Save a file where the browser saves what it downloads.
 * @param {BlobPart} content
 * @param {string} name
 * @param {string} type
 */
export function saveFile(content, name, type) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = element("a", { href: address, download: name });
  document.body.append(link); // some browsers click only what is on the page
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), KEPT);
}
