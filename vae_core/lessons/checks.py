"""Whether a lesson is true of a model: its claims, computed on it."""

from __future__ import annotations

from dataclasses import dataclass

from vae_core.errors import VAECoreError
from vae_core.lessons.calls import Resolve, ends, in_words
from vae_core.lessons.lesson import Claim, Lesson
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore


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
    """Finds the runs that a lesson names beside this one, in the same folder of runs."""
    return RunStore(run.path.parent).load


def check_lesson(lesson: Lesson, run: Run, resolve: Resolve | None = None) -> list[Failure]:
    """The claims of a lesson that do not hold for a run; none where the lesson is true of it.

    Parameters
    ----------
    lesson : Lesson
    run : Run
    resolve : callable, optional
        Opens the runs that calls name, by their ids; by default those beside this run.
    """
    resolve = resolve or siblings(run)
    failures = []
    for claim in lesson.claims():
        try:
            value = claim.call.value(run, resolve)
        except VAECoreError as error:
            failures.append(
                Failure(claim, f"line {claim.line}: {claim} cannot be computed: {error}")
            )
            continue
        if not all(claim.holds(end) for end in ends(value)):
            said = in_words(value, ".4g")
            failures.append(
                Failure(claim, f"line {claim.line}: expected {claim}; got {said} on {run.title}.")
            )
    return failures
