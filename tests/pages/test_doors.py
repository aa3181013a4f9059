"""Where one is: the title, the question, the tab and the next door of every page."""

from __future__ import annotations

import pytest

from pages.ui.session.doors import DOORS, after, door_of
from tests.pages.app import MODELS, PAGES, open_page

RUNS = {run.id: run for run in MODELS}


def test_every_page_has_one_door_with_a_question_of_its_own() -> None:
    assert sorted(door.script for door in DOORS) == PAGES
    for part in ("title", "question", "url_path"):
        assert len({getattr(door, part) for door in DOORS}) == len(DOORS)
    assert all(door.question.endswith("?") for door in DOORS)
    menus = [door.menu for door in DOORS]
    assert max(menus.count(menu) for menu in menus) <= 6


def test_next_leads_through_all_pages_once() -> None:
    door, seen = DOORS[0], []
    while door:
        seen.append(door)
        door = after(door)
    assert tuple(seen) == DOORS


def test_the_tab_names_page_model_and_app() -> None:
    run = RUNS["mnist-20d"]
    assert door_of("kl").tab(run) == "KL · MNIST 20-D · ELBO Room"
    assert door_of("train").tab(run) == "Train · ELBO Room"
    assert door_of("").tab(None) == "Overview · ELBO Room"


@pytest.mark.parametrize("page", ["kl.py", "train.py"])
def test_a_page_says_where_one_is_and_where_to_go(page: str) -> None:
    app = open_page(page, RUNS["digits-2d"])
    door = next(door for door in DOORS if door.script == page)
    (heading,) = [e.proto.body for e in app.get("html") if "<h1" in e.proto.body]
    assert door.title in heading
    assert door.question in heading
    link = app.get("page_link")[-1].proto
    following = after(door)
    assert following is not None
    assert link.label == f"Next: {following.title}. {following.question}"


def test_a_page_that_stops_has_a_next_door_all_the_same() -> None:
    app = open_page("kl.py", RUNS["mnist-ae-2d"])
    assert app.get("page_link")[-1].proto.label.startswith("Next: Aggregate")
