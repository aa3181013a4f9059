"""What a participant of a class has said to a question: a letter, a number or a place."""

from __future__ import annotations

import math
import re
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vae_core.errors import RoomError, shown
from vae_core.lessons.inventory import Inventory
from vae_core.lessons.lesson import Choice, Place, Question

_WHO = re.compile(r"[0-9a-f]{8}")

Said = str | float | tuple[float, float]


@dataclass(frozen=True)
class Answer:
    """What one participant has said to one vote on one question."""

    who: str
    step: str
    vote: int
    said: Said
    at: str
    seconds: float


def answer_of(found: dict[str, Any]) -> Answer:
    """An answer from the values of its file. Raises KeyError or TypeError where it is none."""
    said = found["said"]
    return Answer(**{**found, "said": tuple(said) if isinstance(said, list) else said})


def tally(answers: Sequence[Answer], question: Choice) -> dict[str, int]:
    """How many have chosen each option, by its letter; those that nobody chose are 0."""
    counts = Counter(answer.said for answer in answers)
    return {option.letter: counts[option.letter] for option in question.options}


def check_said(said: Said, question: Question | Inventory) -> None:
    """Raise RoomError unless this can be an answer to the question."""
    if isinstance(question, Inventory):
        if not question.is_answer(said):
            raise RoomError(f"expected a letter for each of {len(question.items)} items.")
        return
    if isinstance(question, Choice):
        letters = [option.letter for option in question.options]
        if said not in letters:
            raise RoomError(f"expected one of {', '.join(letters)}; got {shown(said)}.")
        return
    parts = said if isinstance(said, tuple) else (said,)
    n = 2 if isinstance(question, Place) else 1
    if len(parts) != n or not all(isinstance(p, float | int) and math.isfinite(p) for p in parts):
        expected = "a place, two numbers" if n == 2 else "a number"
        raise RoomError(f"expected {expected}; got {shown(said)}.")


def new_who() -> str:
    """Eight random hexadecimal digits, by which a browser's answers belong together."""
    return secrets.token_hex(4)


def check_who(who: str) -> None:
    """Raise RoomError unless these can be a participant's eight digits."""
    if not _WHO.fullmatch(who):
        raise RoomError(f"expected eight hexadecimal digits for a participant; got {shown(who)}.")
