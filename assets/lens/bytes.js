/**
 * Bytes that the server offers beside the page: pages/ui/served.py.
 */

/** What is at an address; throws an error with one sentence for a reader. */
export async function bytesAt(address, options = {}) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Error("The server cannot be reached. Is it still running? Load the page again.");
  }
  if (!answer.ok) throw new Error(await answer.text());
  return answer.arrayBuffer();
}
