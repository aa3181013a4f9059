"""Light and dark by the app's own menu: the page, its components and its charts change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.server import Server
from tests.browser.test_app import CHART, Open, contrast, luminance, settled
from tests.samples import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FLAT = "run=Digits+2-D"
PAGES = {  # -> what is there once it is drawn; canvases that are drawn in the theme's colours
    f"?{FLAT}&image=0&draw=0": (".lens.ready", [".stage canvas:first-child"]),
    f"kl?{FLAT}": (CHART, []),
    f"rate-distortion?{FLAT}": (CHART, []),
    "time-machine": (".lens.ready", ["canvas"]),
}
WORDS = (  # of the page, of its components, of its charts: as many as there are
    ".stMain h1", ".lens", ".lens .note", ".lens button:not(.primary)", ".save button",
    ".xtick text", ".ytick text", ".legendtext", ".annotation-text", ".textpoint text",
)  # fmt: skip


def choose(page: Page, theme: str) -> None:
    """Take light or dark in the menu at the top right."""
    page.locator("[data-testid=stMainMenuButton], [data-testid=stMainMenu] button").first.click()
    page.get_by_role("menuitemradio").filter(has_text=theme).click()
    page.keyboard.press("Escape")


def faint(page: Page) -> list[str]:
    """Words that are under 4.5:1 on the page."""
    paper = page.get_by_test_id("stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    found = []
    for words in WORDS:
        what = "fill" if words.endswith("text") else "color"
        if page.locator(words).count():
            ink = page.locator(words).first.evaluate("(e, w) => getComputedStyle(e)[w]", what)
            if contrast(ink, paper) < 4.5:
                found.append(f"{words}: {ink} on {paper}")
    return found


def is_dark(page: Page) -> bool:
    paper = page.get_by_test_id("stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    return luminance(paper) < 0.2


def drawn(page: Page, canvases: list[str]) -> list[str]:
    return [page.locator(one).first.evaluate("c => c.toDataURL()") for one in canvases]


def test_all_that_is_drawn_follows_the_theme_of_the_menu(server: Server, open_page: Open) -> None:
    page = open_page("about:blank", shared=True)
    for path, (shown, canvases) in PAGES.items():
        page.goto(server.url + path)
        settled(page, shown)
        choose(page, "Light")
        until(lambda: not is_dark(page))
        until(lambda: faint(page) == [], 10)
        light = drawn(page, canvases)
        choose(page, "Dark")
        until(lambda: is_dark(page))
        until(lambda: faint(page) == [], 10)
        assert page.locator("h1").count() == 1
        until(lambda c=canvases, was=light: all(map(str.__ne__, drawn(page, c), was)), 10)
        choose(page, "Light")
        until(lambda c=canvases, was=light: drawn(page, c) == was, 10)
        assert not is_dark(page)
        assert faint(page) == []
