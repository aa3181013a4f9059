"""Training in the page: how good it is, how quick, and how smooth, beside PyTorch.

    python -m tests.benchmarks.in_page

The file that stands alone is opened from disk, without a network, and trains the digits and
Berkeley's toy for 60 epochs as fast as it goes. Digits are compared with `fit` after as many steps
of the same settings. Needs Chromium.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from pages.ui.components import training_file
from tests.browser.server import CHROMIUM, FLAGS
from tests.browser.test_training_file import choose, score, status
from vae_core import DataConfig, ModelConfig, TrainConfig, build_vae, fit, load_dataset

EPOCHS = 60
# The page tells its worker after every frame that it has drawn.
COUNT = """(() => {
  window.drawn = 0;
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message) {
    if (message.kind === 'ready') window.drawn++;
    post.call(this, message);
  };
})()"""


def in_page(page: Page, name: str) -> None:
    """Train a set, and print what came of it."""
    choose(page, "Data", name)
    choose(page, "Epochs", str(EPOCHS))
    page.wait_for_timeout(500)
    before, start = page.evaluate("window.drawn"), time.perf_counter()
    page.get_by_role("button", name="Train", exact=True).click()
    while status(page)[1] < EPOCHS:
        page.wait_for_timeout(50)
    seconds = time.perf_counter() - start
    frames = (page.evaluate("window.drawn") - before) / seconds
    page.wait_for_timeout(500)
    value, error = score(page)
    print(
        f"{name}: negative ELBO {value:.2f} ± {error:.2f} nats after {EPOCHS} epochs, "
        f"{seconds:.1f} s, {frames:.0f} frames a second"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "training.html"
        file.write_bytes(training_file.html())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_context(offline=True, viewport={"width": 1440, "height": 900}).new_page()
        page.add_init_script(COUNT)
        page.goto(file.as_uri())
        page.wait_for_selector(".training.ready")
        for name in ("digits", "berkeley"):
            in_page(page, name)
        browser.close()
    data = load_dataset(DataConfig())
    vae = build_vae(ModelConfig(hidden=(128,), latent_shape=(2,)), data.image_shape)
    start = time.perf_counter()
    *_, last = fit(vae, data, TrainConfig(epochs=EPOCHS))
    print(
        f"digits, PyTorch: negative ELBO {last.test_distortion + last.test_rate:.2f} ± "
        f"{last.test_error or 0:.2f} nats, {time.perf_counter() - start:.1f} s"
    )


if __name__ == "__main__":
    main()
