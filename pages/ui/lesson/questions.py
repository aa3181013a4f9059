"""Questions of a lesson: the order of options, when an answer is revealed, and whether it is right.

Texts in; no Streamlit.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from vae_core.lessons import Choice, Lesson, Option, Step
from vae_core.lessons.lesson import STEPS

PREDICT, REVEAL = STEPS[0], STEPS[2]


def shuffled(lesson: Lesson, step: Step) -> list[Option]:
    """A step's options in an order that depends on the lesson alone: the same for a whole class.

    It does not change when the file's wording does, so that "the second one" stays the second.
    """
    if not isinstance(step.question, Choice):
        return []

    def place(option: Option) -> bytes:
        return hashlib.sha256(f"{lesson.id} {step.name} {option.letter}".encode()).digest()

    return sorted(step.question.options, key=place)


def is_revealed(lesson: Lesson, asked: Step, at: Step) -> bool:
    """Whether the right answer to a step's question is shown once the reader is at a step.

    A prediction waits for the step Reveal, or for the first one behind it where there is none;
    where nothing comes behind it, and for all other questions, an answer is shown at once.
    """
    if asked.name != PREDICT:
        return True
    later = [step for step in lesson.steps if STEPS.index(step.name) >= STEPS.index(REVEAL)]
    return not later or STEPS.index(at.name) >= STEPS.index(later[0].name)


def next_of(lesson: Lesson, step: Step) -> Step | None:
    """The step behind one; None behind the last."""
    place = lesson.steps.index(step) + 1
    return lesson.steps[place] if place < len(lesson.steps) else None


def before(lesson: Lesson, step: Step) -> Step | None:
    """The step before one; None before the first."""
    place = lesson.steps.index(step)
    return lesson.steps[place - 1] if place else None


def waits(lesson: Lesson, step: Step, answer: str) -> bool:
    """Whether the next step is closed until the reader has predicted."""
    return step.name == PREDICT and step.question is not None and not answer


@dataclass(frozen=True)
class Answer:
    """An answer to a question for a number or a place.

    Attributes
    ----------
    is_right : bool
    distance : float
        From the right number, or place, in its units.
    """

    is_right: bool
    distance: float


def number_answer(said: str, ends: tuple[float, ...], tolerance: float) -> Answer:
    """Whether a number is right: within the tolerance of the value, or between its two ends."""
    value = float(said)
    low, high = min(ends), max(ends)
    distance = max(low - value, value - high, 0.0)
    return Answer(distance <= tolerance * (1 + 1e-9), distance)


def place_answer(said: str, middle: tuple[float, float], radius: float) -> Answer:
    """Whether a place "z0;z1" on the plane is right: no farther from the middle than the radius."""
    x, y = map(float, said.split(";"))
    distance = math.dist((x, y), middle)
    return Answer(distance <= radius, distance)
