"""What a reader sees and does, in Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.server import Server
from tests.samples import until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Open = Callable[..., "Page"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]

DECODED = ".lens.ready canvas[aria-label=decoded]"
CHART = ".js-plotly-plot .main-svg"


def settled(page: Page, selector: str) -> Locator:
    """The element, once it is on screen and the script has run to its end."""
    page.wait_for_selector(selector, state="visible")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    return page.locator(selector).first


def chosen_model(page: Page) -> str:
    return page.get_by_label("Model").first.input_value()


def turn_to(page: Page, name: str, section: str | None = None) -> None:
    """Go to another page by the menu at the top, once this one is done.

    A page that runs once more closes its menu, also between the two clicks.
    """
    from playwright.sync_api import TimeoutError as TookTooLong

    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    menu = page.get_by_test_id("stTopNav").get_by_role("button", name=section)
    item = page.get_by_role("menuitem" if section else "link", name=name, exact=True)

    def is_clicked() -> bool:
        if section and not item.is_visible():
            menu.click()
        try:
            item.click(timeout=3000)
        except TookTooLong:
            return False
        return True

    until(is_clicked, 90)


def fits(page: Page, element: str) -> bool:
    """Whether nothing of an element is to be scrolled to sideways."""
    wide, seen = page.locator(element).evaluate("e => [e.scrollWidth, e.clientWidth]")
    return bool(wide <= seen)


def test_a_link_opens_its_model(server: Server, open_page: Open) -> None:
    page = open_page(server.url + "kl?run=MNIST+20-D", shared=True)
    settled(page, CHART)
    assert chosen_model(page) == "MNIST 20-D"
    assert page.get_by_text("784 pixels become 20 numbers").count() == 1


def test_the_chosen_model_goes_from_page_to_page_and_is_in_the_address(
    server: Server, open_page: Open
) -> None:
    page = open_page(server.url, shared=True)
    settled(page, DECODED)
    page.get_by_label("Model").first.click()
    page.get_by_role("option", name="Digits 2-D").click()
    page.get_by_text("64 pixels become").wait_for()
    settled(page, DECODED)
    page.wait_for_timeout(500)  # the lens tells where it stands: what is asked meanwhile is lost
    for name, section, selector in (
        ("KL", "Measure", CHART),
        ("Latent sliders", "Explore", DECODED),
        ("Overview", None, DECODED),
    ):
        turn_to(page, name, section)
        settled(page, selector)
        until(lambda: chosen_model(page) == "Digits 2-D")
        assert "run=Digits+2-D" in page.url


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2) of `rgb(r, g, b)` or `#rrggbb`."""
    if colour.startswith("#"):
        channels = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    else:
        channels = [int(c) for c in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in
              (c / 255 for c in channels)]  # fmt: skip
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(scheme: str, server: Server, open_page: Open) -> None:
    page = open_page(server.url, shared=True, color_scheme=scheme)
    settled(page, DECODED)
    colour = "(e, what) => getComputedStyle(e)[what]"
    background = page.locator("[data-testid=stApp]").evaluate(colour, "backgroundColor")
    assert (luminance(background) > 0.5) == (scheme == "light")
    for text in (".stMain h2", ".ledger td", ".reading", "[data-testid=stCaptionContainer] p"):
        shown = page.locator(text).first.evaluate(colour, "color")
        assert contrast(shown, background) >= 4.5, text


def start_long_training(page: Page) -> None:
    """Ask the page New model for more epochs than anybody waits for."""
    settled(page, "button[kind=primary]")
    box = page.get_by_label("Epochs", exact=True)
    box.fill("9000")
    box.press("Enter")
    settled(page, "button[kind=primary]").click()
    page.get_by_test_id("stMain").get_by_role("button", name="Stop").wait_for()
