"""The plane of rate and distortion: who stands on it, and where equal ELBOs lie."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pages.ui.library import listing
from tests.pages.app import MODELS, assert_sound, charts, numbers, open_page
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
    assert figure.layout.xaxis.title.text == "rate, nats per image"


def test_runs_of_a_sweep_are_joined_and_the_chosen_one_is_ringed() -> None:
    named = by_name(rate_distortion(TABLE, "c").data)
    assert list(named["sweep s"].x) == [1.0, 9.0]
    assert named["sweep s"].mode == "lines+markers"
    assert list(named["other runs"].x) == list(named["chosen model"].x) == [4.0]
    assert "chosen model" not in by_name(rate_distortion(TABLE, "elsewhere").data)


def test_names_that_would_cover_another_are_left_to_hovering() -> None:
    crowd = pd.concat([TABLE.iloc[[0]]] * 12, ignore_index=True)
    names = [note.text for note in rate_distortion(crowd).layout.annotations]
    assert 1 <= names.count("low") <= 4
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
        assert drawn == (metrics.rate, metrics.distortion)
    assert ("sweep MNIST, beta" in plane) == (run.config.data.name == "mnist")
    assert "nats are not comparable" in app.caption[-1].value
    rows = app.dataframe[0].value
    assert np.allclose(rows["distortion"] + rows["rate"], rows["negative ELBO"])
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
