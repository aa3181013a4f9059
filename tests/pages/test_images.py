"""Images that are not here: what is offered for every data set; and images in colour."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.pages.app import (
    PAGES,
    assert_sound,
    button,
    fetch,
    float32,
    go,
    lens_facts,
    open_page,
    pictures,
    tell,
)
from tests.samples import archives, local_source, tiny_model, write_files
from vae_core import DataConfig, Run, RunConfig, RunStore, TrainConfig, load_dataset
from vae_core.data.sources import SOURCES, find_files
from vae_core.figures import contact_sheet

every_source = pytest.mark.parametrize("name", SOURCES)


def ask(name: str) -> AppTest:
    """The Train page, with this data set in the form."""
    app = open_page("train.py")
    return app.selectbox(key="form-dataset").set_value(name).run()


@every_source
def test_missing_images_are_offered_with_their_size_and_the_names_of_their_files(name: str) -> None:
    app, source = ask(name), SOURCES[name]
    assert_sound(app)
    assert app.info[0].value == (
        f"Training needs the images. {source.title} is not on this machine."
    )
    assert button(app, f"Download (about {source.megabytes} MB)")
    assert any(source.listing == c.value for c in app.caption)


@every_source
def test_a_download_ends_with_the_images_at_hand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: str, name: str
) -> None:
    write_files(tmp_path / "web", archives(name))
    monkeypatch.setitem(SOURCES, name, local_source(name, server))
    app = ask(name)
    app.text_input(key="data_dir").set_value(str(tmp_path / "nowhere")).run()
    assert app.error[0].value.endswith("Put them there, or name another folder.")
    next(b for b in app.button if b.label.startswith("Download")).click().run()
    assert_sound(app)
    assert find_files(name)
    assert not app.info  # the folder that has no images is looked at no more
    assert button(app, "Train")


@every_source
def test_a_download_that_fails_says_so_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, closed_port: str, name: str
) -> None:
    monkeypatch.setitem(SOURCES, name, local_source(name, closed_port))
    app = ask(name)
    next(b for b in app.button if b.label.startswith("Download")).click().run()
    assert not app.exception
    (error,) = app.error
    assert "could not be downloaded" in error.value
    assert "\n" not in error.value


@pytest.fixture
def colour_run(runs: Path, cifar_folder: Path) -> Run:
    """A run on colour images that are not where the pages look first."""
    config = RunConfig(
        DataConfig("cifar10", path=str(cifar_folder)),
        tiny_model((8, 8, 2), network="conv", likelihood="gaussian", sigma_value=0.1),
        TrainConfig(epochs=1, threads=1),
    )
    run = RunStore(runs).create(config)
    list(run.train(load_dataset(config.data)))
    return run


def open_colours(folder: Path) -> AppTest:
    app = open_page("overview.py")
    app.selectbox(key="run").set_value(app.selectbox(key="run").options[-1]).run()
    assert "CIFAR-10 is not on this machine" in app.info[0].value
    return app.text_input(key="data_dir").set_value(str(folder)).run()


def channels(source: str) -> NDArray[np.uint8]:
    """The three channels of a picture on the page."""
    png = base64.b64decode(source.partition(",")[2])
    return np.moveaxis(np.asarray(Image.open(io.BytesIO(png)).convert("RGB")), -1, 0)


def test_every_page_opens_for_images_in_colour(colour_run: Run, cifar_folder: Path) -> None:
    app = open_colours(cifar_folder)
    for page in PAGES:
        assert_sound(go(app, page))


def pixels(png: bytes) -> NDArray[np.int64]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_a_sheet_of_colour_pictures_keeps_their_colours() -> None:
    pictures = np.eye(3, dtype=np.float32)[:, :, None, None].repeat(4, 2).repeat(4, 3)
    sheet = pixels(contact_sheet(pictures, columns=2, scale=1, gap=1))
    assert sheet.shape == (9, 9, 3)
    assert [sheet[r, c].tolist() for r, c in ((0, 0), (0, 5), (5, 0), (8, 8))] == [
        [255, 0, 0], [0, 255, 0], [0, 0, 255], [128, 128, 128],
    ]  # fmt: skip


def test_traversals_of_a_colour_model_are_in_colour(colour_run: Run, cifar_folder: Path) -> None:
    app = go(open_colours(cifar_folder), "sliders.py")
    shown = pictures(app)
    assert shown
    for source in shown.values():
        red, green, blue = channels(source)
        assert (red != green).any() or (green != blue).any()


def test_neighbours_are_the_images_themselves_in_colour(
    colour_run: Run, cifar_folder: Path
) -> None:
    app, codes = open_colours(cifar_folder), colour_run.codes()
    tell(app, at=codes.mean[3].flatten().tolist())
    shown = channels(pictures(app)["test image 3"])
    original = load_dataset(colour_run.config.data).test.pixels[3].numpy()
    factor = len(shown[0]) // 32
    np.testing.assert_array_equal(shown, original.repeat(factor, 1).repeat(factor, 2))


def test_the_lens_fetches_an_image_in_colour_when_it_is_here(
    colour_run: Run, cifar_folder: Path
) -> None:
    app = open_page("overview.py")
    app.selectbox(key="run").set_value(app.selectbox(key="run").options[-1]).run()
    assert lens_facts(app)["images"] is None
    app = open_colours(cifar_folder)
    assert not app.info
    test = load_dataset(colour_run.config.data).test
    x = float32(fetch(f"{lens_facts(app)['images']}images/3").content)
    assert lens_facts(app)["image_shape"] == [3, 32, 32]
    torch.testing.assert_close(x.reshape(3, 32, 32), test.images[3], rtol=0, atol=0)
