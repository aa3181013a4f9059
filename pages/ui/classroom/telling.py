"""At the own pace: answers given on a lesson's card are counted in the room of the class.

The address of the window has them all. So what the room has not got yet, for its folder was full
or a server died, is handed in again whenever the card is drawn.
"""

from __future__ import annotations

import time

import streamlit as st

from pages.ui.classroom import rooms
from pages.ui.drawing import escaping
from pages.ui.lesson.visit import Visit
from pages.ui.session import keys
from vae_core.errors import RoomError, VAECoreError
from vae_core.lessons import Choice, NumberQuestion, Step
from vae_core.lessons.answers import Said
from vae_core.lessons.room_state import OWN


def tell(visit: Visit) -> None:
    """Hand in what was answered; says what the class has, or why it has not got an answer."""
    in_room = keys.LESSON_ROOM.get()
    if in_room is None:
        return
    code, who = in_room
    told = set(keys.LESSON_TOLD.get_or(set()))
    if visit.step.question and not visit.answer:
        _shown_at(visit, visit.step)
    asking = [step for step in visit.lesson.steps if step.question]
    n_told = 0
    for step in asking:
        said = visit.place.answer(visit.lesson, step)
        mark = f"{code} {who} {visit.lesson.id} {step.name}"
        if said and mark not in told:
            try:
                _hand_in(visit, step, said, code, who)
            except VAECoreError as error:
                st.warning(
                    f"The class has not got your answer: {escaping.message(error)} It stays here, "
                    "and you can go on.",
                    icon=":material/cloud_off:",
                )
                break
            told.add(mark)
        n_told += bool(said)
    else:
        st.caption(f"Room {code}: {n_told} of {len(asking)} answers are counted.")
    keys.LESSON_TOLD.set(told)


def _hand_in(visit: Visit, step: Step, said: str, code: str, who: str) -> None:
    room = rooms.rooms().room(code)
    state = room.state()
    if state.pace != OWN or state.lesson != visit.lesson.id:
        raise RoomError(f"room {code} is not for this lesson at the own pace.")
    assert step.question is not None
    seconds = time.monotonic() - _shown_at(visit, step)
    room.answer(who, _plain(step, said), step.question, seconds, step.name.lower())


def _plain(step: Step, said: str) -> Said:
    """An answer of the address as a room keeps it."""
    if isinstance(step.question, Choice):
        return said
    if isinstance(step.question, NumberQuestion):
        return float(said)
    x, y = map(float, said.split(";"))
    return x, y


def _shown_at(visit: Visit, step: Step) -> float:
    """When this window first showed this question."""
    key = f"shown-{visit.lesson.id}-{step.name}"
    return float(st.session_state.setdefault(key, time.monotonic()))
