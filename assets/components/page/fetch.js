/**
 * Bytes from an address: of the server, or of this very page where it stands alone.
 */

/**
 * What is at an address, `#name` being a part of this very page; throws an error with one
 * sentence for a reader.
 */
export async function bytesAt(address, options = {}) {
  if (address.startsWith("#")) return bytesHere(address.slice(1));
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Error("The server cannot be reached. Is it still running? Load the page again.");
  }
  if (!answer.ok) throw new Error(await answer.text());
  return answer.arrayBuffer();
}

/** What a page that stands alone holds by a name: gzipped, in base64. */
async function bytesHere(name) {
  const text = document.getElementById(name)?.textContent;
  if (!text) throw new Error("This is not in the file: open the model in ELBO Room.");
  const zipped = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const bytes = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(bytes).arrayBuffer();
}
