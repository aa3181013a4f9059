"""How long the pages take, in a real browser on a warm server.

    python -m tests.benchmarks.pages [--runs 7]

For every page: from the start of navigation to its first picture or chart on screen. For
Latent sliders and Feature map: from a key press on a slider to the new decoded picture.
Needs Chromium (CHROMIUM, default /usr/bin/chromium) and Playwright's Python package.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]
HERO = ".stMain img"
CHART = ".js-plotly-plot .main-svg"
PAGES = {
    "Overview": ("", HERO),
    "Posteriors": ("posteriors", CHART),
    "Latent sliders": ("sliders", HERO),
    "Feature map": ("feature-map?run=Digits+feature+map", HERO),
    "KL": ("kl", CHART),
    "Train": ("train", ".stMain button[kind=primary]"),
}


@contextmanager
def server() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with tempfile.TemporaryDirectory() as runs:
        process = subprocess.Popen(
            [*command, "--server.address", "127.0.0.1"],
            cwd=ROOT,
            env=os.environ | {"ELBO_ROOM_RUNS": runs},
            stdout=subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}/"
            for _ in range(120):
                try:
                    urllib.request.urlopen(url + "_stcore/health", timeout=1)
                    break
                except OSError:
                    time.sleep(0.25)
            yield url
        finally:
            process.terminate()
            process.wait(10)


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


def slide(page: Page, presses: int) -> list[float]:
    """Seconds from a key press on the first slider to another decoded picture, painted."""
    times = []
    thumb = page.locator(".stSlider input[type=range]").first
    thumb.focus()
    for key in ["End", "Home"] * (presses // 2):
        before = page.locator(HERO).first.get_attribute("src")
        start = time.perf_counter()
        page.keyboard.press(key)
        page.wait_for_function(
            "([selector, src]) => { const i = document.querySelector(selector);"
            " return i.src !== src && i.getAttribute('src') !== src && i.complete; }",
            arg=[HERO, before],
            polling="raf",
        )
        times.append(time.perf_counter() - start)
    return times


def row(name: str, seconds: list[float]) -> None:
    ms = sorted(1000 * s for s in seconds)
    print(f"{name:<44}{statistics.median(ms):>8.0f}{ms[0]:>8.0f}{ms[-1]:>8.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, help="counted loads of each page")
    runs = parser.parse_args().runs
    with server() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        print(f"{'milliseconds':<44}{'median':>8}{'min':>8}{'max':>8}")
        row("Overview, first visit of a new server", [load(context, url, HERO)])
        for name, (path, selector) in PAGES.items():
            load(context, url + path, selector)
            row(
                f"{name}, first picture", [load(context, url + path, selector) for _ in range(runs)]
            )
        for name in ("Latent sliders", "Feature map"):
            path, selector = PAGES[name]
            page = context.new_page()
            page.goto(url + path)
            page.wait_for_selector(selector)
            slide(page, 4)
            row(f"{name}, key on slider to picture", slide(page, 4 * runs))
        browser.close()


if __name__ == "__main__":
    main()
