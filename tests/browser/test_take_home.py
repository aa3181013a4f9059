"""The lens in a file of its own: opened from disk, without a server and without a network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pages.ui.components import lens_file
from tests.browser.test_lens import PLANE, centre, frames, ledger, picture, reading
from tests.samples import ROOT
from vae_core import Run, RunStore, load_dataset

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MODELS = RunStore(ROOT / "assets" / "models")
# The values of the sliders at the moment at which they are ready, before the browser paints.
OPEN_SLIDERS = """
new Promise((found) => {
  const shadow = document.getElementById("lens").shadowRoot;
  const seen = () => shadow.querySelector(".lens.sliders.ready") &&
    found([...shadow.querySelectorAll("label.slider input")].map((each) => +each.value));
  new MutationObserver(seen).observe(shadow, {subtree: true, attributes: true, childList: true});
  document.querySelectorAll("#tabs button")[1].click();
})
"""
ASKED = "</script><script>window.broken = true</script><!--<b>"


@dataclass
class Shelf:
    """Opens files from disk in windows that have no network; keeps what they complain of."""

    browser: Browser
    folder: Path
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, run: Run, has_images: bool = True, **options: object) -> Page:
        data = load_dataset(run.config.data) if has_images else None
        file = self.folder / "model.html"
        file.write_bytes(lens_file.html(run, data))
        context = self.browser.new_context(offline=True, **options)
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(file.as_uri())
        page.wait_for_selector(".lens.ready")
        assert self.requests == [file.as_uri()]
        return page


@pytest.fixture
def shelf(browser: Browser, tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(browser, tmp_path)
    yield made
    for context in browser.contexts:
        if any(page.url.startswith("file:") for page in context.pages):
            context.close()
    assert made.complaints == []
    assert len(made.requests) == 1  # the file itself


def test_the_picture_follows_mouse_and_keys(shelf: Shelf) -> None:
    page = shelf.open(MODELS.load("digits-2d"), viewport={"width": 1440, "height": 900})
    x, y = centre(page.locator(PLANE))
    pictures = set()
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(4):
        page.mouse.move(x + 40 * step, y - 30 * step)
        frames(page)
        pictures.add(picture(page))
    page.mouse.up()
    assert len(pictures) == 4
    before = reading(page)
    page.locator(PLANE).focus()
    page.keyboard.press("ArrowRight")
    frames(page)
    assert reading(page)["z0"] > before["z0"]
    assert picture(page) not in pictures
    # On the other tab z is where it was let go.
    z = reading(page)
    sliders = page.evaluate(OPEN_SLIDERS)
    assert sorted(sliders) == pytest.approx(sorted(z.values()), abs=0.02)
    assert page.locator(".lens").count() == 1


def test_a_drawn_digit_is_encoded(shelf: Shelf) -> None:
    page = shelf.open(MODELS.load("digits-2d"), viewport={"width": 1440, "height": 900})
    assert page.locator("figcaption", has_text="x: 6, test image 0").is_visible()
    distortion, *_ = first = ledger(page)
    assert 0 < distortion < 64  # nats for 8 x 8 pixels: the original is in the file
    page.get_by_role("button", name="Your handwriting").click()
    x, y = centre(page.locator("canvas.pad"))
    page.mouse.move(x, y - 50)
    page.mouse.down()
    page.mouse.move(x, y + 50, steps=8)
    page.mouse.up()
    frames(page)
    assert np.isfinite(ledger(page)).all()
    assert ledger(page) != first


def test_a_feature_map_has_its_cells_and_says_what_it_lacks(shelf: Shelf) -> None:
    run = MODELS.load("digits-map")
    phone = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    page = shelf.open(run, has_images=False, **phone)
    assert page.get_by_text("the original is not in this file").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Feature map").click()
    page.wait_for_selector(".lens.cells.ready")
    before = picture(page)
    page.get_by_role("button", name="Zero").click()
    frames(page)
    assert picture(page) != before
    assert page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") == (
        "rgb(20, 22, 26)"
    )


def test_names_that_people_gave_are_words_and_nothing_else(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "odd"
    shutil.copytree(MODELS.root / "digits-2d", folder)
    facts = json.loads((folder / "data.json").read_text())
    facts["class_names"][6] = ASKED
    (folder / "data.json").write_text(json.dumps(facts))
    page = shelf.open(RunStore(tmp_path / "runs").load("odd"), has_images=False)
    assert ASKED in page.locator("figcaption", has_text="test image 0").inner_text()
    assert page.evaluate("window.broken") is None
