"""How long the pages take, in a real browser on a warm server.

    python -m tests.benchmarks.pages [--runs 7]

For every page: from the start of navigation to its first picture or chart on screen. What
happens under the finger is measured by tests.benchmarks.lens. Needs Chromium (CHROMIUM,
default /usr/bin/chromium) and Playwright's Python package.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright

from tests.browser.server import CHROMIUM, FLAGS, serve

HERO = ".lens.ready canvas[aria-label=decoded]"
CHART = ".js-plotly-plot .main-svg"
PAGES = {
    "Overview": ("", HERO),
    "Latent space": ("posteriors", CHART),
    "Latent sliders": ("sliders", HERO),
    "Feature map": ("feature-map?run=Digits+feature+map", HERO),
    "KL": ("kl", CHART),
    "Train": ("train", ".stMain button[kind=primary]"),
}


def load(browser: BrowserContext, address: str, selector: str) -> float:
    """Seconds from navigation to a painted `selector`, in a browser with a warm cache."""
    page = browser.new_page()
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(selector, state="visible", timeout=60_000)
    page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
    seconds = time.perf_counter() - start
    page.close()
    return seconds


def row(name: str, seconds: list[float]) -> None:
    ms = sorted(1000 * s for s in seconds)
    print(f"{name:<44}{statistics.median(ms):>8.0f}{ms[0]:>8.0f}{ms[-1]:>8.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, help="counted loads of each page")
    runs = parser.parse_args().runs
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        url = server.url
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        print(f"{'milliseconds':<44}{'median':>8}{'min':>8}{'max':>8}")
        row("Overview, first visit of a new server", [load(context, url, HERO)])
        for name, (path, selector) in PAGES.items():
            load(context, url + path, selector)
            row(
                f"{name}, first picture", [load(context, url + path, selector) for _ in range(runs)]
            )
        browser.close()


if __name__ == "__main__":
    main()
