"""Names and paths from users never leave the folder of runs."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.samples import tiny_run
from vae_core import ConfigError, Run, RunError, RunStore
from vae_core.runs.entries import Contents
from vae_core.runs.model_file import import_model, read_model_file

OUTSIDE = [
    *("", ".", "..", "../other", "../../x", "a/b", "a/../../other", "/etc", "/", "./a", "a/"),
    *("..\\other", "a\\b", "C:\\x", "~", "~root", "\0", "a\0b", "a\n", "\n", ".hidden", "-rf"),
    *("a b", "a;b", "$HOME", "%2e%2e", "％2e", "a:b", "x" * 201, "\udcff", "․․/x", "..."),
]
DEEDS: dict[str, Callable[[RunStore, str], object]] = {
    "load": RunStore.load,
    "delete": RunStore.delete,
    "pin": RunStore.pin,
    "unpin": lambda store, run_id: store.pin(run_id, False),
}


@pytest.fixture
def other(run_copy: Run) -> Path:
    """A folder beside that of the runs, which nobody may touch."""
    return Path(shutil.copytree(run_copy.path, run_copy.path.parents[1] / "other"))


def everything(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder, with what is in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("deed", DEEDS)
def test_an_id_that_is_no_name_in_the_folder_is_refused(deed, run_copy, other):
    store, before = RunStore(run_copy.path.parent), everything(other.parent)
    for run_id in OUTSIDE:
        with pytest.raises(RunError, match="expected a run's id"):
            DEEDS[deed](store, run_id)
    assert everything(other.parent) == before


def test_a_size_is_that_of_a_folder_in_the_list_whatever_its_name(run_copy, other):
    store = RunStore(run_copy.path.parent)
    for run_id in OUTSIDE:
        if run_id[:1] in ("", ".") or {*run_id} & {"/", "\\", "\0"}:
            with pytest.raises(RunError, match="expected a run's id"):
                store.size(run_id)
        else:
            assert store.size(run_id) == 0
    for name in ("lost+found", "my run copy", "@eaDir", "a\n", "字"):
        shutil.copytree(other, store.root / name)
        assert store.size(name) == store.size(run_copy.id)
    assert {entry.id for entry in store.list()} >= {"lost+found", "@eaDir"}


def test_a_run_is_not_adopted_under_such_an_id(run_copy, other):
    store, before = RunStore(run_copy.path.parent), everything(other.parent)
    weights, codes = run_copy.vae().state_dict(), run_copy.codes()
    contents = Contents(run_copy.config, run_copy.data(), weights, codes, run_copy.metrics())
    for run_id in OUTSIDE:
        with pytest.raises(RunError, match="expected a run's id"):
            store.adopt(run_id, contents)
    assert everything(other.parent) == before
    with pytest.raises(RunError, match="cannot be written"):
        store.adopt("字" * 200, contents)


@pytest.mark.parametrize("deed", ["load", "delete", "pin", "unpin"])
def test_an_odd_name_that_is_not_there_is_one_sentence(deed, run_copy):
    for run_id in ("absent", "CON", "nul", "é", "x" * 200, "字" * 200, "_.._"):
        with pytest.raises(RunError, match="there is no such run"):
            DEEDS[deed](RunStore(run_copy.path.parent), run_id)


REFUSED = [
    *("../../x", "a/b", "a\\b", "..", "...", ". . .", "- -", "~", "\0", "a\0b", "a\n", "x" * 61),
    *("$(rm)", "<b>", "🙂"),
]
ALLOWED = ["CON", "con", "nul.txt", "é", "字" * 60, "x" * 60, "_", ".hidden", "..a", "-rf"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_could_be_more_than_a_name_is_refused(name):
    with pytest.raises(ConfigError, match="name must be 1 to 60 letters"):
        replace(tiny_run(), name=name)
    with pytest.raises(ConfigError, match="sweep must be 1 to 60 letters"):
        replace(tiny_run(), sweep=name)


@pytest.mark.parametrize("name", ALLOWED)
def test_any_other_name_becomes_a_plain_name_of_a_folder(name, tmp_path):
    store = RunStore(tmp_path / "runs")
    run = store.create(replace(tiny_run(), name=name))
    assert run.path.parent == store.root
    assert re.fullmatch(r"[a-z0-9-]+-[0-9a-f]{6}", run.id)
    assert os.listdir(store.root) == [run.id]
    assert store.load(run.id).title == name
    store.delete(run.id)
    assert os.listdir(store.root) == []


@pytest.mark.parametrize("file", ["..safetensors", "字" * 60 + ".safetensors", "CON", "a b ;.st"])
def test_a_file_name_does_not_matter_to_the_folder_it_becomes(file, run_copy, digits, tmp_path):
    given = Path(shutil.copy(run_copy.path / "weights.safetensors", tmp_path / file))
    store = RunStore(tmp_path / "imported")
    run = import_model(read_model_file(given), store, digits)
    assert os.listdir(store.root) == [run.id]
    assert re.fullmatch(r"[a-z0-9-]+", run.id)


def test_of_a_linked_run_the_link_is_deleted_and_never_its_target(run_copy, other):
    store, before = RunStore(run_copy.path.parent), everything(other)
    (store.root / "linked").symlink_to(other)
    with pytest.raises(RunError, match="is a link to another folder"):
        store.pin("linked")
    store.delete("linked")
    assert everything(other) == before
    assert os.listdir(store.root) == [run_copy.id]


def test_a_link_to_nowhere_can_be_deleted(run_copy):
    store = RunStore(run_copy.path.parent)
    (store.root / "linked").symlink_to(store.root / "nowhere")
    with pytest.raises(RunError, match=r"config\.json"):
        store.load("linked")
    store.delete("linked")
    assert os.listdir(store.root) == [run_copy.id]


def test_links_inside_a_run_are_not_followed_when_it_is_deleted(run_copy, other):
    before = everything(other)
    (run_copy.path / "epochs").symlink_to(other)
    (run_copy.path / "more").mkdir()
    (run_copy.path / "more" / "file").symlink_to(other / "config.json")
    RunStore(run_copy.path.parent).delete(run_copy.id)
    assert not run_copy.path.exists()
    assert everything(other) == before


def test_a_folder_of_runs_that_is_itself_a_link_works(run_copy, tmp_path):
    (tmp_path / "linked").symlink_to(run_copy.path.parent)
    store = RunStore(tmp_path / "linked")
    store.pin(run_copy.id)
    assert store.load(run_copy.id).is_pinned
    assert store.size() == store.size(run_copy.id) > 0
    store.delete(run_copy.id)
    assert store.list() == []
