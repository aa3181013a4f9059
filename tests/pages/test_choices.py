"""What a reader may ask for: images that are not here, odd links, runs of their own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from pages.ui.drawing.numbers import sum_and_parts
from pages.ui.library.listing import openable
from tests.pages.app import (
    MODELS,
    PAGES,
    WITH_PICKER,
    assert_sound,
    charts,
    chosen_label,
    fetch,
    float32,
    go,
    lens_facts,
    lens_pages,
    model_line,
    open_page,
)
from tests.samples import rewrite, tiny_run
from vae_core import Dataset, Run, RunStore, load_dataset
from vae_core.analysis import rate_table
from vae_core.data.mnist import FILES

MNIST = [run for run in MODELS if run.config.data.name == "mnist"]
DIGITS = next(run for run in MODELS if run.id == "digits-2d")
# A vector, a map, a point mass, and one of a single class.
SOME = [run for run in MNIST if run.id in ("mnist-2d", "mnist-map", "mnist-ae-2d", "mnist-ones-2d")]
on_mnist = pytest.mark.parametrize("run", SOME, ids=lambda run: run.id)
MODELS_IN_ORDER = list(openable())


@on_mnist
def test_without_mnist_the_lens_has_no_images_and_the_page_offers_them(run: Run) -> None:
    for page in lens_pages(run):
        app = open_page(page, run)
        assert_sound(app)
        assert lens_facts(app)["images"] is None
        assert "MNIST is not on this machine" in app.info[0].value
        assert [b.label for b in app.button if b.label.startswith("Download")]
        assert app.text_input(key="data_dir").label.startswith("or use a folder")
        captions = " ".join(caption.value for caption in app.caption)
        assert all(name in captions for name in FILES)


def test_a_folder_without_the_files_is_told_which_four_they_are(tmp_path: Path) -> None:
    app = open_page("overview.py", MNIST[0])
    app.text_input(key="data_dir").set_value(str(tmp_path / "nowhere")).run()
    assert not app.exception
    said = app.info[0].value
    assert str(tmp_path / "nowhere") in said
    assert all(name in said for name in FILES)


def test_a_folder_of_other_images_is_not_taken_for_the_ones_trained_on(idx_folder: Path) -> None:
    app = open_page("overview.py", MNIST[0])
    app.text_input(key="data_dir").set_value(str(idx_folder)).run()
    assert not app.exception
    assert "not those the model was trained on" in app.info[0].value


@on_mnist
def test_with_mnist_at_hand_the_originals_can_be_fetched(run: Run, mnist_folder: str) -> None:
    app = open_page("overview.py", run)
    app.text_input(key="data_dir").set_value(mnist_folder).run()
    test = load_dataset(replace(run.config.data, path=mnist_folder)).test
    for _ in range(2):  # and still after the box has gone
        assert_sound(app)
        assert not app.info
        address = lens_facts(app)["images"]
        for index in (0, 7, len(test) - 1):
            x = float32(fetch(f"{address}images/{index}").content).reshape(test.image_shape)
            assert torch.equal(x, test.pixels[index] / test.levels)
        assert fetch(f"{address}images/{len(test)}").status == 404
        app.run()


ODD = {
    "nothing that is here": {"run": "no such model", "image": "-1", "classes": "77"},
    "words and too much": {
        "run": DIGITS.title, "image": "5000", "view": "By cell", "points": "lines",
        "across": "z99", "z": "900:1", "axes": "0,900", "cells": "9", "channel": "9",
    },
    "a map": {
        "run": "Digits feature map", "image": "seven", "z": "left,1:nan", "draw": "-4",
        "axes": "z0", "cells": "4,900", "channel": "all of them",
    },
}  # fmt: skip


@pytest.mark.parametrize("address", ODD.values(), ids=ODD)
def test_a_link_that_asks_for_what_is_not_there_opens_every_page(address: dict[str, str]) -> None:
    app = open_page("overview.py", **address)
    known = {run.title for run in MODELS}
    for page in PAGES:
        assert_sound(go(app, page))
        shown = chosen_label(app)
        assert shown == (address["run"] if address["run"] in known else MODELS_IN_ORDER[0])


@pytest.mark.parametrize(
    ("page", "name", "asked", "begins"),
    [
        ("kl.py", "view", "By cell", "Bars"),
        ("kl.py", "view", "Sideways", "Bars"),
        ("aggregate.py", "mixture", "All", "Class by class"),
    ],
)
def test_a_control_that_is_asked_for_what_it_has_not_begins_as_it_does(
    page: str, name: str, asked: str, begins: str
) -> None:
    app, plain = open_page(page, DIGITS, **{name: asked}), open_page(page, DIGITS)
    assert_sound(app)
    found, usual = (control(each, name) for each in (app, plain))
    assert found == usual
    assert found == begins


def control(app: AppTest, key: str) -> object:
    """The value of the page's control of this key, whatever it is."""
    (found,) = (e for e in [*app.selectbox, *app.get("button_group")] if e.key == key)
    return found.value


@pytest.mark.parametrize(("image", "shown"), [("-1", 0), ("seven", 0), ("5000", 359)])
def test_an_image_that_is_not_there_is_one_that_is(image: str, shown: int) -> None:
    facts = lens_facts(open_page("overview.py", DIGITS, image=image))
    assert facts["state"]["image"] == shown


def test_an_image_beyond_a_smaller_models_split_becomes_its_last() -> None:
    for page in ("overview.py", "sliders.py"):
        app = open_page(page, MNIST[0], image="9000")
        assert lens_facts(app)["state"]["image"] == 9000
        app.selectbox(key="run").set_value(DIGITS.title).run()
        assert_sound(app)
        assert lens_facts(app)["state"]["image"] == len(DIGITS.codes()) - 1


@pytest.fixture
def own_runs(runs: Path, digits: Dataset) -> Run:
    """A finished run, one that cannot be opened, and one cut short in its weights."""
    run = RunStore(runs).create(tiny_run())
    list(run.train(digits))
    (runs / "no-config").mkdir()
    (runs / "no-config" / "config.json").write_text("{")
    cut = RunStore(runs).create(tiny_run())
    list(cut.train(digits))
    weights = cut.path / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:20])
    return run


def test_own_runs_are_offered_and_damaged_ones_break_no_page(own_runs: Run) -> None:
    app, mine = open_page("overview.py"), f"{own_runs.title} · {own_runs.id[-6:]}"
    for page in PAGES:
        if page not in WITH_PICKER:
            assert_sound(go(app, page))
            continue
        assert_sound(go(app, page))
        assert app.selectbox(key="run").options[len(MODELS) :] == [mine]
        app.selectbox(key="run").set_value(mine).run()
        assert_sound(app)
        terms = own_runs.metrics()
        _, distortion, _ = sum_and_parts(terms.distortion, terms.rate, digits=1)
        assert f"distortion {distortion}" in model_line(app)
        app.selectbox(key="run").set_value(DIGITS.title).run()


def test_the_train_page_says_what_is_wrong_with_damaged_runs(own_runs: Run) -> None:
    app = open_page("train.py")
    (expander,) = [e for e in app.expander if e.label.startswith("Unfinished")]
    said = [m.value for m in expander.markdown]
    assert expander.label == "Unfinished runs (2)"
    assert any(s.startswith("no-config: ") and "config.json" in s for s in said)
    assert any("weights.safetensors" in s for s in said)


def test_weights_of_another_model_are_one_damaged_row_and_no_choice(own_runs: Run) -> None:
    before = open_page("overview.py").selectbox(key="run").options
    first = next(name for name in json.loads(header(own_runs)) if name != "__metadata__")
    rewrite(own_runs, "weights", **{first: None})
    after = open_page("overview.py").selectbox(key="run").options
    assert len(after) == len(before) - 1
    app = open_page("train.py")
    assert_sound(app)
    (expander,) = [e for e in app.expander if e.label.startswith("Unfinished")]
    assert any("not the weights of this run's model" in m.value for m in expander.markdown)


def test_weights_that_are_spoiled_later_are_one_sentence_on_the_page(own_runs: Run) -> None:
    app = open_page("overview.py")
    path = own_runs.path / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    app.selectbox(key="run").set_value(app.selectbox(key="run").options[-1]).run()
    assert not app.exception
    (error,) = app.error
    assert "do not fit the digest beside them" in error.value


def header(run: Run) -> bytes:
    content = (run.path / "weights.safetensors").read_bytes()
    return content[8 : 8 + int.from_bytes(content[:8], "little")]


def test_cells_of_a_point_mass_show_where_codes_move_not_an_infinite_kl(
    runs: Path, digits: Dataset
) -> None:
    config = tiny_run(latent_shape=(2, 2, 3), posterior="delta")
    run = RunStore(runs).create(config)
    list(run.train(digits))
    app = open_page("overview.py")
    app.selectbox(key="run").set_value(app.selectbox(key="run").options[-1]).run()
    go(app, "feature_map.py")
    assert_sound(app)
    facts = lens_facts(app)
    assert facts["kl"] is None
    assert facts["cells_title"] == "variance of μ"
    assert "nats" not in facts["cells_unit"]
    assert facts["cells"] == pytest.approx(rate_table(run.codes())["mean_variance"], rel=1e-5)


def test_a_view_that_only_a_map_has_gives_way_when_a_vector_is_chosen() -> None:
    app = open_page("kl.py", next(run for run in MODELS if run.id == "digits-map"))
    app.segmented_control(key="view").set_value("By cell").run()
    assert any("channel" in str(chart) for chart in charts(app))
    app.selectbox(key="run").set_value(DIGITS.title).run()
    assert_sound(app)
    assert app.segmented_control(key="view").value == "Bars"
