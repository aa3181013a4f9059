"""Where a class is: one small file a state, checked when it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vae_core.errors import RunError, shown

BEFORE, AFTER = "before", "after"  # steps of a room for an inventory
DRAW = "draw"  # the step of a room in which the class draws its data
PHASES = ("predict", "votes", "reveal")  # answering; bars are shown; the right answer, too
LED, OWN = "led", "own"  # pace: one question for all, or each goes through the lesson alone


@dataclass(frozen=True)
class RoomState:
    """Where a class is.

    Attributes
    ----------
    number : int
        Of this state; the next one has the next number.
    lesson, digest : str
        Its id, and the digest of its file when the room was opened; empty where the class draws.
    step : str
        "predict" or "transfer": whose question is asked; for an inventory "before" or "after";
        DRAW where the class draws its data.
    vote : int
        1, or 2 after "vote again".
    phase : str
        Of PHASES. Drawings are taken while it is "predict".
    is_paused : bool
        Whether answers wait.
    at : str
        When this state began, UTC.
    pace : str
        LED; or OWN, where `step` means nothing, answers are taken until the reveal, and bars are
        shown from "votes" on.
    labels : tuple of str
        What may be drawn.
    data : str
        The data set that was last made of the drawings, own:NAME; empty before.
    model : str
        The id of the run on which the class sees its drawings; empty for one that ships.
    """

    number: int
    lesson: str
    digest: str
    step: str = "predict"
    vote: int = 1
    phase: str = "predict"
    is_paused: bool = False
    at: str = ""
    pace: str = LED
    labels: tuple[str, ...] = ()
    data: str = ""
    model: str = ""


def state_of(found: dict[str, Any]) -> RoomState:
    """The state that a file holds. Raises RunError, TypeError or ValueError for another content."""
    labels = found.get("labels", [])
    if not (isinstance(labels, list) and all(isinstance(label, str) for label in labels)):
        raise RunError(f"expected a list of labels; got {shown(labels)}.")
    state = RoomState(**{**found, "labels": tuple(labels)})
    for value, known in ((state.phase, PHASES), (state.pace, (LED, OWN))):
        if value not in known:
            raise RunError(f"expected one of {', '.join(known)}; got {shown(value)}.")
    return state
