"""Runs go to a temporary folder, and no data set but the digits is on the machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pages.ui.library import cached
from pages.ui.session import paths
from pages.ui.train import queue
from vae_core.data.sources import DATA_VARIABLE

RUNS = Path(os.environ["ELBO_ROOM_RUNS"])


@pytest.fixture(autouse=True)
def runs() -> Iterator[Path]:
    """The reader's own runs: none at first."""
    assert paths.RUNS == RUNS, "pages.ui.session.paths was imported before this folder was set"
    yield RUNS
    queue.queue().cancel_all(patience=10)
    shutil.rmtree(RUNS)
    RUNS.mkdir()


@pytest.fixture(autouse=True)
def _no_images(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cached.files.clear()
    cached.prepared.clear()
