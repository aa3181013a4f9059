"""How quickly the picture follows the finger, in a real browser.

    python -m tests.benchmarks.lens [--moves 300] [--loads 5]

For models on the plane, with sliders and with cells: a closed-loop drag, in which each move
is sent when the one before has been taken. Latency is from the pointer event to the end of
the frame that shows its picture. Then loads in a browser with nothing cached: from
navigation to the first picture, and to the points; and the bytes this took. Needs Chromium.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.server import CHROMIUM, FLAGS, serve

PLANE = ".lens.ready .stage canvas:last-child"
SLIDER = ".lens.ready input[type=range]"
CASES = {
    "2-D MLP, z on the plane": ("?run=MNIST+2-D", PLANE),
    "2-D conv, z on the plane": ("?run=MNIST+conv+2-D", PLANE),
    "20-D MLP, z on the plane": ("?run=MNIST+20-D", PLANE),
    "20-D MLP, a slider": ("sliders?run=MNIST+20-D", SLIDER),
    "feature map, z on the plane": ("?run=MNIST+feature+map", PLANE),
    "feature map, a cell's slider": ("feature-map?run=MNIST+feature+map", SLIDER),
}
# Notes when pointers moved, and when frames ended in which the decoded picture was painted.
WATCH = """(() => {
  const noted = window.noted = {waiting: [], latencies: [], paints: []};
  const note = (event) => noted.waiting.push(event.timeStamp);
  addEventListener('pointermove', (event) => event.buttons && note(event), true);
  const afterFrame = new MessageChannel();
  afterFrame.port1.onmessage = ({data}) => {
    const now = performance.now();
    noted.paints.push(now);
    noted.latencies.push(...data.map((then) => now - then));
  };
  const paint = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (...what) {
    paint.apply(this, what);
    if (this.canvas.ariaLabel !== 'decoded') return;
    noted.first ??= performance.now();
    afterFrame.port2.postMessage(noted.waiting.splice(0));
  };
})()"""


def drag(page: Page, selector: str, moves: int) -> tuple[list[float], float]:
    """Milliseconds from every move to its picture, and pictures per second."""
    page.wait_for_selector(selector)
    target = page.locator(selector).first
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box
    reach = min(box["width"], box["height"]) * 0.3 if selector == PLANE else box["width"] * 0.3
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for warm in range(20):
        page.mouse.move(x + warm, y)
    page.wait_for_timeout(200)
    page.evaluate("() => { noted.waiting = []; noted.latencies = []; noted.paints = []; }")
    start = time.perf_counter()
    for k in range(moves):
        angle = 2 * math.pi * k / 90
        page.mouse.move(x + reach * math.cos(angle), y + reach * math.sin(angle))
    seconds = time.perf_counter() - start
    page.wait_for_timeout(200)
    noted = page.evaluate("() => noted")
    page.mouse.up()
    return noted["latencies"], len(noted["paints"]) / seconds


def cold_load(browser: Browser, address: str) -> tuple[float, float, int, int]:
    """Milliseconds to the first picture and to the points; bytes of the lens and of all."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(WATCH)
    sizes: list[tuple[str, int]] = []
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    names: dict[str, str] = {}
    client.on(
        "Network.requestWillBeSent", lambda e: names.update({e["requestId"]: e["request"]["url"]})
    )
    client.on(
        "Network.loadingFinished",
        lambda e: sizes.append((names.get(e["requestId"], ""), int(e["encodedDataLength"]))),
    )
    client.on(
        "Network.webSocketFrameReceived",
        lambda e: sizes.append(("websocket", len(e["response"]["payloadData"]) * 3 // 4)),
    )
    page.goto(address, wait_until="commit")
    page.wait_for_selector(PLANE)
    points = page.evaluate(
        "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        ".then(() => performance.now())"
    )
    first = page.evaluate("() => noted.first")
    page.wait_for_timeout(500)
    context.close()
    return first, points, sum(n for url, n in sizes if "/lens/" in url), sum(n for _, n in sizes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=300)
    parser.add_argument("--loads", type=int, default=5)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        print(f"{'drag':<32}{'p50 ms':>9}{'p95 ms':>9}{'pictures/s':>12}")
        for name, (path, selector) in CASES.items():
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(WATCH)
            page.goto(server.url + path)
            latencies, rate = drag(page, selector, options.moves)
            cuts = statistics.quantiles(latencies, n=20)
            print(f"{name:<32}{cuts[9]:>9.1f}{cuts[18]:>9.1f}{rate:>12.0f}", flush=True)
            page.close()
        print(f"\n{'cold load, Overview':<32}{'median':>9}{'max':>9}")
        loads = [cold_load(browser, server.url) for _ in range(options.loads)]
        for name, k in (("first picture, ms", 0), ("picture and points, ms", 1)):
            values = [load[k] for load in loads]
            print(f"{name:<32}{statistics.median(values):>9.0f}{max(values):>9.0f}")
        print(f"model and codes: {loads[-1][2] / 1e6:.2f} MB; all: {loads[-1][3] / 1e6:.2f} MB")
        browser.close()


if __name__ == "__main__":
    main()
