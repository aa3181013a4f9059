"""The Data page: pictures are uploaded, looked at, kept, trained on and removed."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.library import cached, images
from pages.ui.train.class_rows import rows_html
from pages.ui.train.own_data import frame
from tests.pages.app import assert_sound, button, go, open_page, words
from tests.pictures import csv_bytes, photo_files, some_pixels, zip_bytes
from vae_core import DataConfig
from vae_core.data import own
from vae_core.data.own import Options, shelf
from vae_core.errors import DataError

HOSTILE = "<img src=x onerror=alert(1)>"
ROWS = csv_bytes(some_pixels(30)).replace(b"cat", HOSTILE.encode())
OPTIONS = Options(shape=(8, 12))


@pytest.fixture(autouse=True)
def _shelf(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv(shelf.OWN_VARIABLE, f"{tmp_path}/own")


def keep(name: str, seed: int = 0) -> str:
    rows = csv_bytes(some_pixels(30, seed=seed))
    return own.keep(own.draft_of_uploads({"a.csv": rows}, OPTIONS), name).fingerprint


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def test_pictures_are_previewed_kept_and_among_the_choices_of_the_form() -> None:
    app = open_page("data.py")
    assert_sound(app)
    files = photo_files(some_pixels(12)) | {"cat/cut.png": b"\x89PNG\r\n\x1a\n"}
    app.file_uploader[0].set_value([("pets.zip", zip_bytes(files), "application/zip")]).run()
    assert_sound(app)
    said = " ".join(words(app))
    assert "10 training and 2 test pictures** of 8 × 12 pixels, grey, 2 classes" in said
    assert "1 left out" in said
    assert "cat/cut.png" in said
    assert "cat: 5" in html(app)
    assert own.sets() == []
    button(app, "Keep").click().run()
    assert "1 to 40 letters" in app.error[0].value
    app.text_input(key="data-name-0").set_value("pets")
    button(app, "Keep").click().run()
    assert_sound(app)
    assert [one.choice for one in own.sets()] == ["own:pets"]
    go(app, "train.py")
    assert "own:pets" in app.selectbox(key="form-dataset").options
    app.selectbox(key="form-dataset").set_value("own:pets").run()
    assert_sound(app)
    assert "10 training images" in " ".join(words(app))
    own.remove("pets")
    app.run()
    assert "is not on this machine. Add it on the Data page" in app.error[0].value


def test_what_makes_no_set_is_told_and_nothing_is_kept() -> None:
    app = open_page("data.py")
    app.file_uploader[0].set_value([("a.csv", b"label,1\nx,2", "text/csv")]).run()
    assert len(app.error) == 1
    assert "a.csv" in app.error[0].value
    app.text_input(key="data-size-0").set_value("900").run()
    assert "size must be height and width" in app.error[0].value
    assert own.sets() == []


def test_names_of_classes_are_text() -> None:
    draft = own.draft_of_uploads({"a.csv": ROWS}, OPTIONS)
    shown = rows_html(draft.train, draft.class_names)
    assert "<img src=x" not in shown
    assert "&lt;img src=x onerror" in shown
    assert frame([own.keep(draft, "mine")])["Classes"][0] == f"{HOSTILE}, dog"


def test_another_set_of_the_same_name_is_read_anew() -> None:
    config, first = DataConfig("own:mine"), keep("mine")
    assert cached.dataset(config).fingerprint == first
    spread = cached.spectrum(config)
    assert images.are_here("own:mine")
    own.remove("mine")
    assert not images.are_here("own:mine")
    with pytest.raises(DataError, match="own:mine is not on this machine"):
        cached.dataset(config)
    second = keep("mine", seed=1)
    assert cached.dataset(config).fingerprint == second != first
    assert not cached.spectrum(config).equal(spread)
