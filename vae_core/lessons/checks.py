"""Whether a lesson is true of a model: its claims, computed on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from vae_core.errors import VAECoreError
from vae_core.lessons.calls import Call, Resolve, ends, in_words
from vae_core.lessons.lesson import Claim, Lesson
from vae_core.lessons.models import open_model
from vae_core.runs.run import Run


@dataclass(frozen=True)
class Failure:
    """A claim that does not hold for a model, or that cannot be looked at.

    Attributes
    ----------
    claim : Claim
    message : str
        What came instead, in one sentence with the line of the lesson's file.
    """

    claim: Claim
    message: str


def siblings(run: Run) -> Resolve:
    """Finds the runs that a lesson names: beside this one, else among those that ship."""
    return partial(open_model, folder=run.path.parent)


def check_lesson(lesson: Lesson, run: Run, resolve: Resolve | None = None) -> list[Failure]:
    """The claims of a lesson that do not hold for a run; none where the lesson is true of it.

    Parameters
    ----------
    lesson : Lesson
    run : Run
    resolve : callable, optional
        Opens the runs that calls name, by their ids; by default those beside this run, else those
        that ship.
    """
    resolve = resolve or siblings(run)
    failures = []
    for claim in lesson.claims():
        try:
            value = claim.call.value(run, resolve)
            bound = claim.bound
            bounds = ends(bound.value(run, resolve)) if isinstance(bound, Call) else (bound,)
        except VAECoreError as error:
            failures.append(
                Failure(claim, f"line {claim.line}: {claim} cannot be computed: {error}")
            )
            continue
        if not all(claim.holds(end, limit) for end in ends(value) for limit in bounds):
            said = in_words(value, ".4g")
            if isinstance(claim.bound, Call):
                said += f" and {in_words(claim.bound.value(run, resolve), '.4g')}"
            failures.append(
                Failure(claim, f"line {claim.line}: expected {claim}; got {said} on {run.title}.")
            )
    return failures
