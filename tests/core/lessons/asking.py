"""The questions of a lesson."""

from __future__ import annotations

from typing import Any

from vae_core.lessons import Lesson


def asked(lesson: Lesson, step: str = "predict") -> Any:
    found = lesson.step(step)
    assert found
    return found.question
