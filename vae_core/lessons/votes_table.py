"""A room's answers as a table, a row an answer, for a teacher's own evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from vae_core.analysis.estimates import Estimate
from vae_core.errors import VAECoreError
from vae_core.lessons.answers import Said
from vae_core.lessons.calls import Call, Number, Resolve, ends
from vae_core.lessons.inventory import Inventory, class_gain
from vae_core.lessons.lesson import Choice, Lesson, NumberQuestion, Place, Question
from vae_core.lessons.room_state import AFTER, BEFORE
from vae_core.lessons.rooms import Room
from vae_core.runs.run import Run

COLUMNS = (
    *("room", "lesson", "lesson_sha256", "question", "vote", "who", "said", "right"),
    *("misconception", "live_value", "run", "run_version", "at_utc", "seconds_since_shown"),
)


def votes_table(room: Room, lesson: Lesson, run: Run, resolve: Resolve) -> pd.DataFrame:
    """Every answer of a room.

    Parameters
    ----------
    room : Room
    lesson : Lesson
        The room's, as it was when the room was opened: `lesson_sha256` is of that file.
    run : Run
        Whose numbers answer questions for a number.
    resolve : callable
        Opens the runs that calls name.

    Returns
    -------
    DataFrame
        Columns COLUMNS. `right` is empty where the right answer cannot be computed; `live_value`
        is the number asked for.

    Raises
    ------
    RoomError
        When the room cannot be read.
    """
    state = room.state()

    def value(call: Call) -> Number:
        return call.value(run, resolve)

    rows = []
    for answer in room.all_answers():
        step = lesson.step(answer.step)
        question = step.question if step else None
        live = live_value(question, value)
        is_right, misconception = judged(answer.said, question, value)
        rows.append(
            (
                *(room.code, state.lesson, state.digest, answer.step, answer.vote, answer.who),
                *(_plain(answer.said), is_right, misconception, live, run.id, _version(run)),
                *(answer.at, answer.seconds),
            )
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def inventory_table(room: Room, inventory: Inventory) -> pd.DataFrame:
    """What each participant has answered before and after, with the gain of the class.

    Returns
    -------
    DataFrame
        A row for each who has answered; scores are empty where one of the two is missing. The
        gain of those who have both, Hedges' g with its 95 % interval, is the same in every row.

    Raises
    ------
    RoomError
        When the room cannot be read.
    """
    digest = room.state().digest
    said = {step: letters(room, step, inventory) for step in (BEFORE, AFTER)}
    found = class_gain(inventory, said[BEFORE], said[AFTER])
    rows = []
    for who in sorted(said[BEFORE].keys() | said[AFTER].keys()):
        row: dict[str, Any] = {"room": room.code, "inventory": inventory.id}
        row |= {"inventory_sha256": digest, "who": who}
        for step in (BEFORE, AFTER):
            row[step] = said[step].get(who, "")
            row[f"score_{step}"] = inventory.score(row[step]) if row[step] else None
        row |= {
            "hedges_g": found.effect if found else None,
            "g_low": found.low if found else None,
            "g_high": found.high if found else None,
            "normalised_gain": found.normalised if found else None,
        }
        rows.append(row)
    return pd.DataFrame(rows)


def letters(room: Room, step: str, inventory: Inventory) -> dict[str, str]:
    """The letters of each participant, before or after; of another inventory's length: none."""
    answers = {answer.who: answer.said for answer in room.answers(step, 1)}
    return {who: str(said) for who, said in answers.items() if inventory.is_answer(said)}


def judged(
    said: Said, question: Question | None, value: Callable[[Call], Number]
) -> tuple[bool | None, str]:
    """Whether an answer is right, None where that is unknown, and the misconception it shows."""
    if isinstance(question, Choice):
        option = next((o for o in question.options if o.letter == said), None)
        return (option.is_right, option.misconception) if option else (None, "")
    try:
        if isinstance(question, NumberQuestion) and isinstance(said, float | int):
            right = ends(value(question.answer))
            low, high = min(right) - question.tolerance, max(right) + question.tolerance
            return low <= said <= high, ""
        if isinstance(question, Place) and isinstance(said, tuple):
            at = [ends(value(p))[0] if isinstance(p, Call) else p for p in question.at]
            gap = sum((a - b) ** 2 for a, b in zip(said, at, strict=True)) ** 0.5
            return gap <= question.radius, ""
    except VAECoreError:
        pass
    return None, ""


def live_value(question: Question | None, value: Callable[[Call], Number]) -> float | None:
    """The number that a question asks for; None where it asks for none, or it is not at hand."""
    if not isinstance(question, NumberQuestion):
        return None
    try:
        found = value(question.answer)
    except VAECoreError:
        return None
    return found.value if isinstance(found, Estimate) else ends(found)[0]


def _plain(said: Any) -> str:
    return " ".join(f"{part:g}" for part in said) if isinstance(said, tuple) else str(said)


def _version(run: Run) -> str:
    """When the run was last trained, as its weights' file says."""
    try:
        return str((run.path / "weights.safetensors").stat().st_mtime_ns)
    except OSError:
        return ""
