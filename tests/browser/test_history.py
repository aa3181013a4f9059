"""Back and forward: a step for each page, which opens as it was left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

STEPS = """async (moves) => {
  const {keepSteps} = await import('/history/history.js');
  const steps = ['http://room/posteriors'], location = {};
  Object.defineProperty(location, 'href', {get: () => steps.at(-1)});
  const go = (address) => new URL(address, location.href).href;
  const history = {
    pushState: (state, unused, address) => steps.push(go(address)),
    replaceState: (state, unused, address) => { steps[steps.length - 1] = go(address); },
  };
  let now = 0;
  for (const _ of [1, 2]) keepSteps({history, location}, () => now); // once, however often asked
  for (const [kind, address, later] of moves) {
    now += later ?? 0;
    history[kind]({}, '', address);
  }
  return steps.map((step) => step.replace('http://room', ''));
}"""


def steps(modules: Page, *moves: tuple[Any, ...]) -> list[str]:
    found: list[str] = modules.evaluate(STEPS, [list(move) for move in moves])
    return found


def test_what_is_set_on_a_page_is_no_step(modules: Page) -> None:
    moves = [("pushState", "?z=1"), ("replaceState", "?z=1&points=none"), ("pushState", "?z=2")]
    assert steps(modules, *moves) == ["/posteriors?z=2"]


def test_a_page_that_is_left_keeps_its_parameters(modules: Page) -> None:
    moves = [
        ("replaceState", "?points=draws&run=20-D"),
        ("pushState", "/posteriors?run=20-D"),
        ("pushState", "/kl?run=20-D", 500),
    ]
    assert steps(modules, *moves) == ["/posteriors?points=draws&run=20-D", "/kl?run=20-D"]


def test_a_choice_taken_back_long_before_is_not_brought_back(modules: Page) -> None:
    moves = [("replaceState", "?z=1"), ("pushState", "/posteriors"), ("pushState", "/kl", 9000)]
    assert steps(modules, *moves) == ["/posteriors", "/kl"]


def test_parameters_that_change_are_not_those_of_a_page_that_is_left(modules: Page) -> None:
    moves = [("replaceState", "?z=1"), ("pushState", "?z=2"), ("pushState", "/kl", 10)]
    assert steps(modules, *moves) == ["/posteriors?z=2", "/kl"]
