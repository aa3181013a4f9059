"""Pages that are open while the server restarts, or lose what a new page would not have."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import numpy as np
import pytest

from tests.browser.conftest import PATIENCE
from tests.browser.drawings import drag
from tests.browser.server import Server, serve
from tests.browser.test_app import DECODED, settled, turn_to
from tests.samples import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

Open = Callable[..., "Page"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]

OPEN = {
    "projection?run=Digits+feature+map": ".atlas.ready .stage",
    "time-machine": ".timeline.ready",
    "?run=Digits+2-D": DECODED,
    "train": "button[kind=primary]",
}


def address(page: Page) -> dict[str, str]:
    query = page.evaluate("location.search.slice(1)")
    return {name: values[0] for name, values in parse_qs(query).items()}


def setting(page: Page, label: str) -> Locator:
    return page.get_by_label(label, exact=True).first


def test_pages_that_nobody_has_touched_answer_after_a_restart(
    browser: Browser, tmp_path: Path
) -> None:
    """And the form on the Train page is as it was left."""
    with ExitStack() as stack, browser.new_context() as context:  # which complain of the loss
        context.set_default_timeout(PATIENCE)
        first = stack.enter_context(serve(tmp_path / "first"))
        projection, machine, lens, train = pages = [context.new_page() for _ in OPEN]
        for page, (path, selector) in zip(pages, OPEN.items(), strict=True):
            page.goto(first.url + path)
            settled(page, selector)
        setting(train, "Name (optional)").fill("mine")
        setting(train, "Name (optional)").press("Enter")
        setting(train, "Epochs").fill("77")
        setting(train, "Epochs").press("Enter")
        setting(train, "β, weight of the KL term").fill("2.5")
        setting(train, "β, weight of the KL term").press("Enter")
        train.get_by_text("β = 2.5").wait_for()
        first.process.kill()
        first.process.wait()
        port = int(first.url.rstrip("/").rpartition(":")[2])
        stack.enter_context(serve(tmp_path / "second", port=port))
        for page in pages:
            page.bring_to_front()
            page.wait_for_selector("[data-test-connection-state=CONNECTED]")

        projection.bring_to_front()
        until(lambda: picked(projection), 60)
        projection.get_by_text("test image").first.wait_for()

        machine.bring_to_front()
        before = address(machine).get("epoch")
        bar = machine.locator(".timeline input[type=range]").nth(1)

        def has_moved() -> bool:
            """Whether the address follows the bar: a key before the page is back is lost."""
            bar.press("ArrowLeft")
            machine.wait_for_timeout(1000)
            return address(machine).get("epoch") != before

        until(has_moved, 60)

        lens.bring_to_front()
        lens.get_by_role("button", name="Sample z again").click()
        until(lambda: address(lens).get("draw") == "2", 60)

        train.bring_to_front()
        train.get_by_text("β = 2.5").wait_for()
        assert setting(train, "Name (optional)").input_value() == "mine"
        assert setting(train, "Epochs").input_value() == "77"
        assert setting(train, "β, weight of the KL term").input_value() == "2.5"


def picked(page: Page) -> bool:
    """Whether some image on the plane is picked, after a key."""
    page.locator(".atlas [role=application]").press("ArrowRight")
    page.locator(".atlas [role=application]").press("Enter")
    return "picked" in address(page)


def ink(page: Page) -> int:
    """How many pixels of the pad are inked."""
    found: int = page.locator("canvas.pad").evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
        ".reduce((n, v, k) => n + (k % 4 === 3 && v > 128), 0)"
    )
    return found


def as_seen(page: Page) -> list[int]:
    """The drawing as the encoder sees it."""
    pixels = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    found: list[int] = page.locator("canvas.seen").evaluate(pixels)
    return found


def test_a_drawing_goes_along_to_other_pages(server: Server, open_page: Open) -> None:
    page = open_page(server.url + "?run=Digits+2-D", shared=True)
    settled(page, DECODED)
    page.get_by_role("button", name="Your handwriting").click()
    page.locator("canvas.pad").scroll_into_view_if_needed()
    box = page.locator("canvas.pad").bounding_box()
    assert box
    x, y, side = box["x"], box["y"], box["width"]
    drag(page, *((x + 0.5 * side, y + (0.2 + 0.06 * k) * side) for k in range(11)))
    until(lambda: address(page).get("image") == "none" and "z" in address(page))
    drawn, z = ink(page), address(page)["z"]
    assert drawn > 100
    seen = as_seen(page)

    for name, section in (("Latent sliders", "Explore"), ("KL", "Measure"), ("Overview", None)):
        turn_to(page, name, section)
        if name == "KL":
            settled(page, ".js-plotly-plot .main-svg")
            continue
        settled(page, DECODED)
        tab = page.get_by_role("button", name="Your handwriting")
        until(lambda tab=tab: tab.get_attribute("aria-pressed") == "true")  # type: ignore[misc]
        assert ink(page) > 100
        np.testing.assert_allclose(as_seen(page), seen, atol=3)  # of 255 grey levels
        assert address(page)["z"] == z
    assert "–" not in page.locator("table.ledger").inner_text()
    page.get_by_role("button", name="Undo").click()
    until(lambda: ink(page) == 0)
    page.get_by_role("button", name="An image").click()
    until(lambda: address(page).get("image") != "none")
