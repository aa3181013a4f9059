"""Every family and likelihood on the pages, and what only some of them show."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.ui.drawing.numbers import fixed, sum_and_parts
from tests.pages.app import (
    PAGES,
    WITH_PICKER,
    assert_sound,
    charts,
    choose_preset,
    chosen_label,
    go,
    lens_facts,
    model_line,
    numbers,
    open_page,
    own_run,
    trained,
)
from tests.samples import LATENTS, covering
from vae_core import Dataset
from vae_core.analysis import rate_rest, total_rate
from vae_core.config import LIKELIHOODS, POSTERIORS, SIGMAS

DECODERS = [
    *({"likelihood": name} for name in LIKELIHOODS if name != "gaussian"),
    *({"likelihood": "gaussian", "sigma": sigma} for sigma in SIGMAS),
]
SHAPES = [*LATENTS, (1,), (2,), (1, 1, 1), (2, 3, 2), (64,)]
ALL = [
    {"posterior": posterior, "latent_shape": latent, "decoder": decoder, "hidden": hidden}
    for posterior, latent, decoder, hidden in product(POSTERIORS, SHAPES, DECODERS, [(8,), ()])
    if posterior != "dirichlet" or latent[-1] > 1  # one proportion is always 1
]
MODELS = covering(ALL)  # every family with every decoder, and so on
OPENED = covering([{"page": page} | model for page, model in product(WITH_PICKER, MODELS)])


def name(row: dict[str, Any]) -> str:
    decoder = "-".join(row["decoder"].values())
    shape = "x".join(map(str, row["latent_shape"]))
    layers = "linear" if not row["hidden"] else "mlp"
    return "-".join([*row.get("page", "").split(), row["posterior"], shape, decoder, layers])


def opened(row: dict[str, Any], runs: Path, digits: Dataset) -> None:
    """The page shows this model: what it is and how well it does, and nothing that is no number."""
    model = {k: value for k, value in row.items() if k not in ("page", "decoder")}
    label = trained(runs, digits, **model, **row["decoder"])
    app = open_page(row["page"], run=label)
    assert_sound(app)
    assert chosen_label(app) == label
    if row["page"] not in WITH_PICKER:  # only in the whole product
        return
    line, metrics = model_line(app), own_run(runs).metrics()
    assert line.startswith(POSTERIORS[row["posterior"]].title)
    assert f"latent {' × '.join(map(str, channels_first(row['latent_shape'])))}" in line
    if metrics.has_rate:
        total, *parts = sum_and_parts(metrics.distortion, metrics.rate, digits=1)
        assert f"{total} = distortion {parts[0]} + rate {parts[1]} nats" in line
    else:
        assert f"distortion {fixed(metrics.distortion, 1)} nats per image" in line
        assert "no finite rate" in line
    for chart in charts(app):
        assert chart["data"], "a chart without anything on it"


def channels_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    *sites, channels = shape
    return (channels, *sites)


@pytest.mark.parametrize("row", OPENED, ids=name)
def test_every_page_shows_every_family_shape_and_decoder(
    row: dict[str, Any], runs: Path, digits: Dataset
) -> None:
    opened(row, runs, digits)


@pytest.mark.grid
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("model", ALL, ids=name)
def test_every_page_shows_every_model_there_can_be(
    page: str, model: dict[str, Any], runs: Path, digits: Dataset
) -> None:
    opened({"page": page} | model, runs, digits)


def test_every_pair_of_page_and_setting_is_opened() -> None:
    """Else a page that cannot show a family, a shape or a decoder would go unseen."""
    for setting in ("posterior", "latent_shape", "decoder", "hidden"):
        seen = {(row["page"], str(row[setting])) for row in OPENED}
        assert seen == {(page, str(model[setting])) for page in WITH_PICKER for model in ALL}
    pairs = {(row["posterior"], str(row["decoder"])) for row in MODELS}
    assert pairs == {(name, str(decoder)) for name in POSTERIORS for decoder in DECODERS}
    assert len(OPENED) < len(WITH_PICKER) * len(ALL) / 50


def test_three_proportions_are_drawn_on_a_triangle(runs: Path, digits: Dataset) -> None:
    label = trained(runs, digits, posterior="dirichlet")
    app = open_page("posteriors.py", run=label)
    assert lens_facts(app)["is_triangle"]
    assert len(charts(app)) == 2  # marginals of two, and the third is what is left
    go(app, "two_models.py")
    plane = charts(app)[0]
    names = {a["text"] for a in plane["layout"]["annotations"]}
    assert {"<b>z0 = 1</b>", "<b>z1 = 1</b>", "<b>z2 = 1</b>"} <= names
    means = [t for t in plane["data"] if t["type"] == "scattergl" and t.get("name") != "prior"]
    up = np.concatenate([numbers(t["y"]) for t in means])
    assert up.min() >= 0
    assert up.max() <= 0.75**0.5


@pytest.mark.parametrize("name", [n for n, family in POSTERIORS.items() if family.rest_title])
def test_correlation_is_a_bar_that_makes_the_marginals_add_up(
    name: str, runs: Path, digits: Dataset
) -> None:
    label = trained(runs, digits, posterior=name)
    codes = own_run(runs).codes()
    app = open_page("kl.py", run=label)
    shown = {m.label: float(m.value) for m in app.metric if "nats" in m.label}
    assert shown["Rate: mean KL, nats per image"] == pytest.approx(total_rate(codes), abs=0.0051)
    rest = shown["of which correlation, nats"]
    assert rest == pytest.approx(rate_rest(codes), abs=0.0051)
    bars = {t["name"]: numbers(t["y"]).sum() for t in charts(app)[0]["data"]}
    assert bars["correlation"] == pytest.approx(rate_rest(codes), abs=1e-4)
    assert sum(bars.values()) == pytest.approx(total_rate(codes), rel=1e-4)


def test_stick_breaking_bars_of_a_dirichlet_add_up_and_its_marginals_do_not(
    runs: Path, digits: Dataset
) -> None:
    label = trained(runs, digits, posterior="dirichlet")
    rate = total_rate(own_run(runs).codes())
    app = open_page("kl.py", run=label)
    marginals = sum(numbers(t["y"]).sum() for t in charts(app)[0]["data"])
    assert marginals != pytest.approx(rate, rel=0.01)
    assert "do not add up" in app.caption[-1].value
    app.segmented_control(key="view").set_value("Stick-breaking").run()
    sticks = sum(numbers(t["y"]).sum() for t in charts(app)[0]["data"])
    assert sticks == pytest.approx(rate, rel=1e-4)
    assert "order" in app.caption[-1].value


@pytest.mark.parametrize("sigma", SIGMAS)
def test_the_line_about_a_model_says_its_sigma_and_where_it_is_from(
    sigma: str, runs: Path, digits: Dataset
) -> None:
    label = trained(runs, digits, likelihood="gaussian", sigma=sigma, sigma_value=0.5)
    value = own_run(runs).vae().likelihood.sigma
    line = model_line(open_page("kl.py", run=label))
    assert f"({sigma})" in line
    assert value is None or f"σ = {value:.3g}" in line
    assert (value is None) == (sigma == "per-image")


def test_bounds_come_down_from_the_elbo_and_have_a_sample_size(runs: Path, digits: Dataset) -> None:
    label = trained(runs, digits)
    app = open_page("bounds.py", run=label)
    assert_sound(app)
    values = {m.label: float(m.value) for m in app.metric if m.value[-1] != "%"}
    (bound,) = [v for k, v in values.items() if k.startswith("Bound with")]
    (ess,) = [v for k, v in values.items() if k.startswith("Effective sample size")]
    assert bound < values["Negative ELBO, nats per image"]
    assert 1 <= ess <= 100
    assert any("same images" in said.value for said in app.markdown)
    curve = charts(app)[0]["data"][0]
    assert list(numbers(curve["x"])) == [1, 2, 5, 10, 20, 50, 100]
    app.select_slider(key="bound_draws").set_value(10).run()
    assert len(numbers(charts(app)[0]["data"][0]["x"])) == 4
    assert any("not a normalised density" in said.value for said in app.caption)
    assert "ELBO" in app.latex[-1].value
    elbo = app.metric[0].value
    app.slider(key="widen").set_value(1.4).run()
    assert app.metric[0].value == elbo
    assert "ELBO" not in app.latex[-1].value


def test_sigma_can_be_set_for_the_gaussian_only() -> None:
    app = open_page("train.py")
    assert app.selectbox(key="form-sigma").disabled
    app.selectbox(key="form-likelihood").set_value("gaussian").run()
    assert not app.selectbox(key="form-sigma").disabled


def test_a_mean_in_place_of_a_sum_says_which_beta_and_sigma_it_stands_for() -> None:
    """64 pixels: MSE_mean + KL is the ELBO at sigma^2 = 64 / 2, and no direction is above that."""
    app = choose_preset(open_page("train.py"), "Digits, collapse")
    assert_sound(app)
    said = next(c.value for c in app.caption if "β" in c.value)
    assert "β = 64" in said
    assert "σ² = 32" in said
    assert "0 of its 10 latent dimensions" in said
    assert said.endswith("expect posterior collapse.")


def test_beta_is_a_part_of_the_sigma_that_a_loss_stands_for() -> None:
    """4 times the KL: sigma^2 = 4 * 64 / 2."""
    app = choose_preset(open_page("train.py"), "Digits, collapse")
    app.number_input(key="form-beta").set_value(4.0).run()
    assert_sound(app)
    said = next(c.value for c in app.caption if "β" in c.value)
    assert "β = 256" in said
    assert "σ² = 128" in said


def test_a_posterior_that_cannot_be_had_is_one_sentence_on_the_form() -> None:
    app = open_page("train.py")
    app.selectbox(key="form-posterior").set_value("full").run()
    app.text_input(key="form-latent").set_value("200").run()
    assert not app.exception
    assert "200 channels takes C (C + 3) / 2 = 20300 numbers" in app.error[0].value
