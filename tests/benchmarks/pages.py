"""How long the pages take, in a real browser on a warm server.

    python -m tests.benchmarks.pages [--runs 5] [--only Overview KL] [--changes]

For every page: from the start of navigation to its first picture or chart on screen, in a browser
that has nothing cached, beside the same of an empty Streamlit page in turn with it. With
`--changes`: from the click in the menu to the picture, in a browser that stays. What happens
under the finger is measured by tests.benchmarks.lens. Needs Chromium (CHROMIUM, default
/usr/bin/chromium) and Playwright's Python package.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.server import CHROMIUM, FLAGS, free_port, serve, wait_for

DECODED = ".lens.{}.ready canvas[aria-label=decoded]"
CHART = "canvas.first[style], .js-plotly-plot .main-svg"  # its sketch counts
EMPTY = "import streamlit as st\nst.set_page_config(layout='wide')\nst.markdown('# Empty')\n"
SIZE = {"width": 1440, "height": 900}
# Name in the menu, its section, address, first picture, goal as a multiple of the empty page.
PAGES = {
    "Overview": ("", "", DECODED.format("overview"), 1.5),
    "Latent space": ("Explore", "posteriors", DECODED.format("posteriors"), 1.5),
    "Latent sliders": ("Explore", "sliders", DECODED.format("sliders"), 1.5),
    "Feature map": ("Explore", "feature-map?run=Digits+feature+map", DECODED.format("cells"), 1.5),
    "KL": ("Measure", "kl", CHART, 1.5),
    "Projection": ("Explore", "projection", ".atlas.ready .stage", 2),
    "Walks": ("Explore", "walks", ".stMain .stHtml img", 2),
    "Aggregate posterior": ("Measure", "aggregate", CHART, 2),
    "Bound and truth": ("Measure", "bounds?run=Digits+2-D", CHART, 2),
    "Diagnostics": ("Measure", "diagnostics", CHART, 2),
    "Two models": ("Compare", "compare", CHART, 2),
    "Rate and distortion": ("Compare", "rate-distortion", CHART, 2),
    "Time machine": ("Compare", "time-machine", ".lens.timeline.ready canvas", 2),
    "New model": ("Train", "train", ".stMain button[kind=primary]", 2),
    "Lessons": ("Learn", "lessons", ".stMain a, .stMain button", 2),
}
GOAL_OF_A_CHANGE = 600  # milliseconds


@contextmanager
def empty_page(folder: Path) -> Iterator[str]:
    """The address of an empty Streamlit page, which is what the app cannot be quicker than."""
    script = folder / "empty.py"
    script.write_text(EMPTY, encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    process = subprocess.Popen(
        [*command, "--server.address", "127.0.0.1", "--server.headless", "true"],
        cwd=folder, env=os.environ | {"STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(15)


def cold(browser: Browser, address: str, selector: str) -> float:
    """Milliseconds from navigation to a painted `selector`, with nothing cached."""
    context = browser.new_context(viewport=SIZE)
    page = context.new_page()
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    shown(page, selector)
    taken = 1000 * (time.perf_counter() - start)
    context.close()
    return taken


def shown(page: Page, selector: str) -> None:
    """Wait until it is painted."""
    page.wait_for_selector(selector, state="visible", timeout=60_000)
    page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")


def change(page: Page, name: str) -> float:
    """Milliseconds from the click in the menu to the first picture of a page."""
    section, _, selector, _ = PAGES[name]
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_timeout(400)
    if section:
        page.get_by_role("button", name=section, exact=True).click()
    role = "menuitem" if section else "link"
    link = page.get_by_role(role, name=name, exact=True)
    link.wait_for(state="visible")
    start = time.perf_counter()
    link.click()
    page.wait_for_selector(f"h1.door:has-text('{name}')")
    shown(page, selector)
    return 1000 * (time.perf_counter() - start)


def row(name: str, ms: list[float], more: str = "") -> None:
    print(
        f"{name:<28}{statistics.median(ms):>8.0f}{min(ms):>8.0f}{max(ms):>8.0f}{more}", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="counted loads of each page")
    parser.add_argument("--only", nargs="+", choices=PAGES, default=list(PAGES))
    parser.add_argument("--changes", action="store_true", help="changes of the page, too")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder) / "app") as server,
        empty_page(Path(folder)) as empty,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        cold(browser, server.url, PAGES["Overview"][2])
        cold(browser, empty, "h1")
        print(f"{'cold, milliseconds':<28}{'median':>8}{'min':>8}{'max':>8}{'ratio':>8}{'goal':>6}")
        of_empty: list[float] = []
        for name in options.only:
            _, path, selector, goal = PAGES[name]
            cold(browser, server.url + path, selector)
            pairs = [
                (cold(browser, empty, "h1"), cold(browser, server.url + path, selector))
                for _ in range(options.runs)
            ]
            of_empty += (bare := [one for one, _ in pairs])
            ratio = statistics.median(ms for _, ms in pairs) / statistics.median(bare)
            row(name, [ms for _, ms in pairs], f"{ratio:>8.2f}{goal:>6}")
        row("(an empty page)", of_empty)
        if options.changes:
            changes(browser, server.url, options.only, options.runs)
        browser.close()


def changes(browser: Browser, url: str, names: list[str], runs: int) -> None:
    print(f"\n{'change of page, ms':<28}{'median':>8}{'min':>8}{'max':>8}{'':>8}{'goal':>6}")
    page = browser.new_page(viewport=SIZE)
    for name in names:
        home = "?run=Digits+feature+map" if name == "Feature map" else ""
        away = "Walks" if name == "Overview" else "Overview"
        page.goto(f"{url}{PAGES[away][1]}{home}")
        shown(page, PAGES[away][2])
        taken = []
        for _ in range(runs + 1):
            taken.append(change(page, name))
            change(page, away)
        row(name, taken[1:], f"{'':>8}{GOAL_OF_A_CHANGE:>6}")


if __name__ == "__main__":
    main()
