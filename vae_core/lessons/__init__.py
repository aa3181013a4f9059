"""Lessons: predict, do, reveal, explain, transfer. Text files with numbers computed when read.

A lesson has no code of its own: what it shows are calls of registered quantities, and what it
claims of a model is checked on that model.
"""

from vae_core.lessons.checks import Failure, check_lesson, siblings
from vae_core.lessons.filling import fill
from vae_core.lessons.lesson import Choice, Lesson, NumberQuestion, Option, Place, Step
from vae_core.lessons.models import open_model
from vae_core.lessons.quantities import QUANTITIES
from vae_core.lessons.reading import FOLDER, find_lesson, lesson_paths, read_lesson

__all__ = [
    "FOLDER",
    "QUANTITIES",
    "Choice",
    "Failure",
    "Lesson",
    "NumberQuestion",
    "Option",
    "Place",
    "Step",
    "check_lesson",
    "fill",
    "find_lesson",
    "lesson_paths",
    "open_model",
    "read_lesson",
    "siblings",
]
