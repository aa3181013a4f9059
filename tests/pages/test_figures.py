"""Figures say what they show: units, scale, sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from pages.ui.measure.kl import kl_history
from tests.pages.app import MAPS, MODELS, VAES
from vae_core import Run
from vae_core.analysis import class_rates, latent_names, rate_rest, rate_table, total_rate
from vae_core.analysis.space.plane import TRIANGLE
from vae_core.figures import (
    Ellipse,
    kl_bars,
    kl_by_class,
    kl_cells,
    kl_channels,
    kl_over_epochs,
    marginal,
    posterior_plane,
    training_curves,
)
from vae_core.figures.posteriors import TOGETHER, _spread
from vae_core.figures.theme import CLASS_COLOURS, axes, drawn, named, panels, squares

UNIT = "nats per image"
ADDITIVE = [run for run in VAES if run.codes().is_additive]
TILTED = np.array([[2.0, 0.9], [0.9, 0.5]])


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


# The plane


def test_one_unit_is_as_long_across_as_up() -> None:
    figure = plane()
    assert figure.layout.yaxis.scaleanchor == "x"
    assert figure.layout.yaxis.scaleratio == 1
    across, up = figure.layout.xaxis.range, figure.layout.yaxis.range
    assert across[1] - across[0] == pytest.approx(up[1] - up[0])


def test_the_prior_is_drawn_at_one_two_and_three_sigma() -> None:
    dotted = [t for t in plane().data if t.line.dash == "dot"]
    radii = [np.hypot(np.array(t.x), np.array(t.y)) for t in dotted]
    assert [r.min() for r in radii] == pytest.approx([1, 2, 3])
    assert [r.max() for r in radii] == pytest.approx([1, 2, 3])
    assert [a.text for a in plane().layout.annotations[:3]] == [
        "prior 1σ: 39%",
        "prior 2σ: 86%",
        "prior 3σ: 99%",
    ]


def test_another_prior_is_drawn_by_its_draws_and_has_no_rings() -> None:
    figure = plane(prior=points(50)[["x", "y"]])
    assert not [t for t in figure.data if t.type == "scatter" and t.line.dash == "dot"]
    (cloud,) = [t for t in figure.data if t.name == "prior"]
    assert len(cloud.x) == 50


def test_three_proportions_lie_on_a_triangle_with_named_corners() -> None:
    corners = np.array(TRIANGLE)
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
    np.testing.assert_allclose(sides, 1.0)
    inside = np.random.default_rng(0).dirichlet(np.ones(3), 50) @ corners
    prior = pd.DataFrame(inside, columns=["x", "y"])
    figure = plane(prior=prior, corners=dict(zip(("z0", "z1", "z2"), TRIANGLE, strict=True)))
    texts = {a.text for a in figure.layout.annotations}
    assert {"<b>z0 = 1</b>", "<b>z1 = 1</b>", "<b>z2 = 1</b>"} <= texts
    assert not figure.layout.xaxis.visible
    for axis, column in ((figure.layout.xaxis, 0), (figure.layout.yaxis, 1)):
        assert axis.range[0] < corners[:, column].min()
        assert axis.range[1] > corners[:, column].max()


@pytest.mark.parametrize("n_sigma", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("covariance", [np.eye(2), TILTED, np.diag([1e-4, 9.0])], ids=str)
def test_a_contour_lies_at_its_mahalanobis_distance(
    covariance: NDArray[np.float64], n_sigma: float
) -> None:
    ellipse = Ellipse(0, "0", np.array([3.0, -2.0]), covariance)
    away = ellipse.contour(n_sigma) - ellipse.mean[:, None]
    squared = (away * np.linalg.solve(covariance, away)).sum(0)
    np.testing.assert_allclose(np.sqrt(squared), n_sigma, rtol=1e-9)


def test_every_point_and_all_of_three_sigma_are_on_the_plane() -> None:
    far = points()
    far.loc[0, ["x", "y"]] = [11.0, -7.0]
    figure = posterior_plane(far, [], ("z0", "z1"))
    for axis, values in ((figure.layout.xaxis, far["x"]), (figure.layout.yaxis, far["y"])):
        assert axis.range[0] < min(values.min(), -3)
        assert axis.range[1] > max(values.max(), 3)


def test_posteriors_of_single_images_are_drawn_apart_and_are_on_the_plane() -> None:
    far = np.array([9.0, 0.0])
    images = [Ellipse(1, "1", np.zeros(2), TILTED), Ellipse(1, "1", far, TILTED)]
    figure = posterior_plane(points(0), [], ("z0", "z1"), images=images)
    (line,) = [t for t in figure.data if t.name == "1"]
    x, y = np.array(line.x), np.array(line.y)
    assert np.isnan(x).sum() == 2  # a gap after each, or they would be joined
    first = np.stack([x, y])[:, : np.isnan(x).argmax()]
    np.testing.assert_allclose(first, images[0].contour(1.0))
    assert figure.layout.xaxis.range[1] > far[0]


def test_an_empty_plane_still_shows_the_prior() -> None:
    figure = posterior_plane(points(0), [], ("z0", "z1"))
    assert len(figure.data) == 3


def test_every_class_is_named_on_the_plane_itself() -> None:
    named = [a.text for a in plane().layout.annotations]
    assert {f"<b>class {k}</b>" for k in range(3)} <= set(named)


def test_labels_pushed_apart_do_not_cover_each_other() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        centres = list(rng.normal(size=(10, 2)))
        places = _spread(centres, gap=0.3)
        apart = np.linalg.norm(places[:, None] - places[None], axis=-1) + np.eye(10)
        assert apart.min() > 0.9 * 0.3
        assert np.linalg.norm(places - centres, axis=1).max() < 1.0


def test_labels_that_do_not_touch_stay_where_they_are() -> None:
    centres = [np.array([0.0, 0.0]), np.array([1.0, 0.0])]
    np.testing.assert_allclose(_spread(centres, gap=0.3), centres, atol=1e-6)
    assert _spread([], gap=0.3).shape == (0, 2)


def test_labels_of_classes_with_the_same_centre_are_parted() -> None:
    places = _spread([np.zeros(2), np.zeros(2), np.zeros(2)], gap=0.3)
    assert np.isfinite(places).all()
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1) + np.eye(3)
    assert apart.min() > 0.9 * 0.3


def ellipses_at(*centres: tuple[float, float]) -> list[Ellipse]:
    return [Ellipse(k, str(k), np.array(c), np.eye(2) / 50) for k, c in enumerate(centres)]


def tags(*centres: tuple[float, float]) -> list[Any]:
    figure = posterior_plane(points(0), ellipses_at(*centres), ("z0", "z1"))
    return [a for a in figure.layout.annotations if "σ" not in a.text]


def test_classes_at_one_place_have_one_name_there() -> None:
    (tag,) = tags(*[(1e-4 * k, 0.5) for k in range(10)])
    assert tag.text == "<b>all 10 classes</b>"
    assert (tag.x, tag.y) == pytest.approx((4.5e-4, 0.5), abs=1e-3)
    assert not tag.showarrow
    one, two = tags((0.0, 0.0), (0.0, 1e-4), (2.0, 0.0))
    assert (one.text, two.text) == ("<b>0, 1</b>", "<b>2</b>")


def test_ellipses_of_all_classes_at_one_place_are_one_of_no_class() -> None:
    def colours(ellipses: list[Ellipse]) -> list[str]:
        figure = posterior_plane(points(0), ellipses, ("z0", "z1"))
        return [trace.line.color for trace in figure.data if not trace.line.dash]

    same = ellipses_at(*[(1e-4 * k, 0.5) for k in range(10)])
    assert colours(same) == [TOGETHER, TOGETHER]
    wide = [*same[:-1], Ellipse(9, "9", same[9].mean, 2.0 * same[9].covariance)]
    assert len(colours(wide)) == 20
    assert TOGETHER not in colours(wide)
    assert len(set(colours(ellipses_at((0.0, 0.0), (2.0, 0.0), (0.0, 2.0))))) == 3


def test_a_name_beside_its_centre_has_a_line_to_it() -> None:
    close = [(0.08 * i, 0.08 * j) for i in range(3) for j in range(3)]
    far = [tag for tag in tags(*close, (2.0, 0.0)) if tag.showarrow]
    assert far
    for tag in far:
        assert (tag.x, tag.y) in close
        assert (tag.ax, tag.ay) != (tag.x, tag.y)
    assert not any(tag.showarrow for tag in tags((0.0, 0.0), (2.0, 0.0)))


def test_no_axis_has_a_prefix_for_millionths_which_would_be_the_sign_of_the_mean() -> None:
    figure = plane()
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        assert axis.exponentformat == "power"


# Densities


def standard_normal() -> pd.DataFrame:
    z = np.linspace(-4, 4, 201)
    return pd.DataFrame({"z": z, "density": np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)})


@pytest.mark.parametrize("scale", [0.01, 1.0, 20.0])
def test_the_bars_of_a_marginal_integrate_to_one(scale: float) -> None:
    draws = points(2_000).rename(columns={"x": "z"})
    draws["z"] *= scale
    figure = marginal(draws, standard_normal(), "N(0, 1)", "z0")
    bars = [t for t in figure.data if t.type == "bar"]
    assert sum((np.array(t.y) * t.width).sum() for t in bars) == pytest.approx(1.0)
    assert figure.layout.barmode == "stack"
    assert titles(figure) == "z0 | density"
    prior = figure.data[-1]
    assert np.trapezoid(prior.y, prior.x) == pytest.approx(1.0, abs=1e-3)


def test_the_marginal_of_no_draws_is_the_prior_alone() -> None:
    figure = marginal(points(0).assign(z=[]), standard_normal(), "N(0, 1)", "z0")
    assert [t.name for t in figure.data] == ["prior N(0, 1)"]


# KL and curves


@pytest.mark.parametrize("run", ADDITIVE, ids=lambda run: run.id)
def test_kl_stacked_over_the_epochs_adds_up_to_the_rate(run: Run) -> None:
    history, names = run.history(), latent_names(run.config.model.latent_shape)
    rest = run.codes().family.rest_title
    figure = kl_over_epochs(kl_history(history, list(range(len(names))), names, rest))
    assert len({t.stackgroup for t in figure.data}) == 1
    top = np.sum([t.y for t in figure.data], axis=0)
    np.testing.assert_allclose(top, [r.test_rate for r in history], rtol=1e-4, atol=1e-6)
    assert titles(figure) == f"epoch | KL, {UNIT}"


def test_parts_that_do_not_add_up_are_not_stacked() -> None:
    figure = kl_over_epochs(pd.DataFrame({"z0": [1.0, 2.0], "z1": [0.5, 1.0]}), stacked=False)
    assert {t.stackgroup for t in figure.data} == {None}
    assert [(a.text, a.y) for a in figure.layout.annotations] == [("z0", 2.0), ("z1", 1.0)]


def test_a_band_over_epochs_has_its_name_beside_it_where_there_is_room() -> None:
    ends = {"z0": 3.0, "z1": 0.01, "z2": 2.0}
    figure = kl_over_epochs(pd.DataFrame({name: [1.0, end] for name, end in ends.items()}))
    assert [(a.text, a.y) for a in figure.layout.annotations] == [("z0", 1.5), ("z2", 4.01)]


@pytest.mark.parametrize("run", ADDITIVE, ids=lambda run: run.id)
def test_bars_add_up_to_the_rate_and_are_in_nats_per_image(run: Run) -> None:
    codes = run.codes()
    table = rate_table(codes)
    figure = kl_bars(table, ("correlation", rate_rest(codes)))
    total = np.concatenate([t.y for t in figure.data]).sum()
    assert total == pytest.approx(total_rate(codes), rel=1e-5)
    assert figure.layout.yaxis.title.text == f"KL, {UNIT}"
    names = list(table.sort_values("kl", ascending=False)["name"])
    assert list(figure.layout.xaxis.categoryarray) == [*names, "correlation"]


def test_inactive_numbers_differ_in_pattern_and_not_by_colour_alone() -> None:
    table = pd.DataFrame({"name": ["z0", "z1"], "kl": [3.0, 0.0], "active": [True, False]})
    used, unused = kl_bars(table).data
    assert used.marker.pattern.shape != unused.marker.pattern.shape
    assert (used.name, unused.name) == ("active (1)", "inactive (1)")


@pytest.mark.parametrize("run", MAPS, ids=lambda run: run.id)
def test_cells_are_square_from_the_top_and_sum_to_the_rate(run: Run) -> None:
    kl = rate_table(run.codes())["kl"].to_numpy()
    cells = kl.reshape(run.config.model.latent_shape).sum(-1)
    figure = kl_cells(cells, "all channels")
    assert np.sum(figure.data[0].z) == pytest.approx(kl.sum(), rel=1e-5)
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.yaxis.scaleanchor == "x"
    assert figure.data[0].colorbar.title.text == UNIT


@pytest.mark.parametrize("run", MAPS, ids=lambda run: run.id)
def test_channels_share_one_colour_scale_and_sum_to_the_rate(run: Run) -> None:
    kl = rate_table(run.codes())["kl"].to_numpy()
    cells = kl.reshape(run.config.model.latent_shape)
    figure = kl_channels(cells)
    assert [a.text for a in figure.layout.annotations] == [f"c{c}" for c in range(len(cells.T))]
    assert np.sum([t.z for t in figure.data]) == pytest.approx(kl.sum(), rel=1e-5)
    for trace, channel in zip(figure.data, np.moveaxis(cells, -1, 0), strict=True):
        np.testing.assert_array_equal(trace.z, channel)
    scales = {(t.zmin, t.zmax, t.coloraxis) for t in figure.data}
    assert len(scales) == 1
    assert UNIT in figure.to_json()


def test_kl_by_class_has_a_row_for_each_class() -> None:
    run = next(run for run in VAES if run.id == "digits-2d")
    names = run.data().class_names
    figure = kl_by_class(class_rates(run.codes()).numpy(), ["z0", "z1"], names)
    assert np.shape(figure.data[0].z) == (len(names), 2)
    assert list(figure.data[0].y) == list(names)
    assert figure.data[0].colorbar.title.text == UNIT


@pytest.mark.parametrize("run", MODELS, ids=lambda run: run.id)
def test_training_curves_are_distortion_rate_and_their_sum(run: Run) -> None:
    history = pd.DataFrame(run.history())
    figure = training_curves(history, 500)
    assert figure.layout.yaxis.title.text == UNIT
    assert figure.layout.xaxis.range == (0.5, 500.5)
    panels = [t for t in figure.data if t.name == "test"]
    if run not in VAES:
        assert len(panels) == 1
        return
    distortion, rate, total = (np.array(t.y) for t in panels)
    np.testing.assert_allclose(distortion + rate, total)
    # weights that ship are rounded to half precision and measured anew, with other draws
    assert total[-1] == pytest.approx(run.metrics().negative_elbo, rel=1.5e-3)


# Pictures


def test_the_look_is_common_and_a_figure_may_add_to_it_panel_by_panel() -> None:
    four = panels(2, 2, subplot_titles=("a", "b", "c", "d"))
    figure = drawn(
        [{"type": "bar", "y": [k], **axes(k)} for k in (1, 2, 3, 4)], 300, "x", "nats", on=four,
        across={"dtick": 1}, up={"tickfont": {"color": "red"}}, margin={"t": 50},
        **named("y", 3, title={"text": "bits"}),
    )  # fmt: skip
    layout, numbers = figure.layout, ("", "2", "3", "4")
    assert [layout[f"yaxis{k}"].title.text for k in numbers] == ["nats", "nats", "bits", "nats"]
    assert {layout[f"yaxis{k}"].tickfont.color for k in numbers} == {"red"}
    assert {layout[f"{side}axis{k}"].title.font.size for side in "xy" for k in numbers} == {15}
    assert {layout[f"xaxis{k}"].dtick for k in numbers} == {1}
    assert (layout.margin.t, layout.margin.l) == (50, drawn([], 300).layout.margin.l)
    assert [a.text for a in layout.annotations] == ["a", "b", "c", "d"]
    plotly = make_subplots(2, 2)
    for k, (row, column) in enumerate([(1, 1), (1, 2), (2, 1), (2, 2)], start=1):
        place = plotly.get_subplot(row, column)
        assert named("x", k).keys() == {place.xaxis.plotly_name}
        assert named("y", k).keys() == {place.yaxis.plotly_name}
        assert axes(k) == {"xaxis": place.yaxis.anchor, "yaxis": place.xaxis.anchor}
    assert drawn([], 300, on=four).layout.yaxis3.title.text == ""  # what one adds is its own


def test_panels_of_squares_are_tied_to_their_own_axes() -> None:
    tied = drawn([], 300, on=panels(1, 3), **squares(3)).layout
    assert [tied[f"yaxis{k}"].scaleanchor for k in ("", "2", "3")] == ["x", "x2", "x3"]


def test_class_colours_are_distinct() -> None:
    colours = np.array([[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in CLASS_COLOURS], float)
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=-1) + 999 * np.eye(len(colours))
    assert apart.min() > 40
