"""The Overview: its start, what is kept of earlier samples and pictures, an empty pad."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.server import Server
from tests.browser.test_lens import (
    DIGITS,
    PLANE,
    Open,
    address_of,
    centre,
    frames,
    open_lens,
    picture,
)
from tests.samples import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def step(page: Page) -> str | None:
    """Which step of the start is lit, if any."""
    lit: str | None = page.locator(".lens").get_attribute("data-start")
    return lit


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_the_start_is_in_the_address_until_it_is_skipped_for_good(
    server: Server, open_page: Open
) -> None:
    page = open_lens(open_page, server.url + "?lesson=mu-sigma", size=(1280, 720))
    assert step(page) is None  # beside a lesson's card there is none
    page.goto(server.url + DIGITS)
    page.wait_for_selector(".lens.ready")
    assert step(page) == "1"
    dim = "e => Number(getComputedStyle(e).opacity)"
    assert page.locator(".lens .middle").evaluate(dim) < 0.5
    assert page.locator(".lens .source").evaluate(dim) == 1
    press(page, "Next")
    assert step(page) == "2"
    assert page.locator(".lens .middle").evaluate(dim) == 1
    until(lambda: address_of(page).get("tour") == "2")
    page.reload()
    page.wait_for_selector(".lens.ready")
    assert step(page) == "2"
    press(page, "Skip")
    assert step(page) is None
    assert not page.locator(".lens .start").is_visible()
    until(lambda: "tour" not in address_of(page))
    page.goto(server.url + DIGITS)  # a new session of the server
    page.wait_for_selector(".lens.ready")
    assert step(page) is None
    until(lambda: "tour" not in address_of(page))


def test_the_numbers_of_the_way_are_those_of_the_plane(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + DIGITS + "&image=3&draw=0")
    z = page.locator(".pipe .node").nth(2)
    mean = page.locator(".pipe .node").nth(1).inner_text()
    assert z.inner_text().removeprefix("z = ") in mean  # at the mean
    page.locator(PLANE).focus()
    page.keyboard.press("ArrowRight")
    until(lambda: z.inner_text().removeprefix("z = ") not in mean)
    assert page.locator(".pipe .arrow").nth(1).inner_text().startswith("by hand")


def test_earlier_samples_stay_until_there_is_another_image(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + DIGITS + "&image=3")
    kept = page.locator(".earlier canvas:not([hidden])")
    plane = page.locator(PLANE)
    assert kept.count() == 0
    for count in (1, 2, 3):
        before = picture(page)
        press(page, "Sample z again")
        until(lambda count=count: kept.count() == count)
        until(lambda before=before: picture(page) != before)
        newest = kept.first.evaluate("c => c.toDataURL()")
        assert newest == before
    with_ghosts = plane.evaluate("c => c.toDataURL()")
    press(page, "Another")
    until(lambda: kept.count() == 0)
    page.get_by_label("Test image", exact=True).fill("3")
    page.keyboard.press("Enter")
    frames(page)
    assert plane.evaluate("c => c.toDataURL()") != with_ghosts


def test_a_kept_picture_is_compared_with_that_of_another_image(
    server: Server, open_page: Open
) -> None:
    page = open_lens(open_page, server.url + DIGITS + "&image=3")
    kept = picture(page)
    press(page, "Compare with this")
    press(page, "Another")
    until(lambda: picture(page) != kept)
    assert picture(page, "at the start") == kept
    assert page.get_by_text("kept, from image 3").is_visible()
    assert page.get_by_text("darker than what is kept").is_visible()
    press(page, "Let it go")
    assert picture(page, "at the start") != kept
    assert page.get_by_text("darker than at z = μ").is_visible()


def test_an_empty_pad_has_a_hint_and_no_result(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + DIGITS + "&image=3")
    press(page, "Your handwriting")
    hint, again = page.locator(".pad-hint"), page.get_by_role("button", name="Sample z again")
    assert hint.is_visible()
    until(again.is_disabled)
    ink = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].some(Boolean)"
    decoded = page.locator("canvas[aria-label=decoded]")
    until(lambda: not decoded.evaluate(ink))
    assert page.locator(".reading").inner_text() == "No z yet: nothing is drawn."
    x, y = centre(page.locator("canvas.pad"))
    page.mouse.move(x, y - 40)
    page.mouse.down()
    page.mouse.move(x, y + 40, steps=4)
    page.mouse.up()
    until(lambda: decoded.evaluate(ink))
    assert not hint.is_visible()
    assert again.is_enabled()
    press(page, "Clear")
    until(lambda: not decoded.evaluate(ink))
    assert hint.is_visible()


def test_on_a_phone_the_picture_is_in_sight_while_z_is_dragged(
    server: Server, open_page: Open
) -> None:
    page = open_lens(open_page, server.url + DIGITS + "&image=3", size=(390, 844), has_touch=True)
    plane = page.locator(PLANE)
    plane.evaluate("e => e.scrollIntoView({block: 'end'})")
    frames(page)
    box, shown = plane.bounding_box(), page.locator("canvas[aria-label=decoded]").bounding_box()
    assert box
    assert shown
    assert shown["y"] >= 0
    assert shown["y"] + shown["height"] < box["y"] + box["height"] / 2  # and covers little of it
    before = picture(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + 0.75 * box["height"]
    page.touchscreen.tap(x, y)
    until(lambda: picture(page) != before)
    after = page.locator("canvas[aria-label=decoded]").bounding_box()
    assert after == shown
