"""A lesson's live numbers and claims, computed once for each version of a run."""

from __future__ import annotations

import math

from pages.ui.library import cached, listing
from pages.ui.library.background import run_in_background
from vae_core.errors import LessonError, shown
from vae_core.lessons import QUANTITIES, Lesson, NumberQuestion, check_lesson
from vae_core.lessons.calls import Call, Number, in_words
from vae_core.runs.run import Run

NO_UNIT = {"", "class", "correlation", "count", "factor", "index", "number", "share"}


def run_of(run_id: str) -> Run:
    """A run that a lesson names. Raises LessonError when it is not here."""
    runs = [entry.run for entry in listing.entries() if entry.run and entry.run.is_finished]
    swept = (*listing.sweeps().values(), *listing.laws().values())
    runs += [run for group in swept for run in group]
    for run in runs:
        if run.id == run_id:
            return run
    raise LessonError(f"the model {shown(run_id)} of this lesson is not here.")


def value(call: Call, run: Run) -> Number:
    """What a quantity is for a run, or for the one that the call names.

    Raises
    ------
    VAECoreError
        When it cannot be computed, or the model that it names is not here.
    """
    return _value(run_of(call.run) if call.run else run, Call(call.name, call.arguments))


@cached.per_run("Computing this step's numbers …", max_entries=2000)
def _value(run: Run, call: Call) -> Number:
    return run_in_background(call.value, run, run_of)


@cached.per_run("Looking whether the lesson holds for this model …", max_entries=200)
def failures(run: Run, lesson: Lesson) -> tuple[str, ...]:
    """The claims of a lesson that do not hold for a run, a sentence each."""
    found = run_in_background(check_lesson, lesson, run, run_of)
    return tuple(failure.message for failure in found)


def own_model(lesson: Lesson) -> Run | None:
    """The model that a lesson was written for; None where it is not here."""
    try:
        return run_of(lesson.scene.run) if lesson.scene.run else None
    except LessonError:
        return None


def said(question: NumberQuestion, found: Number) -> str:
    """The right number in words, with as many digits as the tolerance has, and its unit."""
    digits = min(max(0, math.ceil(-math.log10(question.tolerance) - 1e-9)), 9)
    unit = QUANTITIES[question.answer.name].unit
    how = ",.0f" if unit == "count" else f".{digits}f"
    return f"{in_words(found, how)}{'' if unit in NO_UNIT else f' {unit}'}"
