"""The page of the aggregate posterior: its figures, and what it does not tell."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pages.ui.measure import aggregate
from tests.pages.app import MODELS, assert_sound, charts, numbers, open_page
from tests.samples import codes_of
from vae_core import Run
from vae_core.analysis import Bracket, ClassSurgery, Estimate, class_buildup, latent_names
from vae_core.figures import class_bars, class_layers, surgery_bar, variance_bars

SPLIT = {
    "mean_kl": 7.0, "mutual_information": 5.5, "mutual_information_upper": 6.1,
    "marginal_kl": 1.5, "total_correlation": 1.2, "dimension_kl": 0.3,
}  # fmt: skip
WHOLE = SPLIT | {"total_correlation": math.nan, "dimension_kl": math.nan}


@pytest.mark.parametrize(("parts", "n"), [(SPLIT, 4), (WHOLE, 3)], ids=["split", "whole"])
def test_the_bar_is_as_long_as_the_mean_kl_and_shows_what_is_open(
    parts: dict[str, float], n: int
) -> None:
    figure = surgery_bar(pd.Series(parts, dtype=object))
    assert sum(trace.x[0] for trace in figure.data) == pytest.approx(7.0)
    assert len(figure.data) == n
    (hatched,) = (trace for trace in figure.data if trace.marker.pattern.shape)
    assert hatched.x[0] == pytest.approx(0.6)
    assert figure.layout.xaxis.title.text == "nats per image"


def test_bars_of_classes_stack_up_to_their_kl() -> None:
    table = pd.DataFrame(
        {
            "class_kl": [3.0, 2.0],
            "class_kl_lower": [2.5, 1.9],
            "matched_kl": [2.5, 0.5],
            "non_gaussian_kl": [0.5, 1.5],
        }
    )
    figure = class_bars(table, ["a", "b"])
    np.testing.assert_allclose(sum(np.array(t.y) for t in figure.data), table["class_kl"])
    assert len({trace.marker.pattern.shape for trace in figure.data}) == 2
    np.testing.assert_allclose(figure.data[-1].error_y.arrayminus, [0.5, 0.1])
    table[["matched_kl", "non_gaussian_kl"]] = math.nan
    (whole,) = class_bars(table, ["a", "b"]).data
    np.testing.assert_allclose(whole.y, table["class_kl"])


def test_a_class_of_which_too_little_is_known_has_a_place_and_is_named() -> None:
    known = [math.nan, 2.0, math.nan]
    names = ["none", "a *", "few"]
    table = pd.DataFrame(dict.fromkeys(("class_kl", "class_kl_lower"), known))
    table[["matched_kl", "non_gaussian_kl"]] = math.nan
    figure = class_bars(table, names)
    assert list(figure.layout.xaxis.categoryarray) == names
    assert list(figure.layout.xaxis.range) == [-0.5, 2.5]
    assert [list(t.x) for t in figure.data] == [["a *"]]
    unknown = Bracket(Estimate(math.nan, 0.0), Estimate(math.nan, 0.0))
    said = aggregate.of_classes(ClassSurgery(table, unknown, unknown, unknown), names)
    assert said.startswith("Classes none, few are left out: the posteriors hardly overlap")
    table["class_kl"] = math.nan
    said = aggregate.of_classes(ClassSurgery(table, unknown, unknown, unknown), names)
    assert said.startswith("All classes are left out")


def test_bars_of_variance_stack_up_beside_that_of_the_prior() -> None:
    table = pd.DataFrame(
        {"name": ["z0", "z1"], "posterior_variance": [0.1, 0.9], "mean_variance": [0.8, 0.0]}
    )
    *bars, line = variance_bars(table, 1.0).data
    np.testing.assert_allclose(sum(np.array(t.y) for t in bars), [0.9, 0.9])
    assert set(line.y) == {1.0}
    assert all(trace.type == "bar" for trace in variance_bars(table, None).data)


def test_layers_of_classes_stand_on_each_other_before_the_prior() -> None:
    table = pd.DataFrame(
        {"z": [0.0, 1.0] * 2, "density": [0.1, 0.2, 0.3, 0.4], "label": [3, 3, 5, 5], "name": "a"}
    )
    prior = pd.DataFrame({"z": [0.0, 1.0], "density": [0.4, 0.2]})
    *layers, line = class_layers(table, prior, "N(0, 1)", "z0").data
    assert [layer.stackgroup for layer in layers] == ["classes"] * 2
    assert len({layer.fillcolor for layer in layers}) == 2
    np.testing.assert_allclose(line.y, [0.4, 0.2])
    assert line.stackgroup is None


def some(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("run", [r for r in MODELS if r.id in names], ids=lambda r: r.id)


@some("digits-2d", "digits-map")
def test_classes_are_added_until_they_are_all(run: Run) -> None:
    app = open_page("aggregate.py", run, mixture="Classes together")
    assert_sound(app)
    codes = codes_of(run)
    slider = app.select_slider(key="buildup_classes")
    (j,) = [k for k, n in enumerate(latent_names(codes.latent_shape))
            if n == app.selectbox(key="buildup_number").value]  # fmt: skip
    table = class_buildup(codes, j)
    for row in (table.iloc[-1], table.iloc[1]):
        slider.set_value(int(row["label"])).run()
        assert_sound(app)
        metrics = [metric.value for metric in app.metric]
        assert f"{row['dim_kl']:.2f}" in " ".join(metrics)
        assert any(f"{int(row['n_images']):,} images of" in c.value for c in app.caption)
        layers = [t for t in charts(app)[-1]["data"] if "stackgroup" in t]
        assert len(layers) == codes.labels.unique().le(int(row["label"])).sum()
        mass = sum(np.trapezoid(numbers(t["y"]), numbers(t["x"])) for t in layers)
        assert mass == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    ("name", "is_saturated"),
    [
        ("digits-2d", False),
        ("mnist-20d", True),
        ("mnist-dirichlet-3", False),
        ("mnist-ones-2d", False),
    ],
)
def test_nothing_is_told_that_is_saturated(name: str, is_saturated: bool) -> None:
    """Of which model it is known: working it out again takes as long as the page does."""
    (run,) = (run for run in MODELS if run.id == name)
    codes = codes_of(run)
    app = open_page("aggregate.py", run)
    assert_sound(app)
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["Mean KL, nats per image"] == f"{float(codes.rate.double().mean()):.2f}"
    assert "I(x; z), nats" in metrics
    assert len(app.warning) == int(is_saturated)
    if is_saturated:
        assert f"ln N = {math.log(len(codes)):.2f}" in app.warning[0].value


def test_of_points_there_is_nothing_to_tell() -> None:
    (run,) = (run for run in MODELS if run.id == "mnist-ae-2d")
    app = open_page("aggregate.py", run)
    assert_sound(app)
    assert "points" in app.info[0].value
    assert not app.metric


@some("mnist-collapsed")
@pytest.mark.parametrize("view", ["Class by class", "Classes together"])
def test_classes_of_a_collapsed_model_are_no_chart_of_rounding_noise(run: Run, view: str) -> None:
    app = open_page("aggregate.py", run, mixture=view)
    assert_sound(app)
    assert [info.value for info in app.info][-1] == aggregate.ALL_ALIKE
    assert charts(app) == []


@some("mnist-ones-2d")
def test_a_class_alone_has_no_error_that_is_empty(run: Run) -> None:
    app = open_page("aggregate.py", run)
    assert_sound(app)
    assert not any("standard error of I(y; z) )" in one.value for one in app.markdown)
