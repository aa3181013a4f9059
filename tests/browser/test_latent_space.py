"""The plane of Latent space: classes beside each other, and z dragged between them."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tests.browser.server import Server
from tests.browser.test_lens import (
    PLANE,
    Open,
    address_of,
    centre,
    frames,
    moved,
    open_lens,
    reading,
)
from tests.samples import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_classes_are_compared_on_axes_that_stay_and_z_is_dragged_there(
    server: Server, open_page: Open
) -> None:
    page = open_lens(open_page, server.url + "posteriors?run=Digits+2-D")
    below = page.locator(".stage canvas:first-child")
    painted = lambda: below.evaluate("c => c.toDataURL()")  # noqa: E731
    x, y = centre(page.locator(PLANE))
    page.mouse.click(x + 80, y - 60)
    until(lambda: len(moved(page)) == 2)
    z, seen = reading(page), {painted()}
    page.get_by_role("button", name="3", exact=True).click()
    until(lambda: address_of(page).get("classes") == "3")
    seen.add(painted())
    for layer in ("samples of z", "posteriors", "prior"):
        page.get_by_label(layer, exact=True).click()
        frames(page)
        seen.add(painted())
    assert len(seen) == 5
    until(lambda: address_of(page)["layers"] == "points,classes,samples,widths,no-prior")
    page.mouse.click(x + 80, y - 60)  # the same place is the same z
    frames(page)
    assert reading(page) == z
    told = r"Test split, (\d+) images; \1 means and \1 samples of z and \1 posteriors shown"
    until(lambda: re.search(told, page.inner_text(".stMain")))
    with page.expect_download() as saved:
        page.get_by_label("Save the plane").get_by_role("button", name="SVG").click()
    drawing = ElementTree.fromstring(saved.value.path().read_text(encoding="utf-8"))
    assert {"3", "z0", "z1"} <= {text.strip() for text in drawing.itertext()}
