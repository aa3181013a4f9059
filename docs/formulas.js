// Draws the formulas of a page by KaTeX, which lies beside this file.
document.addEventListener("DOMContentLoaded", () => {
  for (const place of document.querySelectorAll(".arithmatex")) {
    const written = place.textContent; // \(...\) or \[...\]
    katex.render(written.slice(2, -2), place, {
      displayMode: written.startsWith("\\["),
      throwOnError: false, // a formula that it cannot read stands there in red
    });
  }
});
