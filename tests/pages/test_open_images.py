"""Pictures open: in the lens, on Overview, and as the ends of a walk."""

from __future__ import annotations

import pytest

from pages.ui.explore import walks
from tests.pages.app import MODELS, assert_sound, go, lens_facts, lens_state, open_page

BY_ID = {run.id: run for run in MODELS}
DIGITS = BY_ID["digits-2d"]


@pytest.mark.parametrize("run", [DIGITS, BY_ID["mnist-2d"]], ids=lambda run: run.id)
def test_another_image_of_a_class_goes_through_all_of_them(run: object) -> None:
    labels = BY_ID[getattr(run, "id")].codes().labels  # noqa: B009
    of_class = (labels == 3).nonzero().flatten().tolist()
    seen, index = [], -1
    for _ in of_class:
        index = walks.next_of(labels, index, 3)
        seen.append(index)
    assert seen == of_class
    assert walks.next_of(labels, index, 3) == of_class[0]


def test_the_ends_of_a_walk_are_chosen_by_class() -> None:
    app, labels = open_page("walks.py", DIGITS), DIGITS.codes().labels
    app.selectbox(key="from-class").set_value(3).run()
    assert_sound(app)
    first = app.number_input(key="from").value
    assert labels[first] == 3
    app.button(key="from-another").click().run()
    assert labels[app.number_input(key="from").value] == 3
    assert app.number_input(key="from").value != first
    app.number_input(key="from").set_value(0).run()
    assert app.selectbox(key="from-class").value == int(labels[0])


def test_an_image_near_z_opens_in_the_lens() -> None:
    app = open_page("overview.py", DIGITS)
    shown = app.pills(key="open-here").options
    assert len(shown) == 12
    index = int(shown[5].split()[-1])
    before = lens_state(app).image
    app.pills(key="open-here").set_value(index).run()
    assert_sound(app)
    assert index != before
    assert lens_state(app).image == index
    assert lens_facts(app)["state"]["image"] == index
    assert not app.pills(key="open-here").value


def test_a_link_to_an_image_opens_it_though_another_was_left_in_the_lens() -> None:
    app = open_page("overview.py", DIGITS, image="7")
    assert lens_state(app).image == 7
    go(app, "kl.py")
    app.query_params["image"] = "9"
    assert lens_facts(go(app, "overview.py"))["state"]["image"] == 9
    assert lens_facts(go(go(app, "kl.py"), "sliders.py"))["state"]["image"] == 9


def test_an_image_next_to_the_result_of_arithmetic_has_doors() -> None:
    app = open_page("walks.py", DIGITS)
    index = int(app.pills(key="open-image").options[0].split()[-1])
    before = [link.proto.label for link in app.get("page_link")]
    app.pills(key="open-image").set_value(index).run()
    assert_sound(app)
    new = {link.proto.label for link in app.get("page_link")} - set(before)
    assert new <= {f"Image {index} on Overview", f"Walk from image {index}"}
    assert f"Walk from image {index}" in new
