"""A small lesson and a room for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vae_core.lessons import Lesson, read_lesson
from vae_core.lessons.rooms import Room, Rooms

LESSON = """+++
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
def lesson(tmp_path: Path) -> Lesson:
    path = tmp_path / "a-lesson.md"
    path.write_text(LESSON, encoding="utf-8")
    return read_lesson(path)


@pytest.fixture
def room(lesson: Lesson, tmp_path: Path) -> Room:
    return Rooms(tmp_path / "rooms").open(lesson)
