"""Lists of runs from memory are those on the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pages.ui.shelf import Shelf
from tests.samples import ROOT
from vae_core.store import RunStore

BUNDLED = ROOT / "assets" / "models"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    for name in ("digits-2d", "digits-map"):
        shutil.copytree(BUNDLED / name, tmp_path / name)
    return Shelf(tmp_path)


def test_a_run_that_is_as_it_was_is_not_read_again(shelf: Shelf) -> None:
    first, second = shelf.list(), shelf.list()
    assert first == RunStore(shelf.root).list()
    assert all(a.run is b.run is not None for a, b in zip(first, second, strict=True))


def test_a_new_run_shows_at_once_and_a_removed_one_no_more(shelf: Shelf) -> None:
    assert len(shelf.list()) == 2
    shutil.copytree(BUNDLED / "mnist-2d", shelf.root / "mnist-2d")
    assert {entry.id for entry in shelf.list()} == {"digits-2d", "digits-map", "mnist-2d"}
    shutil.rmtree(shelf.root / "digits-2d")
    assert {entry.id for entry in shelf.list()} == {"digits-map", "mnist-2d"}


@pytest.mark.parametrize("name", ["config.json", "weights.safetensors", "codes.safetensors"])
def test_damage_shows_at_once_and_so_does_repair(shelf: Shelf, name: str) -> None:
    file = shelf.root / "digits-2d" / name
    shelf.list()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    entry = shelf.entry("digits-2d")
    assert entry.status == "damaged"
    assert name in str(entry.problem)
    file.write_bytes(whole)
    assert shelf.entry("digits-2d").status == "finished"


def test_a_run_is_finished_when_its_metrics_are_there(shelf: Shelf) -> None:
    metrics = shelf.root / "digits-2d" / "metrics.json"
    whole = metrics.read_bytes()
    metrics.unlink()
    assert shelf.entry("digits-2d").status == "unfinished"
    metrics.write_bytes(whole)
    assert shelf.entry("digits-2d").status == "finished"


def test_another_config_is_another_run(shelf: Shelf) -> None:
    config = shelf.root / "digits-2d" / "config.json"
    before = shelf.entry("digits-2d").run
    assert before
    config.write_text(config.read_text().replace(before.title, before.title[::-1]))
    after = shelf.entry("digits-2d").run
    assert after
    assert after.title == before.title[::-1]
