"""How quickly contours of p(z|x) follow a pen, and how long their layer keeps the page busy.

    python -m tests.benchmarks.true_posterior [--moves 200]

On MNIST 2-D and the digits: seconds from the layer's opening until contours can be drawn; the
longest time meanwhile in which the page took no event; then a digit is drawn. Latency is from the
pointer event to the end of the frame that shows its picture and contours. Needs Chromium.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.lens import WATCH
from tests.browser.server import CHROMIUM, FLAGS, serve

CASES = {"MNIST 2-D": "?run=MNIST+2-D", "Digits 2-D": "?run=Digits+2-D"}
READY = "no image yet"  # the plane is decoded, and nothing drawn
# The longest time between two events of its own, which come as often as the page takes them.
HEARTBEAT = """() => {
  const beat = window.beat = {longest: 0, last: performance.now()};
  const {port1, port2} = new MessageChannel();
  port1.onmessage = () => {
    const now = performance.now();
    beat.longest = Math.max(beat.longest, now - beat.last);
    beat.last = now;
    setTimeout(() => port2.postMessage(0));
  };
  port2.postMessage(0);
}"""


def opened(page: Page) -> tuple[float, float]:
    """Seconds until the plane is decoded, and the longest pause in milliseconds."""
    page.get_by_role("button", name="Your handwriting").click()
    page.evaluate(HEARTBEAT)
    start = time.perf_counter()
    page.get_by_label("true posterior p(z|x)").check()
    page.locator(".truth-legend").filter(has_text=READY).wait_for(timeout=120_000)
    return time.perf_counter() - start, page.evaluate("() => beat.longest")


def drawn(page: Page, moves: int) -> list[float]:
    """Milliseconds from every move of a pen to its contours."""
    pad = page.locator("canvas.pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box
    x, y, reach = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, 0.28 * box["width"]
    page.mouse.move(x, y - reach)
    page.mouse.down()
    page.wait_for_timeout(300)
    page.evaluate("() => { noted.waiting = []; noted.latencies = []; }")
    for k in range(moves):
        angle = 2 * math.pi * k / moves
        page.mouse.move(x + reach * math.sin(angle), y - reach * math.cos(angle))
    page.wait_for_timeout(300)
    page.mouse.up()
    latencies: list[float] = page.evaluate("() => noted.latencies")
    return latencies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=200)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        titles = ("ready, s", "pause, ms", "p50 ms", "p95 ms")
        print(f"{'':<14}" + "".join(f"{title:>11}" for title in titles))
        for name, path in CASES.items():
            page = browser.new_page(viewport={"width": 1440, "height": 1000})
            page.add_init_script(WATCH)
            page.goto(server.url + path)
            page.wait_for_selector(".lens.ready")
            page.wait_for_timeout(1500)
            seconds, pause = opened(page)
            cuts = statistics.quantiles(drawn(page, options.moves), n=20)
            print(f"{name:<14}{seconds:>11.1f}{pause:>11.0f}{cuts[9]:>11.1f}{cuts[18]:>11.1f}")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
