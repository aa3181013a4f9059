"""Lessons in files of their own, and the models that ship."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vae_core import Run, RunStore
from vae_core.lessons import Lesson, open_model, read_lesson

HEAD = '+++\ntitle = "A title"\nquestion = "A question?"\nrun = "digits-2d"\npage = "kl"\n+++\n'


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write a lesson's file: its steps, below a head that is right or another one."""

    def write(steps: str, head: str = HEAD, name: str = "own.md") -> Path:
        path = tmp_path / name
        path.write_text(head + steps, encoding="utf-8")
        return path

    return write


@pytest.fixture
def lesson(written: Callable[..., Path]) -> Callable[..., Lesson]:
    """A lesson that was read from such a file."""
    return lambda *args: read_lesson(written(*args))


@pytest.fixture(scope="session")
def digits_2d() -> Run:
    """The model of the digits with two latent dimensions."""
    return open_model("digits-2d")


@pytest.fixture
def own_run(tmp_path: Path, digits_2d: Run) -> Run:
    """A copy of it in a folder of runs of one's own."""
    path = shutil.copytree(digits_2d.path, tmp_path / "runs" / digits_2d.id)
    return RunStore(path.parent).load(path.name)
