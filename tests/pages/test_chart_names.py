"""Charts have names for readers who do not see them."""

from __future__ import annotations

import pytest

from pages.ui.drawing.charts import label
from tests.pages.app import assert_sound, open_page, the_component
from vae_core.figures.theme import drawn, named, panels


def test_a_chart_is_named_by_what_is_up_and_what_is_across() -> None:
    figure = drawn([], 100, "rate,<br>nats", "distortion")
    assert label(figure.to_dict()) == "Chart: distortion over rate, nats"


def test_panels_with_titles_of_their_own_are_all_named_once() -> None:
    figure = drawn(
        [], 100, "epoch", on=panels(1, 2), **named("y", 1, title="loss"),
        **named("y", 2, title={"text": "rate"}),
    )  # fmt: skip
    assert label(figure.to_dict()) == "Chart: loss and rate over epoch"


def test_a_chart_without_axes_is_named_by_its_panels() -> None:
    figure = drawn([], 100, on=panels(1, 2, subplot_titles=("sees", "<b>changes</b>")))
    assert label(figure.to_dict()) == "Chart: sees, changes"


@pytest.mark.parametrize("page", ["kl.py", "rate_distortion.py", "bounds.py"])
def test_the_name_goes_to_the_page_with_the_chart(page: str) -> None:
    app = open_page(page, "Digits 2-D")
    assert_sound(app)
    assert '"label": "Chart: ' in the_component(app, "save").proto.json.replace('":"', '": "')
