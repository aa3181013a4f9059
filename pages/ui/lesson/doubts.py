"""What a teacher's own lesson names and the app has not: most likely it is misspelt."""

from __future__ import annotations

from collections.abc import Iterator

from pages.ui.lesson import hideable
from pages.ui.lesson.scene import WIDGETS
from pages.ui.lesson.visit import MODEL_BOX
from pages.ui.session.doors import DOORS
from vae_core.errors import shown
from vae_core.lessons import Lesson


def doubts(lesson: Lesson) -> list[str]:
    """A sentence for each page, hidden part and shown part that there is not."""
    pages = list(dict.fromkeys(lesson.scene_at(step.name).page for step in lesson.steps))
    return [*_pages(pages), *_hidden(lesson, pages), *_shown(lesson)]


def _pages(pages: list[str]) -> Iterator[str]:
    known = [door.url_path for door in DOORS if door.of_model and door.url_path]
    for page in pages:
        if page not in {door.url_path for door in DOORS}:
            yield f"page: there is no page {shown(page)}. Pages are {', '.join(known)}."


def _hidden(lesson: Lesson, pages: list[str]) -> Iterator[str]:
    known = {*hideable.FRAME, MODEL_BOX}.union(*(hideable.PAGES.get(page, ()) for page in pages))
    for key in lesson.hide:
        if not {key, key.partition("--")[0]} & (known | WIDGETS.keys()):
            have = ", ".join(sorted(known))
            yield f"hide: no page of the lesson has {shown(key)}. They have {have}."


def _shown(lesson: Lesson) -> Iterator[str]:
    hidden = (*lesson.hide, MODEL_BOX)
    for key in dict.fromkeys(key for step in lesson.steps for key in step.scene.shows):
        if key not in hidden:
            yield f"Show: {shown(key)} was not hidden. Hidden are {', '.join(hidden)}."
