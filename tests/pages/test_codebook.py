"""Every page with models whose z is an entry of a codebook, and what pages say of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.pages.app import PAGES, assert_sound, charts, chosen_label, open_page
from tests.samples import tiny_run
from vae_core import Dataset, Run, RunStore

MODELS = {"vector": ((3,), {}), "map": ((2, 2, 3), {"network": "conv"})}
OF_A_MAP = ("feature_map.py", "locality.py")


@pytest.fixture
def run(request: pytest.FixtureRequest, runs: Path, digits: Dataset) -> Run:
    latent, settings = MODELS[request.param]
    config = tiny_run(latent_shape=latent, posterior="codebook", prior_components=8, **settings)
    made = RunStore(runs).create(replace(config, name="codebook"))
    list(made.train(digits))
    return made


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
