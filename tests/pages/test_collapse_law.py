"""The law of collapse on Diagnostics: its chart, its choice of models, its numbers."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from pages.ui.library import listing
from pages.ui.measure import collapse_law, remedies
from tests.pages.app import MODELS, assert_sound, charts, open_page
from vae_core.figures import collapse_curves

RUNS = {run.id: run for run in MODELS}


def test_the_law_is_shown_over_each_sweep_and_for_one_model() -> None:
    app = open_page("diagnostics.py", RUNS["digits-2d"], diagnosis="Collapse law")
    assert_sound(app)
    box = app.selectbox(key="collapse_runs")
    assert {"Digits, linear", "Digits, MLP", collapse_law.ALONE} <= set(box.options)
    for name in ("Digits, linear", "Digits, MLP", collapse_law.ALONE):
        app.selectbox(key="collapse_runs").set_value(name).run()
        assert_sound(app)
        assert len(charts(app)) == 1
        told = {metric.label: metric.value for metric in app.metric}
        assert float(told["All is lost at λ₁, by the law"]) > 0.0


def test_a_model_without_the_law_shows_that_of_others() -> None:
    app = open_page("diagnostics.py", RUNS["mnist-dirichlet-3"], diagnosis="Collapse law")
    assert_sound(app)
    assert collapse_law.ALONE not in app.selectbox(key="collapse_runs").options
    assert "no such law for MNIST Dirichlet 3" in app.info[0].value


LAW = pd.DataFrame(
    {
        "rank": [1, 2, 1, 2],
        "level": [1.0, 1.0, 4.0, 4.0],
        "eigenvalue": [3.0, 2.0, 3.0, 2.0],
        "predicted": [0.55, 0.35, 0.0, 0.0],
        "kl": [0.5, 0.3, 0.0, 0.0],
        "standard_error": [0.01] * 4,
    }
)
POINTS = pd.DataFrame(
    {"rank": [1, 2], "predicted": [3.0, 2.0], "last": [1.0, 1.0], "first": [4.0, math.nan]}
)


def test_curves_of_the_law_end_at_zero_where_the_diamonds_are() -> None:
    figure = collapse_curves(LAW, POINTS, "level", chosen=4.0)
    curves = [trace for trace in figure.data if trace.legendgroup == "law"]
    for curve, end in zip(curves, POINTS["predicted"], strict=True):
        assert curve.x[-1] == pytest.approx(end)
        assert curve.y[-1] == pytest.approx(0.0)
    diamonds = next(trace for trace in figure.data if trace.name == "law: collapses at")
    assert list(diamonds.x) == [3.0, 2.0]


def test_the_largest_deviation_is_that_of_the_first_dimensions() -> None:
    assert collapse_law.deviation(LAW) == pytest.approx(0.05)
    assert collapse_law.told(LAW, POINTS)["Measured: between"] == "1 and 4"


def test_remedies_stand_beside_plain_training() -> None:
    table = remedies.table(listing.remedies())
    assert table["trained with"].tolist() == ["plain", "encoder steps", "free bits", "warm-up"]
    assert table[remedies.DIFFERENCE].iloc[0] == "0.00"
    assert table[remedies.DIFFERENCE].iloc[1:].str.contains("±").all()
    assert table[remedies.USED].between(1, 12).all()


def test_sweeps_of_the_law_are_those_over_the_level_alone() -> None:
    assert set(listing.laws()) == {"Digits, linear", "Digits, MLP"}
