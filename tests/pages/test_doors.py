"""Where one is: the title, the question, the tab and the next door of every page."""

from __future__ import annotations

import pytest

from pages.ui.session import menus
from pages.ui.session.doors import DOORS, after, door_of, views
from tests.pages.app import MODELS, PAGES, open_page

RUNS = {run.id: run for run in MODELS}


def test_every_page_has_one_door_with_a_question_of_its_own() -> None:
    assert sorted(door.script for door in DOORS) == PAGES
    for part in ("title", "question", "url_path"):
        assert len({getattr(door, part) for door in DOORS}) == len(DOORS)
    assert all(door.question.endswith("?") for door in DOORS)
    in_menus = [door.menu for door in DOORS if not door.view_of]
    assert max(in_menus.count(menu) for menu in in_menus) <= 6


def test_next_leads_through_all_pages_once() -> None:
    door, seen = DOORS[0], []
    while door:
        seen.append(door)
        door = after(door)
    assert tuple(seen) == DOORS


def test_the_tab_names_page_model_and_app() -> None:
    run = RUNS["mnist-20d"]
    assert door_of("kl").tab(run) == "KL · MNIST 20-D · ELBO Room"
    assert door_of("train").tab(run) == "New model · ELBO Room"
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


def test_menus_stand_in_teaching_order_and_a_view_has_no_door_there() -> None:
    assert menus.names() == ["", "Learn", "Train", "Explore", "Measure", "Compare"]
    assert [door.url_path for door in views(door_of("locality"))] == ["feature-map", "locality"]
    assert views(door_of("kl")) == views(door_of("")) == []


def test_doors_of_pages_that_cannot_show_the_model_are_greyed() -> None:
    def greyed(run_id: str) -> set[str]:
        app = open_page("posteriors.py", RUNS[run_id])
        bodies = [e.proto.body for e in app.get("html")]
        return {
            door.url_path
            for door in DOORS
            if any(menus.link(door) + "{opacity" in b for b in bodies)
        }

    assert greyed("mnist-2d") == {"feature-map", "locality"}
    assert greyed("mnist-map") == set()
    assert greyed("mnist-ae-2d") == {"feature-map", "locality", "kl", "aggregate", "bounds"}


def test_a_page_with_views_links_them_and_marks_the_open_one() -> None:
    app = open_page("locality.py", RUNS["mnist-map"])
    first, second = (link.proto for link in app.get("page_link")[:2])
    assert [first.label, first.disabled] == ["Move cells", False]
    assert [second.label, second.disabled] == ["**Locality**", True]


@pytest.mark.parametrize(
    ("page", "run", "said", "query"),
    [
        ("posteriors.py", "mnist-2d", "KL. What does each dimension cost?", ""),
        ("posteriors.py", "mnist-ae-2d", "KL of MNIST 2-D. What does each dimension cost?", "run"),
        ("kl.py", "digits-2d", "Feature map of Digits feature map. What does each cell", "run"),
        ("kl.py", "mnist-map", "Feature map. What does each cell hold?", ""),
    ],
)
def test_a_question_leads_to_another_page_with_a_model_that_it_can_show(
    page: str, run: str, said: str, query: str
) -> None:
    link = open_page(page, RUNS[run]).get("page_link")[-2].proto
    assert link.label.startswith(said)
    assert query in link.query_string
    assert bool(query) == bool(link.query_string)
