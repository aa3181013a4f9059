"""Figures of bounds, and of one latent dimension on a line."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.pages.app import VAES
from vae_core.figures import (
    Ellipse,
    bound_curve,
    posterior_line,
    posterior_plane,
)

UNIT = "nats per image"
ADDITIVE = [run for run in VAES if run.codes().family.is_additive]
TILTED = np.array([[2.0, 0.9], [0.9, 0.5]])


def pixels(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)))


def titles(figure: go.Figure) -> str:
    return f"{figure.layout.xaxis.title.text} | {figure.layout.yaxis.title.text}"


def points(n: int = 300, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 10, n)
    return pd.DataFrame(
        {"x": rng.normal(size=n), "y": rng.normal(size=n), "label": label}
        | {"name": label.astype(str), "index": np.arange(n)}
    )


def plane(**changes: object) -> go.Figure:
    ellipses = [Ellipse(k, f"class {k}", np.array([k / 10, 0.0]), TILTED) for k in range(3)]
    return posterior_plane(points(), ellipses, ("z0", "z1"), **changes)


BOUND_TABLE = pd.DataFrame(
    {"n_importance": [1, 10], "negative_bound": [105.0, 101.0], "standard_error": [5.5, 5.25],
     "gap": [0.25, 4.0], "gap_error": [0.125, 0.5]}
)  # fmt: skip


def test_bounds_are_drawn_beside_the_elbo_and_the_number_that_is_none() -> None:
    bound, elbo, at_mean = bound_curve(BOUND_TABLE, 105.25, 96.0).data
    np.testing.assert_allclose(bound.y, [105.0, 101.0])
    np.testing.assert_allclose(bound.error_y.array, [0.125, 0.5])
    assert "± of its gap" in bound.name
    np.testing.assert_allclose(bound.customdata, [[5.5, 0.25, 0.125], [5.25, 4.0, 0.5]])
    assert elbo.name == "negative ELBO"
    np.testing.assert_allclose(elbo.y, [105.25, 105.25])
    assert "no bound" in at_mean.name
    np.testing.assert_allclose(at_mean.y, [96.0, 96.0])


def test_the_truth_is_a_line_with_a_band_of_its_error() -> None:
    figure = bound_curve(BOUND_TABLE, 105.25, 96.0, evidence=(100.5, 0.25))
    line = figure.data[-1]
    assert line.name == "−log p(x)"
    np.testing.assert_allclose(line.y, [100.5, 100.5])
    (band,) = figure.layout.shapes
    assert (band.y0, band.y1) == (100.25, 100.75)


def test_one_draw_of_a_wider_proposal_is_not_called_the_elbo() -> None:
    own, wide = (bound_curve(BOUND_TABLE, 105.25, 96.0, widen) for widen in (1.0, 1.4))
    assert titles(own) == f"samples k per image (1: negative ELBO) | {UNIT}"
    assert titles(wide) == f"samples k per image (from q with σ × 1.4) | {UNIT}"
    assert wide.data[1] == own.data[1]


def on_a_line(**more: Any) -> go.Figure:
    table = points(30)[["x", "label", "name", "index"]]
    ellipses = [
        Ellipse(y, str(y), np.array([0.5 * y, 9.0]), np.array([[0.25, 7.0], [7.0, 9.0]]))
        for y in sorted(table["label"].unique())
    ]
    return posterior_line(table, ellipses, "z0", **more)


def test_one_dimension_has_a_row_for_each_class_and_bars_of_its_own_sigma() -> None:
    figure = on_a_line()
    bars = [t for t in figure.data if t.mode == "lines"]
    for two, one in zip(bars[::2], bars[1::2], strict=True):
        y = int(one.name)
        assert np.array(one.x) == pytest.approx([0.5 * y - 0.5, 0.5 * y + 0.5])
        assert np.array(two.x) == pytest.approx([0.5 * y - 1.0, 0.5 * y + 1.0])
        row = figure.layout.yaxis.ticktext.index(f"<b>{y}</b>")
        assert set(one.y) == set(two.y) == {row}
        (dots,) = [t for t in figure.data if t.type == "scattergl" and t.name == str(y)]
        assert (np.abs(np.array(dots.y) - row) < 0.5).all()


def test_one_dimension_has_no_rings_but_marks_of_what_a_line_holds() -> None:
    figure = on_a_line()
    assert sorted(shape.x0 for shape in figure.layout.shapes) == [-3, -2, -1, 0, 1, 2, 3]
    said = [note.text for note in figure.layout.annotations]
    assert said == ["prior ±1σ<br>68%", "prior ±2σ<br>95%", "prior ±3σ<br>99.7%"]
    drawn = on_a_line(prior=pd.DataFrame({"x": [9.0, -9.0]}))
    assert not drawn.layout.shapes
    assert drawn.layout.yaxis.ticktext[-1] == "prior"
    low, high = drawn.layout.xaxis.range
    assert low < -9.0 < 9.0 < high
