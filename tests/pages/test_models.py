"""Choosing a model: the guide to those that ship, own runs told apart and renamed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pages.ui.library import listing
from pages.ui.library.guide import GROUPS, ORDER, own_line, settings_line
from pages.ui.session import links, model_list
from tests.pages.app import MODELS, assert_sound, chosen_label, go, open_page
from tests.samples import tiny_run
from vae_core import ConfigError, Run, RunError, RunStore, TrainConfig
from vae_core.config import DataConfig

BY_ID = {run.id: run for run in MODELS}


@pytest.fixture
def own(runs: Path, finished_run: Run) -> Run:
    path = shutil.copytree(finished_run.path, runs / "lesson-abc123")
    return RunStore(runs).load(path.name)


def test_every_model_that_ships_has_one_line_in_one_group() -> None:
    assert sorted(ORDER) == sorted(BY_ID)
    lines = [line for group in GROUPS for line in group.lines.values()]
    assert len(set(lines)) == len(MODELS)
    assert all(line.endswith((".", "?")) and len(line) < 90 for line in lines)


@pytest.mark.parametrize(
    "change",
    [
        {"data": DataConfig(classes=(1, 7))},
        {"model": tiny_run(latent_shape=(2, 2, 3)).model},
        {"model": tiny_run(posterior="full").model},
        {"train": TrainConfig(epochs=3, beta=4.0)},
        {"train": TrainConfig(epochs=4)},
        {"train": TrainConfig(epochs=3, seed=1)},
        {"train": TrainConfig(epochs=3, reduction="mean/sum")},
    ],
    ids=str,
)
def test_the_line_of_an_own_run_tells_settings_apart(change: dict[str, object]) -> None:
    config = replace(tiny_run(), train=TrainConfig(epochs=3))
    assert settings_line(replace(config, **change)) != settings_line(config)


def test_runs_of_one_name_and_the_same_settings_are_told_apart(own: Run) -> None:
    twin = replace(own, path=own.path.with_name("lesson-def456"), created="2026-02-03T04:05:06")
    assert listing.label_of(own) != listing.label_of(twin)
    assert own_line(own) != own_line(twin)
    assert "Made 2026-02-03 04:05 UTC." in own_line(twin)


def test_a_new_name_stays_with_the_run_and_its_address(own: Run) -> None:
    before, weights = listing.label_of(own), own.path.joinpath("weights.safetensors").read_bytes()
    model_list.rename(own.id, "  Lesson 7 ")
    runs = listing.openable()
    assert runs["Lesson 7 · abc123"].created == own.created
    assert runs["Lesson 7 · abc123"].config.experiment == own.config.experiment
    assert listing.label_meant(before, runs) == "Lesson 7 · abc123"
    assert own.path.joinpath("weights.safetensors").read_bytes() == weights
    model_list.rename(own.id, " ")
    assert listing.label_of(RunStore(own.path.parent).load(own.id)).startswith("digits ")


def test_a_name_is_checked_as_elsewhere(own: Run) -> None:
    with pytest.raises(ConfigError, match="name must be 1 to 60 letters"):
        model_list.rename(own.id, "<b>")
    with pytest.raises(RunError, match="no such run"):
        model_list.rename("gone-000000", "Lesson")
    assert RunStore(own.path.parent).load(own.id).config == own.config


def test_what_cannot_serve_a_model_offers_others_of_the_same_images_first() -> None:
    runs = {run.title: run for run in listing.shipped()}
    digits = links.fitting(runs, links.is_map, BY_ID["digits-2d"])
    assert digits == ["Digits feature map", "MNIST feature map", "MNIST codebook"]
    mnist = links.fitting(runs, links.is_map, BY_ID["mnist-2d"])
    assert mnist == ["MNIST feature map", "MNIST codebook", "Digits feature map"]
    vaes = links.fitting(runs, links.has_density, BY_ID["mnist-ae-2d"])
    assert vaes[0] == "MNIST 2-D"
    assert len(vaes) == links.MAX_OFFERED
    assert not set(links.fitting(runs, links.is_gaussian, BY_ID["mnist-2d"])) & {
        BY_ID["mnist-ae-2d"].title, BY_ID["mnist-dirichlet-3"].title, "MNIST 2-D"
    }  # fmt: skip


def test_a_choice_made_where_there_is_no_picker_holds_on_every_page(own: Run) -> None:
    app = open_page("kl.py", "MNIST 20-D")
    assert chosen_label(go(app, "runs.py")) == "MNIST 20-D"
    app.session_state["next_run"] = own.id
    app.run()
    assert chosen_label(app) == listing.label_of(own)
    assert not [box for box in app.selectbox if box.key == "run"]
    assert go(app, "kl.py").selectbox(key="run").value == listing.label_of(own)
    assert_sound(app)


def test_the_list_opens_a_model_and_renames_an_own_one(own: Run) -> None:
    app = open_page("kl.py", "MNIST 20-D")
    assert not [b for b in app.button if b.key.startswith("choose-")]  # made only while open
    app.session_state["models_open"] = True
    app.run()
    assert_sound(app)
    app.button(key=f"rename-{own.id}").click().run()
    app.text_input(key="new-name").set_value("Lesson 7").run()
    assert_sound(app)
    assert "Lesson 7 · abc123" in app.selectbox(key="run").options
    app.button(key=f"choose-{own.id}").click().run()
    assert app.selectbox(key="run").value == "Lesson 7 · abc123"
    assert not [b for b in app.button if b.key.startswith("choose-")]
