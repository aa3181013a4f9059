"""Terms of the glossary on a page: marked, and explained to mouse, finger and keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pages.ui.words import marked
from tests.browser.server import Server
from tests.browser.test_app import CHART, Open, settled
from tests.samples import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PLACE = """([form, part]) => {
  const isSeen = (range) => range.getBoundingClientRect().x > 0; // not in a folded menu
  const isThere = (range) => range.startContainer.parentElement.closest(part);
  const marks = [...(CSS.highlights.get('word') ?? [])];
  const range = marks.find((each) => String(each) === form && isSeen(each) && isThere(each));
  if (!range) return null;
  const { x, y, width, height } = range.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
}"""


def place_of(page: Page, form: str, part: str = "*") -> tuple[float, float]:
    """The middle of the first mark of this form within a part of the page, once it is there."""
    x, y = page.wait_for_function(PLACE, arg=[form, part]).json_value()
    return x, y


def test_a_term_is_explained_to_the_mouse_the_keyboard_and_in_the_glossary(
    server: Server, open_page: Open
) -> None:
    page = open_page(server.url + "kl?run=Digits+2-D", shared=True)
    settled(page, CHART)
    x, y = place_of(page, "nats")
    before = page.locator("[data-testid=stCaptionContainer]").first.inner_html()
    card = page.locator(".card")
    page.mouse.move(x, y)
    page.get_by_text("A nat is a unit of information").wait_for()
    assert card.locator("svg text").count() > 1
    assert "1.44 bits" in card.locator(".formula").inner_text()
    page.mouse.move(x, y + 25)  # on to the card, which stays
    page.wait_for_timeout(500)
    assert card.is_visible()
    page.keyboard.press("Escape")
    assert not card.is_visible()
    assert page.locator("[data-testid=stCaptionContainer]").first.inner_html() == before

    page.mouse.move(0, 0)
    page.get_by_role("button", name="Nat and bit").focus()
    assert card.is_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert not card.is_visible()
    assert page.get_by_role("button", name="Nat and bit").evaluate("e => e.matches(':focus')")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/glossary\?.*word=nat"))
    entry = page.locator(".st-key-word-nat")
    entry.locator(".katex-display").wait_for()
    top = "e => e.getBoundingClientRect().top"
    until(lambda: 0 < entry.evaluate(top) < 900, 30)


def test_terms_in_a_component_are_explained_there(server: Server, open_page: Open) -> None:
    page = open_page(server.url + "?run=Digits+2-D&image=0", shared=True)
    page.wait_for_selector(".lens.ready")
    card = page.locator(".card")
    for part, form, said in (
        (".pipe", "posterior", "the encoder's answer"),
        (".ledger .sum", "−ELBO", "a lower bound on log p"),
    ):

        def is_told(part: str = part, form: str = form, said: str = said) -> bool:
            """Pointed at where it is now: what is above may still come."""
            page.locator(f".lens {part}").scroll_into_view_if_needed()
            page.mouse.move(*place_of(page, form, part))
            page.wait_for_timeout(500)
            return page.get_by_text(said).is_visible()

        until(is_told, 30)
        page.keyboard.press("Escape")
        assert not card.is_visible()


def test_a_tap_opens_the_card_and_a_tap_elsewhere_closes_it(
    server: Server, open_page: Open
) -> None:
    page = open_page(server.url + "bounds?run=Digits+2-D", (390, 844), shared=True, has_touch=True)
    settled(page, CHART)
    x, y = place_of(page, "Importance-weighted")
    page.touchscreen.tap(x, y)
    card = page.locator(".card")
    card.wait_for()
    box = card.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.touchscreen.tap(200, 800)
    card.wait_for(state="hidden")


def test_the_page_finds_the_terms_that_the_server_finds(modules: Page) -> None:
    texts = [
        "The KL term (rate), KL(q(z|x) ‖ p(z)), q(z) and q(z | y); posteriors. −log p(x)",
        "Learning rate, σ = 0.1, 2σ, σ², β = 4, ε, 28 × 28, z3, 8-bit, first-rate, xz, εμ, I(x; z)",
    ]
    found = modules.evaluate(
        """async ([forms, texts]) => {
          const { Finder } = await import("/words/finder.js");
          const finder = new Finder(forms);
          return texts.map((text) => finder.inText(text).map(([form, key]) => [form, key]));
        }""",
        [marked.facts()["forms"], texts],
    )
    assert found == [[list(pair) for pair in marked.found_in(text)] for text in texts]
