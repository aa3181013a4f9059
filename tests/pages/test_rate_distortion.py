"""The plane of rate and distortion: who stands on it, and where equal ELBOs lie."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pages.ui.compare import rate_distortion_text as text
from pages.ui.library import listing
from tests.pages.app import MODELS, assert_sound, charts, numbers, open_page
from vae_core.comparison import Best, Point
from vae_core.figures import rate_distortion, sweep_curve

SOME = [run for run in MODELS if run.id in ("mnist-2d", "mnist-ae-2d", "digits-map")]
TABLE = pd.DataFrame(
    {
        "run": ["low", "high", "alone"],
        "sweep": ["s", "s", None],
        "rate": [1.0, 9.0, 4.0],
        "distortion": [120.0, 100.0, 130.0],
        "negative_elbo": [121.0, 109.0, 134.0],
    },
    index=["a", "b", "c"],
)


def by_name(traces: list) -> dict:
    named = [trace for trace in traces if "name" in trace]
    return {trace["name"]: trace for trace in named}


def test_lines_of_equal_elbo_have_slope_minus_one_and_their_sum_beside_them() -> None:
    figure = rate_distortion(TABLE, "c")
    lines = [trace for trace in figure.data if trace.legendgroup == "iso"]
    assert 3 <= len(lines) <= 14
    for line in lines:
        sums = np.array(line.x) + np.array(line.y)
        assert sums[0] == pytest.approx(sums[1])
    levels = {float(note.text) for note in figure.layout.annotations if note.text.isdigit()}
    assert levels <= {round(line.x[0] + line.y[0], 6) for line in lines}
    assert len(levels) >= 3
    assert {note.font.color for note in figure.layout.annotations} == {None}  # the page's ink
    assert figure.layout.xaxis.title.text == "rate, nats per image"


def test_runs_of_a_sweep_are_joined_and_the_chosen_one_is_ringed() -> None:
    named = by_name(rate_distortion(TABLE, "c").data)
    assert list(named["sweep s"].x) == [1.0, 9.0]
    assert named["sweep s"].mode == "lines+markers"
    assert list(named["other runs"].x) == list(named["chosen model"].x) == [4.0]
    assert "chosen model" not in by_name(rate_distortion(TABLE, "elsewhere").data)


def test_no_name_but_the_chosen_ones_is_over_an_axis_of_a_phone() -> None:
    many = pd.concat([TABLE.assign(run=f"{TABLE['run'].iloc[0]} {'x' * n}") for n in range(20)])
    many = many.reset_index(drop=True)
    many["rate"] += np.arange(len(many)) * 0.7
    figure = rate_distortion(many)
    (low, high), wide = figure.layout.xaxis.range, 275.0
    notes = [note for note in figure.layout.annotations if note.text.startswith("low")]
    assert notes
    for note in notes:
        middle = (note.x - low) / (high - low) * wide + note.xshift
        half = 7.6 * len(note.text) / 2
        assert -0.01 <= middle - half <= middle + half <= wide + 0.01


SEEDS = TABLE.assign(
    n_seeds=[3, 3, 1],
    rate_sd=[0.5, 2.0, math.nan],
    distortion_sd=[8.0, 0.25, math.nan],
    negative_elbo_sd=[0.5, 20.0, math.nan],
    standard_error=[0.1, 0.2, 0.3],
)


def test_points_of_several_seeds_have_bars_that_fit_on_the_plane() -> None:
    figure = rate_distortion(SEEDS)
    named = by_name(figure.data)
    assert list(named["sweep s"].error_x.array) == [0.5, 2.0]
    assert list(named["sweep s"].error_y.array) == [8.0, 0.25]
    assert named["sweep s"].customdata[0][0] == "low, mean of 3 seeds"
    assert named["other runs"].error_x.array is None
    assert named["other runs"].customdata[0][0] == "alone"
    assert figure.layout.yaxis.range[1] > 130.0
    assert figure.layout.xaxis.range[1] > 11.0
    none = by_name(rate_distortion(TABLE).data)
    assert none["sweep s"].error_y.array is None


def test_bars_of_the_sweep_curve_fit_and_are_there_for_seeds_alone() -> None:
    swept = SEEDS[:2].assign(beta=[0.5, 2.0])
    figure = sweep_curve(swept, "beta")
    assert list(figure.data[0].error_y.array) == [0.5, 20.0]
    assert figure.layout.yaxis.range[1] > 129.0
    assert figure.data[1].text == ("lowest at 2",)
    alone = sweep_curve(swept.drop(columns=["n_seeds", "negative_elbo_sd"]), "beta")
    assert alone.data[0].error_y.array is None


def test_the_table_names_its_columns_and_shows_seeds_where_there_are_several() -> None:
    shown = text.shown(SEEDS.assign(beta=1.0))
    assert {"effective β", "± over images", "seeds", "sd over seeds"} < set(shown)
    assert shown["sweep"].tolist() == ["s", "s", ""]
    assert text.seeds_note(SEEDS)
    single = SEEDS.assign(n_seeds=1)
    assert not {"seeds", "sd over seeds"} & set(text.shown(single))
    assert text.seeds_note(single) == ""
    assert text.over("beta", single) == "Runs that differ in beta alone"
    assert text.over("beta", SEEDS) == "Runs that differ in beta, 1 to 3 seeds for each value"
    assert text.over("lr", SEEDS[:2]) == "Runs that differ in lr, 3 seeds for each value"


def test_the_note_names_the_best_and_what_is_equal_to_it_or_not_known() -> None:
    first, second, third = (Point((run,)) for run in SOME)
    alone = text.best_note(Best(first, (), ()))
    assert f"Lowest negative ELBO: {first.first.title}, " in alone
    assert "Every other is higher by more than 2 standard errors" in alone
    assert "another seed gives other weights" in alone
    both = text.best_note(Best(first, (second,), (third,)))
    assert f"{second.first.title} is equal to it within 2 standard errors" in both
    assert f"Of {third.first.title} the error is not known" in both
    assert "Every other" not in both
    many = text.best_note(Best(first, (second,) * 7, ()))
    assert "and 2 more are equal to it" in many
    assert text.best_note(None) == ""


def test_names_that_would_cover_another_are_left_to_hovering() -> None:
    crowd = pd.concat([TABLE.iloc[[0]]] * 12, ignore_index=True)
    names = [note.text for note in rate_distortion(crowd).layout.annotations]
    assert 1 <= names.count("low") <= 4
    last = crowd.assign(run=[*["low"] * 11, "mine"])
    assert "mine" in [note.text for note in rate_distortion(last, chosen=11).layout.annotations]
    names = [note.text for note in rate_distortion(TABLE).layout.annotations]
    assert {"low", "high", "alone"} <= set(names)


def test_ways_over_epochs_fit_on_the_plane() -> None:
    ways = pd.DataFrame(
        {"run": ["low"] * 2, "epoch": [1, 2], "rate": [0.0, 1.0], "distortion": [200.0, 120.0]}
    )
    figure = rate_distortion(TABLE, epochs=ways)
    assert figure.layout.yaxis.range[1] > 200.0
    assert any(list(trace.y) == [200.0, 120.0] for trace in figure.data)


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        ([0.1, 1.0, 32.0], "log", "lowest at 1"),
        ([0.0, 1.0, 2.0], None, "lowest at 1"),
        (["full", "laplace", "x"], "category", "lowest at laplace"),
    ],
)
def test_the_lowest_of_a_sweep_is_marked(values: list, kind: str | None, said: str) -> None:
    table = pd.DataFrame({"thing": values, "negative_elbo": [5.0, 3.0, 9.0]})
    figure = sweep_curve(table, "thing")
    assert figure.layout.xaxis.type == kind
    assert list(figure.data[1].y) == [3.0]
    assert figure.data[1].text == (said,)


@pytest.mark.parametrize(("nats", "place"), [([1, 2, 3], "right"), ([3, 2, 1], "left")])
def test_the_label_of_the_lowest_is_within_the_chart_at_its_ends(nats: list, place: str) -> None:
    table = pd.DataFrame({"beta": [0.5, 1.0, 4.0], "negative_elbo": nats})
    assert sweep_curve(table, "beta").data[1].textposition == f"bottom {place}"


@pytest.mark.parametrize("run", SOME, ids=lambda run: run.id)
def test_only_what_is_measured_like_the_chosen_run_is_drawn(run) -> None:
    app = open_page("rate_distortion.py", run)
    assert_sound(app)
    plane = by_name(charts(app)[0]["data"])
    metrics = run.metrics()
    if not metrics.has_rate:
        assert "chosen model" not in plane
        assert any("no place here" in info.value for info in app.info)
    else:
        at = plane["chosen model"]
        drawn = (float(numbers(at["x"])[0]), float(numbers(at["y"])[0]))
        assert drawn == pytest.approx((metrics.rate, metrics.distortion), abs=0.01)
    assert ("sweep MNIST, beta" in plane) == (run.config.data.name == "mnist")
    assert "nats are not comparable" in app.caption[-1].value
    rows = app.dataframe[0].value
    printed = rows[["distortion", "rate", "negative ELBO"]].map("{:.2f}".format).astype(float)
    assert np.allclose(printed["distortion"] + printed["rate"], printed["negative ELBO"])
    assert (rows["± over images"] > 0).all()
    assert "seeds" not in rows
    assert any("Lowest negative ELBO: " in c.value for c in app.caption)
    app.toggle(key="ways").set_value(True).run()
    assert_sound(app)
    assert len(charts(app)[0]["data"]) > len(plane)


def test_the_sweep_on_the_page_has_its_lowest_point_at_beta_one() -> None:
    app = open_page("rate_distortion.py", "MNIST 2-D")
    *_, lowest = charts(app)[1]["data"]
    assert numbers(lowest["x"])[0] == 1.0
    assert any("KL = 0" in text.value for text in app.markdown)


def test_other_groups_are_one_choice_away() -> None:
    app = open_page("rate_distortion.py", "MNIST 2-D")
    (box,) = [box for box in app.selectbox if box.label == "Measured on"]
    assert box.options[0] == "mnist, 10,000 grey test images, Bernoulli cross-entropy"
    for k in range(1, len(box.options)):
        (box,) = [box for box in app.selectbox if box.label == "Measured on"]
        box.set_value(box.options[k]).run()
        assert_sound(app)
        assert not math.isnan(app.dataframe[0].value["rate"].sum())


def test_sweeps_that_ship_are_not_in_the_picker() -> None:
    app = open_page("overview.py")
    assert not any("beta" in option for option in app.selectbox(key="run").options)
    shipped = listing.sweeps()["MNIST, beta"]
    assert [run.config.train.beta for run in shipped] == [0.1, 0.5, 1, 2, 4, 8, 16, 32]
