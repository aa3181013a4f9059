/**
 * The clipboard, where the browser gives it: pages from a plain http address have only the old way.
 */

/**
 * Copy the text of an area on the page.
 * @param {HTMLTextAreaElement} area
 * @returns {Promise<boolean>} whether it was copied; if not, it is selected
 */
export async function copyTextOf(area) {
  try {
    await navigator.clipboard.writeText(area.value);
    return true;
  } catch {
    const wasHidden = area.hidden;
    area.hidden = false;
    area.select();
    const isCopied = document.execCommand("copy");
    area.hidden = isCopied && wasHidden;
    return isCopied;
  }
}
