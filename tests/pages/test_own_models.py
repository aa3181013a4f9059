"""Every page with models of an own set: colour pictures that are not square."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages.app import (
    PAGES,
    WITH_PICKER,
    assert_sound,
    charts,
    chosen_label,
    model_line,
    open_page,
)
from tests.pictures import npz_bytes, some_pixels
from tests.samples import tiny_model
from vae_core import DataConfig, Run, RunConfig, RunStore, TrainConfig, load_dataset
from vae_core.data import own
from vae_core.data.own import Options, shelf

MAP = {"network": "conv", "likelihood": "gaussian", "sigma": "learned"}
MODELS = {"vector": tiny_model((2,)), "map": tiny_model((2, 3, 2), **MAP)}
OF_A_MAP = ("feature_map.py", "locality.py")


@pytest.fixture(scope="module")
def shelf_of_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(shelf.OWN_VARIABLE, str(tmp_path_factory.mktemp("own")))
        rows = npz_bytes(some_pixels(60, (8, 12, 3)))
        own.keep(own.draft_of_uploads({"a.npz": rows}, Options()), "pets")
        yield


@pytest.fixture
def run(request: pytest.FixtureRequest, runs: Path, shelf_of_one: None) -> Run:
    config = RunConfig(
        DataConfig("own:pets"), MODELS[request.param], TrainConfig(epochs=2, threads=1)
    )
    made = RunStore(runs).create(config)
    list(made.train(load_dataset(config.data)))
    return made


@pytest.mark.parametrize(
    ("page", "run"),
    [(page, "map" if page in OF_A_MAP or k % 2 else "vector") for k, page in enumerate(PAGES)],
    indirect=["run"],
)
def test_a_page_shows_a_model_of_an_own_set(page: str, run: Run) -> None:
    label = f"{run.title} · {run.id[-6:]}"
    app = open_page(page, label)
    assert_sound(app)
    assert chosen_label(app) == label
    assert all(chart["data"] for chart in charts(app))
    if page in WITH_PICKER:
        assert "12 colour images" in model_line(app)
