"""The lessons' files: read once, and again when they change."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from vae_core.errors import LessonError
from vae_core.lessons import Lesson, lesson_paths, read_lesson
from vae_core.lessons.reading import FOLDER

Stamp = tuple[int, int, int]  # inode, size, time of the last change

_known: dict[Path, tuple[Stamp, Entry]] = {}


@dataclass(frozen=True)
class Entry:
    """A file and the lesson in it, or one sentence why it cannot be read."""

    id: str
    lesson: Lesson | None
    problem: str = ""


def entries() -> list[Entry]:
    """All lessons, those that ship and those of the teacher's folder."""
    return [entry_at(path) for path in lesson_paths(os.environ.get(FOLDER))]


def find(lesson_id: str) -> Entry | None:
    """The lesson of this id; None where there is no such file."""
    return next((entry for entry in entries() if entry.id == lesson_id), None)


def entry_at(path: Path) -> Entry:
    """The lesson in this file."""
    try:
        found = path.stat()
    except OSError:  # removed meanwhile
        return Entry(path.stem, None, f"{path.name} is gone.")
    stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
    known = _known.get(path)
    if known is None or known[0] != stamp:
        known = (stamp, _read(path))
        _known[path] = known
    return known[1]


def _read(path: Path) -> Entry:
    try:
        return Entry(path.stem, read_lesson(path))
    except LessonError as error:  # names the file by its whole path, which is the server's
        return Entry(path.stem, None, str(error).replace(f"{path.parent}{os.sep}", ""))
