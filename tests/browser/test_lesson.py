"""A lesson in a browser: the card beside the page, what is hidden, and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests import lessons
from tests.browser.server import Server, serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

ON_TOP = """({x, y}) => [8, 24, 40].every((d) =>
  document.elementFromPoint(x + d, y + d).closest('.st-key-lesson-card'))"""
SIDEWAYS = "document.scrollingElement.scrollWidth - innerWidth"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two lessons of a teacher's."""
    folder = tmp_path_factory.mktemp("school")
    made = lessons.write(folder / "lessons", choice=lessons.CHOICE, place=lessons.PLACE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ELBO_ROOM_LESSONS", str(made))
        with serve(folder / "server") as running:
            yield running


def test_a_lesson_is_played_beside_the_page_and_kept_over_a_reload(
    school: Server, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{school.url}?lesson=choice", shared=True)
    page.get_by_text("Choose one").wait_for()
    card = page.locator(".st-key-lesson-card")
    chart = page.locator(".st-key-kl")
    page.get_by_role("radio", name="By class").wait_for()
    chart.wait_for(state="attached")
    box, beside = card.bounding_box(), page.locator(".st-key-page").bounding_box()
    assert box
    assert beside
    assert box["x"] + box["width"] <= beside["x"]
    assert 0.25 < box["width"] / page.viewport_size["width"] < 0.4  # type: ignore[index]
    for hidden in (chart, page.locator(".st-key-kl-numbers"), page.locator("h1.door")):
        assert not hidden.first.is_visible()
    assert page.evaluate(SIDEWAYS) <= 0
    page.get_by_text("Any pair of equals").click()  # which leads on
    page.get_by_text("You predicted: Any pair of equals").wait_for()
    page.get_by_text("Which dimension costs more?").wait_for()
    chart.locator(".js-plotly-plot").wait_for()
    assert chart.bounding_box()["width"] > 300  # type: ignore[index]
    page.get_by_role("button", name="Next: Reveal").click()
    page.get_by_text("it costs 1.81 nats").wait_for()
    page.locator(".st-key-kl-numbers").wait_for()
    page.reload()
    page.get_by_text("it costs 1.81 nats").wait_for()
    page.get_by_text("Any pair of equals (yours)").wait_for()


def test_on_a_phone_the_card_stands_above_and_folds(
    school: Server, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{school.url}?lesson=place", size=(390, 844), shared=True)
    page.get_by_text("I predict this").wait_for()
    page.locator(".lens.ready").wait_for()
    card = page.locator(".st-key-lesson-card")
    box, below = card.bounding_box(), page.locator(".st-key-page").bounding_box()
    assert box
    assert below
    assert box["y"] + box["height"] <= below["y"]
    assert page.evaluate(ON_TOP, box)  # not below the bar with the menu
    assert not page.locator(".lens .costs").is_visible()
    assert not page.locator(".lens .reading").is_visible()
    assert page.evaluate(SIDEWAYS) <= 0
    page.get_by_text("Fold to the question").click()
    page.get_by_text("I predict this").wait_for(state="hidden")
    assert page.get_by_text("Put z where the prior is most dense.").is_visible()
    folded = card.bounding_box()
    assert folded
    assert folded["height"] < box["height"] / 2
    page.mouse.wheel(0, 400)
    page.wait_for_timeout(200)
    assert page.get_by_text("Put z where the prior is most dense.").is_visible()
    stuck = card.bounding_box()
    assert stuck
    assert stuck["y"] >= 0
    assert page.evaluate(ON_TOP, stuck)


@pytest.mark.parametrize("size", [(390, 844), (1280, 720)])
def test_what_a_lesson_hides_of_the_lens_is_hidden_at_every_width(
    school: Server, open_page: Callable[..., Page], size: tuple[int, int]
) -> None:
    page = open_page(f"{school.url}?lesson=same-hand", size=size, shared=True)
    page.get_by_text("Choose one").wait_for()
    page.locator(".lens.ready").wait_for(state="attached")
    for part in (".result", ".labels", ".plane", ".costs"):
        found = page.locator(f".lens {part}").first
        assert found.count() == 1
        assert not found.is_visible(), part
    assert page.locator(".lens .source").is_visible()
