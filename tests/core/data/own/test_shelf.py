"""Sets on the shelf: kept whole, told apart, and never anywhere else."""

from __future__ import annotations

import json
import os

import pytest
import safetensors.torch
import torch

from tests.pictures import FORMATS, some_pixels
from tests.samples import tiny_model
from vae_core import DataConfig, RunConfig, RunStore, TrainConfig, load_dataset
from vae_core.__main__ import main
from vae_core.data import own, reload_dataset
from vae_core.data.own import Options, shelf
from vae_core.errors import ConfigError, DataError, RunError
from vae_core.sweep import sweep

OPTIONS = Options(shape=(8, 12))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(shelf.OWN_VARIABLE, str(tmp_path / "own"))
    return tmp_path / "own"


def draft(seed=0, n=30):
    return own.draft_of_uploads(FORMATS["csv"](some_pixels(n, seed=seed)), OPTIONS)


def tiny(name="own:mine", **data):
    train = TrainConfig(epochs=1, batch_size=8, threads=1)
    return RunConfig(DataConfig(name, **data), tiny_model(), train)


def test_a_set_is_read_as_it_was_kept_and_is_a_data_set_like_others():
    made = draft()
    kept = own.keep(made, "mine")
    data = load_dataset(DataConfig("own:mine"))
    assert torch.equal(data.train.pixels, made.train.pixels)
    assert torch.equal(data.test.labels, made.test.labels)
    assert data.class_names == made.class_names == kept.class_names
    assert data.fingerprint == kept.fingerprint
    assert kept == own.describe("mine") == own.sets()[0]
    assert (kept.n_train, kept.n_test, kept.image_shape) == (24, 6, (1, 8, 12))
    ones = load_dataset(DataConfig("own:mine", classes=(1,), limit=5, binarisation="threshold"))
    assert (len(ones.train), ones.train.levels, ones.train.labels.unique().tolist()) == (5, 1, [1])


def test_another_set_of_the_same_name_is_told_apart(tmp_path):
    own.keep(draft(), "mine")
    store, config = RunStore(tmp_path / "runs"), tiny()
    first = load_dataset(config.data)
    run = store.create(config)
    list(run.train(first))
    assert store.find(config, first.fingerprint) == run
    own.remove("mine")
    own.keep(draft(seed=1), "mine")
    other = reload_dataset(run.config.data)
    with pytest.raises(RunError, match="not the images the run was started with"):
        run.check_images(other)
    assert store.find(config, other.fingerprint) is None
    assert store.find_same([config], other.fingerprint) == []
    assert store.find_same([config], first.fingerprint) == store.find_same([config]) == [run]


def test_a_sweep_has_a_name_without_a_colon():
    assert {one.sweep for one in sweep(tiny(), "beta", ["1", "2"])} == {"mine beta"}


def test_a_set_that_moved_to_another_folder_is_the_same_one(tmp_path, folder):
    own.keep(draft(), "mine")
    before = load_dataset(DataConfig("own:mine")).fingerprint
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(DataError, match=r"own:mine is not on this machine\. Add it"):
        load_dataset(DataConfig("own:mine"))
    there = DataConfig("own:mine", path=str(tmp_path / "elsewhere"))
    assert load_dataset(there).fingerprint == before


@pytest.mark.parametrize(
    "name",
    ["", "../x", "a/b", "/etc/x", "a\\b", ".x", "-x", "a b", "x" * 41, "a\0", "a\n", "\ud800"],
)
def test_a_name_that_could_lead_elsewhere_is_none(tmp_path, name):
    made = draft()
    with pytest.raises(ConfigError, match="the name of an own data set must be"):
        own.keep(made, name)
    with pytest.raises(ConfigError):
        DataConfig(f"own:{name}")
    assert list(tmp_path.rglob("*")) == []


def test_two_ways_to_write_a_letter_are_one_name():
    own.keep(draft(), "e\u0301")
    assert DataConfig("own:e\u0301") == DataConfig("own:\u00e9")
    assert load_dataset(DataConfig("own:e\u0301")).name == "own:\u00e9"


def test_nothing_is_overwritten_and_what_is_gone_is_told():
    own.keep(draft(), "mine")
    with pytest.raises(DataError, match="own:mine is there already"):
        own.keep(draft(), "Mine")
    own.remove("mine")
    with pytest.raises(DataError, match="own:mine is not on this machine"):
        own.remove("mine")
    assert own.sets() == []


def test_limits_of_the_shelf_are_told(monkeypatch, folder):
    own.keep(draft(), "mine")
    for limit, value in (("MAX_SETS", 1), ("MAX_SHELF", 5000)):
        with monkeypatch.context() as patch:
            patch.setattr(shelf, limit, value)
            with pytest.raises(DataError, match=r"expected at most .* own sets"):
                own.keep(draft(seed=1), "more")
    assert [path.name for path in folder.iterdir()] == ["mine.safetensors"]


@pytest.mark.parametrize("deed", ["cut", "label", "kind", "about", "link", "folder"])
def test_a_damaged_file_is_listed_with_the_reason_and_refused(tmp_path, folder, deed):
    own.keep(draft(), "mine")
    path = folder / "mine.safetensors"
    tensors = safetensors.torch.load_file(path)
    about = {"set": json.dumps({"format": 1, "class_names": ["a"], "fingerprint": "", "made": ""})}
    if deed == "cut":
        path.write_bytes(path.read_bytes()[:-5])
    elif deed == "label":
        safetensors.torch.save_file(tensors, path, about)
    elif deed == "kind":
        tensors["train.pixels"] = tensors["train.pixels"].float()
        safetensors.torch.save_file(tensors, path, about)
    elif deed == "about":
        safetensors.torch.save_file(tensors, path, {"set": "{"})
    elif deed == "link":
        path.rename(tmp_path / "far.safetensors")
        path.symlink_to(tmp_path / "far.safetensors")
    else:
        path.unlink()
        path.mkdir()
    (found,) = own.sets()
    assert found.problem or deed in ("label", "kind")
    with pytest.raises(DataError):
        load_dataset(DataConfig("own:mine"))


def test_files_of_others_in_the_folder_are_left_alone(folder):
    own.keep(draft(), "mine")
    for name in ("notes.txt", ".mine.safetensors", "a b.safetensors"):
        (folder / name).write_text("mine")
    assert [one.name for one in own.sets()] == ["mine"]
    own.keep(draft(seed=1), "other")
    assert len(list(folder.iterdir())) == 5


def test_a_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(shelf.OWN_VARIABLE, str(tmp_path / "file" / "own"))
    with pytest.raises(DataError, match=f"choose another folder in {shelf.OWN_VARIABLE}"):
        own.keep(draft(), "mine")


def run(capsys, *words):
    code = main(["data", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_adds_previews_lists_and_removes(tmp_path, folder, capsys):
    source, preview = tmp_path / "rows.csv", tmp_path / "sheet.png"
    rows = FORMATS["csv"](some_pixels(30))["rows.csv"] + b"\ncat,1"
    source.write_bytes(rows)
    add = ("add", source, "--name", "mine", "--shape", "8x12")
    code, out, _ = run(capsys, *add, "--preview", preview)
    assert code == 0
    assert "Left out, 1: 1 pixels, where others have 96 (rows.csv, row 32)" in out
    assert preview.read_bytes().startswith(b"\x89PNG")
    assert not folder.exists()
    code, out, _ = run(capsys, *add, "--json")
    assert (code, json.loads(out)["n_train"]) == (0, 24)
    code, out, _ = run(capsys, "list")
    assert "own:mine  1 x 8 x 12, 24 + 6 pictures, 2 classes, " in out
    assert run(capsys, *add, "--preview", preview)[0] == 2  # which is there already
    words = "train --dataset own:mine --hidden 4 --latent 2 --epochs 1 --threads 1 --json"
    assert main([*words.split(), "--runs", str(tmp_path / "runs")]) == 0
    assert json.loads(capsys.readouterr().out)["dataset"] == "own:mine"
    assert run(capsys, "remove", "own:mine")[0] == 0
    code, out, err = run(capsys, "remove", "mine")
    assert (code, out) == (2, "")
    assert err == "DataError: own:mine is not on this machine.\n"
    assert os.listdir(folder) == []
