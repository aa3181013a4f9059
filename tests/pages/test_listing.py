"""Lists of runs from memory are those on the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pages.ui.library.listing import Listing
from tests.pages.app import assert_sound, open_page, trained
from tests.samples import ROOT
from vae_core import Dataset
from vae_core.runs.store import RunStore

BUNDLED = ROOT / "assets" / "models"


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    for name in ("digits-2d", "digits-map"):
        shutil.copytree(BUNDLED / name, tmp_path / name)
    return Listing(tmp_path)


def test_a_run_that_is_as_it_was_is_not_read_again(listing: Listing) -> None:
    first, second = listing.list(), listing.list()
    assert first == RunStore(listing.root).list()
    assert all(a.run is b.run is not None for a, b in zip(first, second, strict=True))


def test_a_new_run_shows_at_once_and_a_removed_one_no_more(listing: Listing) -> None:
    assert len(listing.list()) == 2
    shutil.copytree(BUNDLED / "mnist-2d", listing.root / "mnist-2d")
    assert {entry.id for entry in listing.list()} == {"digits-2d", "digits-map", "mnist-2d"}
    shutil.rmtree(listing.root / "digits-2d")
    assert {entry.id for entry in listing.list()} == {"digits-map", "mnist-2d"}


@pytest.mark.parametrize("name", ["config.json", "weights.safetensors", "codes.safetensors"])
def test_damage_shows_at_once_and_so_does_repair(listing: Listing, name: str) -> None:
    file = listing.root / "digits-2d" / name
    listing.list()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    entry = listing.entry("digits-2d")
    assert entry.status == "damaged"
    assert name in str(entry.problem)
    file.write_bytes(whole)
    assert listing.entry("digits-2d").status == "finished"


def test_a_run_is_finished_when_its_metrics_are_there(listing: Listing) -> None:
    metrics = listing.root / "digits-2d" / "metrics.json"
    whole = metrics.read_bytes()
    metrics.unlink()
    assert listing.entry("digits-2d").status == "unfinished"
    metrics.write_bytes(whole)
    assert listing.entry("digits-2d").status == "finished"


def test_another_config_is_another_run(listing: Listing) -> None:
    config = listing.root / "digits-2d" / "config.json"
    before = listing.entry("digits-2d").run
    assert before
    config.write_text(config.read_text().replace(before.title, before.title[::-1]))
    after = listing.entry("digits-2d").run
    assert after
    assert after.title == before.title[::-1]


def test_a_link_from_before_its_title_changed_opens_the_same_run(
    runs: Path, digits: Dataset
) -> None:
    label = trained(runs, digits, network="conv", latent_shape=(2, 2, 3))
    assert label.startswith("digits 3 × 2 × 2 diagonal · ")
    app = open_page("kl.py", label.replace("3 × 2 × 2", "2 x 2 x 3"))
    assert_sound(app)
    assert app.selectbox(key="run").value == label
    assert not app.toast
