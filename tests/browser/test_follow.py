"""What follows a class: when it has its part of the page run again, and how long it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

FOLLOW = """async ({seen, answers}) => {
  const {Follow} = await import('/follow/follow.js');
  let clock = 0, sent = 0;
  const ask = async () => {
    const answer = answers.shift();
    if (answer === null) throw new Error('no answer');
    return answer;
  };
  const data = {address: 'news', seen, every: 1000};
  const follow = new Follow(data, () => sent++, {ask, now: () => clock});
  const found = [];
  while (answers.length) {
    const wait = await follow.ask();
    found.push([sent, wait]);
    clock += wait;
  }
  return found;
}"""


def asked(modules: Page, seen: str, *answers: str | None) -> tuple[list[int], list[float]]:
    """How often the part was to run again after each answer, and the waits."""
    found: list[Any] = modules.evaluate(FOLLOW, {"seen": seen, "answers": list(answers)})
    return [sent for sent, _ in found], [wait for _, wait in found]


def test_only_the_words_that_a_part_shows_are_news_to_it(modules: Page) -> None:
    assert asked(modules, "1 a", "1 a 5 6", "1 a 6 6", "2 a 0 6")[0] == [0, 0, 1]
    assert asked(modules, "1 a 5 6", "1 a 5 6", "1 a 6 6")[0] == [0, 1]


def test_the_same_news_is_told_again_only_after_some_seconds(modules: Page) -> None:
    """A run may take longer than the next question; one that was lost is asked for again."""
    sent, _ = asked(modules, "1 a", *["2 a"] * 8)
    assert sent[:4] == [1, 1, 1, 1]
    assert sent[-1] == 2


def test_without_an_answer_it_asks_ever_more_seldom_and_then_as_before(modules: Page) -> None:
    _, waits = asked(modules, "1 a", "1 a", *[None] * 6, "1 a")
    assert all(800 <= wait <= 1200 for wait in (waits[0], waits[-1]))
    assert waits[6] > 6400 * 0.9
    assert max(waits) <= 8000 * 1.2
