"""Lessons in files of their own, and the models that ship."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vae_core import Run, RunStore
from vae_core.lessons import Lesson, open_model, read_lesson
from vae_core.lessons.rooms import Room, Rooms

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


VOTED_ON = """+++
title = "A lesson"
question = "Why?"
+++
## Predict
Which?
- [ ] one -- M: It is one. It is not.
- [x] two -- Yes.
## Transfer
How much?
= kl_normal(2, 1) +- 0.05
"""


@pytest.fixture
def voted_on(tmp_path: Path) -> Lesson:
    """A small lesson with a choice and a number."""
    path = tmp_path / "a-lesson.md"
    path.write_text(VOTED_ON, encoding="utf-8")
    return read_lesson(path)


@pytest.fixture
def room(voted_on: Lesson, tmp_path: Path) -> Room:
    """A room for it."""
    return Rooms(tmp_path / "rooms").open(voted_on)
