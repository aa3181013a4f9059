"""The layer of the true posterior on the plane, and what the ledger then says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.server import Server
from tests.browser.test_lens import address_of, centre, open_lens
from tests.samples import ROOT, until
from vae_core import DataConfig, RunStore, load_dataset
from vae_core.analysis import inference_gaps

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]
DIGITS = "?run=Digits+2-D"


def gap_rows(page: Page) -> list[str]:
    """-log p(x), the gap, and its parts where they are known."""
    rows = page.locator("table.ledger tr.gap:visible .value").all_inner_texts()
    return [text.replace("−", "-") for text in rows]


def known_rows(page: Page, count: int) -> list[float]:
    """So many of them, in nats, from one look at the page at which all are known."""
    found: list[str] = []

    def are_known() -> bool:
        found[:] = gap_rows(page)
        return len(found) == count and "–" not in found

    until(are_known)
    return list(map(float, found))


def test_the_ledger_has_the_librarys_evidence_and_gaps(server: Server, open_page: Open) -> None:
    run = RunStore(ROOT / "assets" / "models").load("digits-2d")
    known = inference_gaps(run.vae(), load_dataset(DataConfig("digits")).test.batch(slice(17, 18)))
    page = open_lens(open_page, f"{server.url}{DIGITS}&image=17")
    assert gap_rows(page) == []
    page.get_by_label("true posterior p(z|x)").check()
    known_rows(page, 2)
    until(lambda: address_of(page).get("layers") == "points,classes,true-posterior")
    row = known.iloc[0]
    evidence, gap = known_rows(page, 2)
    assert evidence == pytest.approx(-row["log_evidence"], abs=0.011)
    # the page has the codes as they were kept, in half precision
    assert gap == pytest.approx(row["log_evidence"] - row["elbo"], abs=0.03)
    page.get_by_role("button", name="Find the best q").click()
    until(lambda: "is that q*" in page.locator(".truth").inner_text())
    _, gap, approximation, amortisation = known_rows(page, 4)
    assert approximation + amortisation == pytest.approx(gap)
    assert approximation == pytest.approx(row["approximation_gap"], abs=0.011)
    assert "at the mode of p(z|x): −log p(x|z) =" in page.locator(".truth").inner_text()
    page.get_by_label("Test image", exact=True).fill("3")
    page.keyboard.press("Enter")
    until(lambda: len(gap_rows(page)) == 2)  # another image has another q*


def test_contours_follow_a_drawing(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, f"{server.url}{DIGITS}&layers=true-posterior")
    until(lambda: "Contours" in page.locator(".truth-legend").inner_text())
    page.get_by_role("button", name="Your handwriting").click()
    until(lambda: "no image yet" in page.locator(".truth-legend").inner_text())
    pad = page.locator("canvas.pad")
    pad.scroll_into_view_if_needed()
    x, y = centre(pad)
    page.mouse.move(x, y - 60)
    page.mouse.down()
    seen = set()
    for step in range(8):
        page.mouse.move(x + 3 * step, y - 60 + 15 * step)
        page.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")
        seen.update(gap_rows(page)[:1])
    page.mouse.up()
    assert len(seen) > 3
    assert any(re.fullmatch(r"≈ \d+\.\d\d", text) for text in seen)
    until(lambda: re.fullmatch(r"\d+\.\d\d", gap_rows(page)[0]) is not None)


def test_a_model_of_many_dimensions_has_a_slice_and_no_gap(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + "?run=Digits+feature+map&layers=points,true-posterior")
    assert page.get_by_label("true posterior p(z|x)").count() == 0
    assert page.get_by_label("slice of p(z|x)").is_checked()
    until(lambda: "A slice of p(z|x) through μ" in page.locator(".truth-legend").inner_text())
    assert gap_rows(page) == []
