"""Gaps of several models beside each other, and all true posteriors on one plane."""

from __future__ import annotations

import numpy as np
import pytest

from pages.ui.measure import model_gaps, truth
from tests.pages.app import MODELS, assert_sound, charts, open_page
from tests.pages.test_truth import TABLE
from vae_core.figures.gap_split import gap_split
from vae_core.figures.posterior_mass import posterior_maps

RUNS = {run.id: run for run in MODELS}
OTHER = TABLE.assign(
    log_evidence=TABLE["log_evidence"] + 2.0, approximation_gap=TABLE["approximation_gap"] + 2.0
)
TABLES = {"one": TABLE, "other": OTHER}


def test_means_of_both_parts_of_every_model() -> None:
    means = model_gaps.means(TABLES)
    assert means["approximation_gap"][0] == pytest.approx(0.5)
    assert means["approximation_gap_error"][0] == pytest.approx(0.5 / np.sqrt(3))
    assert means["approximation_gap"][1] == pytest.approx(2.5)
    figure = gap_split(means)
    assert [list(bar.y) for bar in figure.data] == [["one", "other"]] * 2
    assert figure.data[0].error_x.array[0] == pytest.approx(means["amortisation_gap_error"][0])


def test_models_are_compared_on_the_same_images() -> None:
    words = model_gaps.in_words(TABLES)
    assert words["less the first model's"].tolist() == ["", "−2.00"]  # without an error: all alike
    assert words["−log p(x)"][0] == "110.00 ± 5.77"
    assert words[truth.TITLES["approximation_gap"]].tolist() == ["0.50 ± 0.29", "2.50 ± 0.29"]


def test_models_of_other_pixels_or_many_dimensions_are_no_peers() -> None:
    found = model_gaps.peers(RUNS["mnist-2d"])
    ids = [run.id for run in found.values()]
    assert ids[0] == "mnist-2d"
    assert {"mnist-conv-2d", "mnist-full-2d"} <= set(ids)
    assert not {"digits-2d", "mnist-20d", "mnist-ae-2d", "mnist-ones-2d"} & set(ids)


def test_maps_share_their_scale_and_their_plane() -> None:
    maps = {name: np.full((4, 4), k + 1.0) for k, name in enumerate("abc")}
    figure = posterior_maps(maps, np.arange(4.0), ("z0", "z1"))
    assert {heat.zmax for heat in figure.data} == {3.0}
    assert [heat.name for heat in figure.data] == list("abc")
    assert figure.layout.yaxis2.scaleanchor == "x2"


def test_the_page_shows_all_true_posteriors_and_other_models() -> None:
    app = open_page("bounds.py", RUNS["digits-2d"], truth="true")
    app.select_slider(key="bound_images").set_value(50)
    app.select_slider(key="bound_draws").set_value(10)
    app.toggle(key="truth").set_value(True).run()
    app.toggle(key="together").set_value(True)
    app.toggle(key="model_gaps").set_value(True).run()
    assert_sound(app)
    maps = charts(app)[2]["data"]
    assert [one["name"] for one in maps] == ["mean of p(z | x)", "mean of q(z | x)", "prior p(z)"]
    assert any("no other model" in caption.value for caption in app.caption)
