"""A sketch of a figure has the figure's own numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from numpy.typing import NDArray

from tests.samples import ROOT
from vae_core import RunStore
from vae_core.analysis import rate_table
from vae_core.figures import kl_bars
from vae_core.figures.sketch import numbers, sketch
from vae_core.figures.theme import axes, drawn, panels

BARS = {"type": "bar", "x": ["a", "b", "c"]}


def sketched(figure: go.Figure) -> dict[str, Any]:
    found = sketch(figure.to_dict())
    assert found is not None
    return found


def rectangles(shape: dict[str, Any]) -> NDArray[np.float64]:
    return np.array(shape["at"]).reshape(-1, 4)


def test_bars_are_as_high_as_the_numbers_they_show() -> None:
    codes = RunStore(ROOT / "assets" / "models").load("digits-2d").codes()
    (panel,) = sketched(kl_bars(rate_table(codes)))["panels"]
    bars = np.concatenate([rectangles(shape) for shape in panel["shapes"]])
    high = bars[:, 3] - bars[:, 1]
    np.testing.assert_allclose(np.sort(high), np.sort(rate_table(codes)["kl"]), rtol=1e-4)
    assert panel["y"]["range"][1] > high.max()
    assert "nats" in panel["y"]["title"]


@pytest.mark.parametrize("orientation", ["v", "h"])
def test_stacked_bars_stand_upon_each_other_and_below_zero_hang_from_each_other(
    orientation: str,
) -> None:
    sizes = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, -2.0]])
    names = ["a", "b", "c"]
    traces = [
        {"type": "bar", "orientation": orientation, "x": each, "y": names}
        if orientation == "h"
        else BARS | {"y": each}
        for each in sizes.tolist()
    ]
    (panel,) = sketched(drawn(traces, 200, barmode="relative"))["panels"]
    first, second = (rectangles(shape) for shape in panel["shapes"])
    low, high = (1, 3) if orientation == "v" else (0, 2)
    np.testing.assert_allclose(first[:, high] - first[:, low], sizes[0])
    np.testing.assert_allclose(second[:, low], [1.0, 0.0, -1.0])
    np.testing.assert_allclose(second[:, high], [1.5, -3.0, -3.0])


def test_bars_of_groups_stand_beside_each_other() -> None:
    traces = [BARS | {"y": [1.0, 2.0, 3.0], "name": name} for name in "pq"]
    found = sketched(drawn(traces, 200))
    first, second = (rectangles(shape) for shape in found["panels"][0]["shapes"])
    assert (first[:, 2] <= second[:, 0] + 1e-9).all()
    assert [name for name, _ in found["legend"]] == ["p", "q"]
    assert [text for _, text in found["panels"][0]["x"]["ticks"]] == ["a", "b", "c"]


def test_lines_and_points_lie_where_they_are_with_gaps_and_decades() -> None:
    x, y = [1.0, 10.0, 1000.0], [2.0, np.nan, 5.0]
    trace = {"type": "scatter", "mode": "lines+markers", "x": x, "y": y}
    (panel,) = sketched(drawn([trace], 200, across={"type": "log"}))["panels"]
    line, dots = panel["shapes"]
    assert line["at"] == dots["at"] == [0.0, 2.0, 1.0, None, 3.0, 5.0]
    low, high = panel["x"]["range"]
    assert low <= 0.0 < 3.0 <= high
    assert panel["x"]["log"]


def test_packed_numbers_and_ranges_that_are_asked_for_are_kept() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 50))
    trace = {"type": "scattergl", "mode": "markers", "x": x, "y": y, "marker": {"color": "#123456"}}
    figure = drawn([trace], 200, across={"range": [-4, 4]}, up={"range": [5, -5]})
    (panel,) = sketched(figure)["panels"]
    np.testing.assert_allclose(panel["shapes"][0]["at"], np.stack([x, y], 1).ravel(), rtol=1e-4)
    assert (panel["x"]["range"], panel["y"]["range"]) == ([-4.0, 4.0], [5.0, -5.0])
    np.testing.assert_array_equal(numbers(figure.to_dict()["data"][0]["x"]), x)


def test_every_panel_has_its_own_axes_and_traces() -> None:
    traces = [BARS | {"y": [1.0, 1.0, k]} | axes(k) for k in (1, 2)]
    found = sketched(drawn(traces, 300, on=panels(1, 2)))
    assert [panel["name"] for panel in found["panels"]] == ["x", "x2"]
    assert found["panels"][0]["x"]["domain"][1] < found["panels"][1]["x"]["domain"][0]


@pytest.mark.parametrize(
    "trace",
    [
        {"type": "heatmap", "z": [[1.0]]},
        {"type": "scatter", "x": [1], "y": [1], "fill": "tozeroy"},
        {"type": "scatter", "mode": "markers", "x": [1], "y": [1], "marker": {"color": [0.5]}},
    ],
    ids=["heatmap", "area", "scale of colours"],
)
def test_what_cannot_be_drawn_truly_is_not_sketched(trace: dict[str, Any]) -> None:
    assert sketch(drawn([trace], 200).to_dict()) is None
    assert sketch(drawn([], 200).to_dict()) is None


def test_texts_are_without_tags() -> None:
    trace = BARS | {"y": [1, 2, 3], "name": "<b>p</b> &lt;q&gt;"}
    found = sketched(drawn([trace, trace | {"name": "r"}], 200, "one<br>two"))
    assert found["legend"][0][0] == "p <q>"
    assert found["panels"][0]["x"]["title"] == "one\ntwo"


def test_places_that_are_not_given_are_counted() -> None:
    given, counted = (
        sketch(go.Figure(go.Scatter(**some)).to_plotly_json())
        for some in ({"x": [0, 1, 2], "y": [3, 1, 2]}, {"y": [3, 1, 2]})
    )
    assert given == counted


def test_a_name_stands_as_far_from_its_point_as_in_the_figure() -> None:
    note = {"x": 1.0, "y": 2.0, "text": "name", "xshift": 30.0, "yshift": -9.0, "showarrow": False}
    figure = drawn([{"type": "scatter", "x": [1.0], "y": [2.0]}], 300, annotations=[note])
    (found,) = sketched(figure)["notes"]
    assert (found["at"], found["shift"]) == ([1.0, 2.0], [30.0, -9.0])
