/**
 * Bytes from an address: of the server, or of this very page where it stands alone.
 */

const OURS = "vnd.elbo-room"; // in the type of all that our server answers

/**
 * What is at an address below the server's own, `#name` being a part of this very page; throws
 * an error with one sentence for a reader.
 */
export async function bytesAt(address, options = {}) {
  if (address.startsWith("#")) return bytesHere(address.slice(1));
  let answer;
  try {
    answer = await fetch(new URL(address, serverAddress()), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server cannot be reached. Is it still running? Load the page again.");
  }
  // whatever stands between may answer in the server's place, with any status and any text
  if (!answer.headers.get("Content-Type")?.includes(OURS)) {
    throw new Error(
      `Another server answered in place of ELBO Room (status ${answer.status}). A proxy must pass ` +
        "on all that lies below the page's address; README, “Behind a proxy”, says how.",
    );
  }
  if (!answer.ok) throw new Error(await answer.text());
  return answer.arrayBuffer();
}

/**
 * The address of the server's root as this browser sees it, behind whatever prefix: Streamlit's
 * own script lies in static/js below it. A page without that script is at the root itself.
 */
function serverAddress() {
  const script = document.querySelector('script[src*="static/js/"]');
  return script ? script.src.split("static/js/")[0] : document.baseURI;
}

/** What a page that stands alone holds by a name: gzipped, in base64. */
async function bytesHere(name) {
  const text = document.getElementById(name)?.textContent;
  if (!text) throw new Error("This is not in the file: open the model in ELBO Room.");
  return unpacked(text);
}

/** The bytes that a text holds: gzipped, in base64. */
export async function unpacked(text) {
  const zipped = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const bytes = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(bytes).arrayBuffer();
}
