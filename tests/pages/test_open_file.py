"""Opening a model file from the Train page: uploaded, or by its path."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextInput

from tests.pages.app import (
    WITH_PICKER,
    assert_sound,
    button,
    choose_preset,
    chosen_label,
    go,
    open_page,
)
from tests.samples import rewrite, synthetic_files, tiny_run, write_files
from vae_core import DataConfig, Run, RunStore, load_dataset
from vae_core.runs.archive import archive


@pytest.fixture
def file(finished_run: Run, tmp_path: Path) -> Path:
    """The weights of a finished run, far from its folder."""
    return Path(
        shutil.copy(finished_run.path / "weights.safetensors", tmp_path / "a (1).safetensors")
    )


@pytest.fixture
def foreign(idx_folder: Path, tmp_path: Path) -> Path:
    """The weights of a model whose images are not on this machine."""
    data = DataConfig(name="mnist", path=str(idx_folder))
    run = RunStore(tmp_path / "theirs").create(replace(tiny_run(), data=data))
    list(run.train(load_dataset(data)))
    return run.path / "weights.safetensors"


def upload(app: AppTest, name: str, content: bytes) -> AppTest:
    app.file_uploader[0].set_value((name, content, "application/octet-stream"))
    return button(app.run(), "Open the model").click().run()


def write_path(app: AppTest, path: Path | str) -> AppTest:
    path_box(app).set_value(str(path))
    return button(app.run(), "Open the model").click().run()


def path_box(app: AppTest) -> TextInput:
    return next(box for box in app.text_input if box.label.startswith("or its path"))


@pytest.mark.parametrize("how", ["uploaded", "by its path"])
def test_an_opened_model_becomes_the_chosen_one_on_every_page(
    how: str, file: Path, finished_run: Run, runs: Path
) -> None:
    app = open_page("train.py")
    if how == "uploaded":
        upload(app, file.name, file.read_bytes())
    else:
        write_path(app, file)
    assert_sound(app)
    (entry,) = RunStore(runs).list()
    assert entry.status == "finished"
    assert chosen_label(app) == f"{entry.run.title} · {entry.id[-6:]}"
    assert app.success[0].value.startswith(f"{entry.run.title} is open")
    assert app.file_uploader[0].value is None
    assert path_box(app).value == ""
    distortion = f"{finished_run.metrics().distortion:.1f}"
    for page in WITH_PICKER:
        assert_sound(go(app, page))
        assert any(distortion in caption.value for caption in app.caption)
    assert len(RunStore(runs).list()) == 1  # and not once more with every run of the page


@pytest.mark.parametrize("how", ["uploaded", "by its path"])
def test_a_run_taken_home_opens_elsewhere(how: str, finished_run: Run, tmp_path: Path) -> None:
    file = tmp_path / "taken.zip"
    file.write_bytes(archive(finished_run))
    app = open_page("train.py")
    app = upload(app, file.name, file.read_bytes()) if how == "uploaded" else write_path(app, file)
    assert_sound(app)
    assert app.success[0].value.startswith(f"{finished_run.title} is open")


@pytest.mark.parametrize(
    "name", ["../../x.safetensors", "字" * 90 + ".safetensors", ".. .safetensors"]
)
def test_the_name_of_an_upload_leads_nowhere(name: str, file: Path, runs: Path) -> None:
    before = sorted(runs.parent.iterdir())
    app = open_page("train.py")
    app.file_uploader[0].set_value((name, file.read_bytes(), "application/octet-stream"))
    button(app.run(), "Open the model").click().run()
    assert_sound(app)
    assert len(list(runs.iterdir())) == 1
    assert sorted(runs.parent.iterdir()) == before


def test_a_model_without_a_history_has_one_sentence_in_its_place(file: Path, runs: Path) -> None:
    app = write_path(open_page("train.py"), file)
    go(app, "kl.py")
    app.segmented_control(key="view").set_value("Over epochs").run()
    assert_sound(app)
    assert [info.value for info in app.info] == [
        "This model was opened from a file, which came without its history."
    ]


def test_a_pickle_is_refused_in_one_sentence(runs: Path) -> None:
    app = upload(open_page("train.py"), "model.safetensors", b"PK\3\4" + bytes(100))
    assert not app.exception
    (error,) = app.error
    assert error.value.startswith("model.safetensors: expected a .safetensors file; got a zip")
    assert "never unpickles" in error.value
    assert list(runs.iterdir()) == []
    assert not app.run().error  # said once


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "Choose a file, or write its path."),
        ("/nowhere/model.safetensors", "there is none at this path"),
        ("~nobody-of-this-name/model", "there is none at this path"),
    ],
)
def test_a_path_without_a_model_is_one_sentence(path: str, said: str, runs: Path) -> None:
    app = write_path(open_page("train.py"), path)
    assert not app.exception
    (error,) = app.error
    assert said in error.value
    assert list(runs.iterdir()) == []


def test_a_path_tells_nothing_of_what_is_there(runs: Path, tmp_path: Path) -> None:
    """Missing, forbidden, a folder, a device, or a file of another kind: the same sentence."""
    places = {
        name: tmp_path / name for name in ("absent", "folder", "secret", "cut.safetensors", "pipe")
    }
    places["folder"].mkdir()
    places["secret"].write_text("root:x:0:0:root:/root:/bin/bash\n")
    places["cut.safetensors"].write_bytes((1000).to_bytes(8, "little") + b'{"a":')
    os.mkfifo(places["pipe"])
    said = set()
    for path in (*places.values(), Path("/dev/zero"), Path("/proc/kmsg")):
        (error,) = write_path(open_page("train.py"), path).error
        said.add(error.value.replace(str(path), "PATH"))
    assert said == {
        "PATH: expected a .safetensors file that ELBO Room wrote; there is none at this path that "
        "the server may read."
    }
    assert list(runs.iterdir()) == []


def test_an_upload_that_says_nothing_of_its_model_is_refused(run_copy: Run, runs: Path) -> None:
    rewrite(run_copy, "weights")  # as an older version wrote it
    content = (run_copy.path / "weights.safetensors").read_bytes()
    app = upload(open_page("train.py"), "old.safetensors", content)
    (error,) = app.error
    assert error.value.startswith("old.safetensors: does not say which model it is")
    assert list(runs.iterdir()) == []


@pytest.mark.parametrize("preset", ["Digits, 2-D", "MNIST, 2-D"])
def test_missing_images_are_asked_for_once_and_then_the_model_opens(
    preset: str, foreign: Path, idx_folder: Path, tmp_path: Path, runs: Path
) -> None:
    """Also when the form's own data set is missing as well."""
    app = open_page("train.py")
    choose_preset(app, preset)
    write_path(app, foreign)
    assert_sound(app)
    said = "Opening it needs the images it was trained on. MNIST is not on this machine."
    assert [i.value for i in app.info if i.value.startswith("Opening")] == [said]
    app.text_input(key="data_dir").set_value(str(tmp_path / "nowhere")).run()
    assert not app.exception
    assert list(runs.iterdir()) == []
    app.text_input(key="data_dir").set_value(str(idx_folder)).run()
    assert_sound(app)
    (entry,) = RunStore(runs).list()
    assert entry.status == "finished"
    assert app.success[0].value.startswith(f"{entry.run.title} is open")


def test_a_file_that_waits_for_its_images_is_let_go_with_its_path(foreign: Path) -> None:
    app = write_path(open_page("train.py"), foreign)
    assert [i for i in app.info if i.value.startswith("Opening")]
    path_box(app).set_value("").run()
    assert_sound(app)
    assert not app.info


def test_other_images_are_refused(foreign: Path, tmp_path: Path, runs: Path) -> None:
    other = write_files(tmp_path / "other", synthetic_files(n_train=50))
    app = write_path(open_page("train.py"), foreign)
    app.text_input(key="data_dir").set_value(str(other)).run()
    assert not app.exception
    (error,) = app.error
    assert "not the images the run was started with" in error.value
    assert list(runs.iterdir()) == []
