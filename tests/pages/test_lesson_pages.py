"""Parts of pages that lessons point at: decoder sigma, classes of prior draws, head sizes."""

from __future__ import annotations

import pytest

from pages.ui.measure import decoder_sigma, head_sizes
from tests.pages.app import MODELS, assert_sound, charts, open_page
from vae_core.analysis import prior_classes
from vae_core.figures import distortion_curve, prior_class_bars

RUNS = {run.id: run for run in MODELS}
GAUSSIAN = RUNS["mnist-gaussian-10d"]


def metrics(app: object) -> dict[str, str]:
    return {m.label: m.value for m in app.metric}  # type: ignore[attr-defined]


def test_the_curve_has_the_runs_own_distortion_at_its_own_sigma() -> None:
    curve = decoder_sigma.curve(GAUSSIAN)
    assert curve.at(curve.sigma).value == pytest.approx(GAUSSIAN.metrics().distortion)
    assert 0.0 < curve.best.standard_error < 0.01 * curve.best.value
    table = curve.table(decoder_sigma.SIGMAS)
    figure = distortion_curve(table, curve.sigma, curve.best.value, 0.1)
    names = [trace.name for trace in figure.data]
    assert sum("best" in name for name in names) == sum("its own" in name for name in names) == 1
    (dot,) = (trace for trace in figure.data if trace.name == "the chosen σ")
    assert dot.x[0] == 0.1
    assert dot.y[0] == pytest.approx(curve.at(0.1).value)


def test_sigma_is_moved_on_the_page_and_is_in_its_address() -> None:
    app = open_page("diagnostics.py", GAUSSIAN, diagnosis="Decoder sigma", decoder_sigma="0.1")
    assert_sound(app)
    curve = decoder_sigma.curve(GAUSSIAN)
    said = decoder_sigma.numbers(curve, 0.1)["Distortion at this σ, nats"]
    assert metrics(app)["Distortion at this σ, nats"] == said.partition(" ")[0]
    app.select_slider(key="decoder_sigma").set_value(1.0).run()
    assert_sound(app)
    assert metrics(app)["Distortion at this σ, nats"] != said.partition(" ")[0]


@pytest.mark.parametrize("name", ["mnist-2d", "mnist-ae-2d"])
def test_a_decoder_without_sigma_says_so_and_offers_one_that_has_it(name: str) -> None:
    app = open_page("diagnostics.py", RUNS[name], diagnosis="Decoder sigma")
    assert_sound(app)
    assert "no sigma" in app.info[0].value
    assert any("Gaussian" in button.label for button in app.button)


def test_classes_of_prior_draws_are_drawn_with_errors_beside_their_shares() -> None:
    run = RUNS["digits-2d"]
    app = open_page("diagnostics.py", run, diagnosis="Samples")
    assert_sound(app)
    assert charts(app)
    table = prior_classes(run.codes(), 200)
    bars, shares = prior_class_bars(table, run.data().class_names).data
    assert sum(bars.y) == 200
    assert all(error > 0.0 for error in bars.error_y.array)
    assert sum(shares.y) == pytest.approx(200.0)


@pytest.mark.parametrize("name", ["mnist-map", "mnist-full-2d"])
def test_the_table_of_outputs_has_the_model_at_hand(name: str) -> None:
    run = RUNS[name]
    app = open_page("kl.py", run)
    assert_sound(app)
    table = head_sizes.table(run)
    n = {"mnist-map": 128, "mnist-full-2d": 5}[name]
    assert f"takes {n} for" in head_sizes.own(run)
    assert n in table.iloc[0].tolist()
    assert ("full at each cell" in table) == (name == "mnist-map")
