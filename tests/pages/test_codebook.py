"""Every page with models whose z is an entry of a codebook, and what pages say of it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.app import PAGES, assert_sound, charts, chosen_label, open_page
from tests.samples import tiny_run
from vae_core import Dataset, Run, RunStore
from vae_core.analysis import channel_order
from vae_core.analysis.rate.entry_use import (
    code_priors,
    code_rate,
    entry_use,
    fitted_and_measured,
)

MODELS = {"vector": ((3,), {}), "map": ((2, 2, 3), {"network": "conv"})}
OF_A_MAP = ("feature_map.py", "locality.py")


def made(runs: Path, digits: Dataset, name: str, **train: object) -> Run:
    latent, settings = MODELS[name]
    config = tiny_run(latent_shape=latent, posterior="codebook", prior_components=8, **settings)
    config = replace(config, name="codebook", train=replace(config.train, **train))
    run = RunStore(runs).create(config)
    list(run.train(digits))
    return run


@pytest.fixture
def run(request: pytest.FixtureRequest, runs: Path, digits: Dataset) -> Run:
    return made(runs, digits, request.param)


@pytest.mark.parametrize(
    ("page", "run"),
    [(page, "map" if page in OF_A_MAP or k % 2 else "vector") for k, page in enumerate(PAGES)],
    indirect=["run"],
)
def test_a_page_shows_a_codebook(page: str, run: Run) -> None:
    label = f"{run.title} · {run.id[-6:]}"
    app = open_page(page, label)
    assert_sound(app)
    assert chosen_label(app) == label
    assert all(chart["data"] for chart in charts(app))


def opened(page: str, run: Run, **address: str) -> AppTest:
    return open_page(page, f"{run.title} · {run.id[-6:]}", **address)


def said(app: AppTest) -> str:
    return " ".join(
        str(one.value) for kind in ("markdown", "caption", "info") for one in app.get(kind)
    )


def test_kl_page_counts_entries_and_prices_the_code(runs: Path, digits: Dataset) -> None:
    run = made(runs, digits, "map")
    use = entry_use(run.codes())
    app = opened("kl.py", run, cell_model="true")
    assert_sound(app)
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Entries used"] == f"{use.n_used} of 8"
    assert float(shown["Perplexity"]) == pytest.approx(use.perplexity, abs=0.06)
    assert shown["Rate, uniform prior, nats per image"] == f"{4 * math.log(8):.2f}"
    assert "costs ln 8 = 2.08 nats under the uniform prior, 8.32 nats for all 4" in said(app)
    *_, rates = charts(app)
    names, values = rates["data"][0]["y"], rates["data"][0]["x"]
    assert names[0] == "uniform"
    assert names[-1] == "autoregressive"
    assert values[0] == pytest.approx(4 * math.log(8))
    fit, measured = fitted_and_measured(run.codes())
    expected = [code_rate(one, measured).value for one in code_priors(fit)]
    assert values[:3] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("aggregate.py", "a histogram over the entries, which is on the page KL"),
        ("bounds.py", "more samples of z are the same z, and tighten no bound"),
        ("overview.py", "The encoder chooses z from a codebook"),
        ("sliders.py", "sorted by the variance of their means"),
        ("walks.py", "Between the entries of a codebook lies no code"),
        ("posteriors.py", "Each image lies on one of the entries"),
        ("diagnostics.py", "entries stand in some cell"),
    ],
)
def test_pages_say_what_is_true_of_entries(
    runs: Path, digits: Dataset, page: str, sentence: str
) -> None:
    words = said(opened(page, made(runs, digits, "vector", epochs=1)))
    assert sentence in words
    assert "auto-encoder:" not in words
    assert "become one of 8 codebook entries" in words


def test_feature_map_says_what_its_cells_are(runs: Path, digits: Dataset) -> None:
    words = said(opened("feature_map.py", made(runs, digits, "map", epochs=1)))
    assert "Each of 2 × 2 cells is one of 8 codebook entries, of 3 numbers each" in words
    assert "become 2 × 2 entries of a codebook of 8" in words


def test_channels_of_the_most_varied_cell_come_first(runs: Path, digits: Dataset) -> None:
    codes = made(runs, digits, "map").codes()
    order = channel_order(codes)
    variance = codes.mean.var(0, correction=0).sum(-1).flatten()
    assert [j // 3 for j in order[:3]] == [int(variance.argmax())] * 3
