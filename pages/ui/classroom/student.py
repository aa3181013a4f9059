"""A student's window: the question, the own answer, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from pages.ui.classroom import draw_student, inventory, news, rooms
from pages.ui.drawing import escaping
from pages.ui.lesson import filled as filling
from pages.ui.lesson import numbers, place
from pages.ui.session import problems
from pages.ui.session.doors import DOORS
from vae_core.errors import RoomError
from vae_core.lessons import Choice, Lesson, NumberQuestion, Option, Step
from vae_core.lessons.answers import Answer, Said
from vae_core.lessons.calls import Call, Number
from vae_core.lessons.reading import PLACEHOLDER
from vae_core.lessons.room_state import DRAW, OWN, RoomState
from vae_core.lessons.rooms import Room

EVERY = 2.0  # seconds between looks at where the class is


def show(room: Room) -> None:
    """The room as a student sees it; it follows the teacher by itself."""
    room.join(rooms.who())
    if inventory.is_of(room.state()):
        inventory.student(room)
        return
    if room.state().step == DRAW:
        draw_student.show(room)
        return
    if room.state().pace == OWN:
        _offer_lesson(room)
        return
    _follow(room)


def _offer_lesson(room: Room) -> None:
    """At the own pace: the way into the lesson, which goes on where one was."""
    state, who = room.state(), rooms.who()
    lesson = rooms.lesson_of(room, state)
    own = {a.step: a.said for a in room.all_answers() if a.who == who and a.vote == 1}
    asking = [step.name.lower() for step in lesson.steps if step.question]
    at = place.Place(lesson.id, said=tuple(in_address(own.get(name)) for name in asking))
    query = {k: v for k, v in at.to_address().items() if v} | {rooms.ROOM: room.code, "who": who}
    st.caption(f"Room {room.code} · each at their own pace")
    with st.container(key="class-question"):
        st.markdown(f"**{escaping.markdown(lesson.title)}**")
        st.markdown(f"“{escaping.markdown(lesson.question, 300)}”")
    if state.phase == "reveal":
        st.info("The teacher has closed the class. You can go through the lesson by yourself.")
    scripts = {door.url_path: door.script for door in DOORS}
    st.page_link(
        scripts.get(lesson.scene.page, "overview.py"), query_params=query,
        label="**Go on with the lesson**" if own else "**Begin the lesson**",
        icon=":material/play_circle:", help="",
    )  # fmt: skip
    st.caption(
        f"{len(own)} of {len(asking)} questions answered. Your first answer to each is counted, "
        "without a name."
    )


def in_address(said: Said | None) -> str:
    """An answer as the address of a lesson has it; empty where there is none."""
    if said is None or isinstance(said, str):
        return said or ""
    parts = said if isinstance(said, tuple) else (said,)
    return ";".join(f"{part:.6g}" for part in parts)


def _draw(room: Room) -> None:
    news.follow(room, "class", EVERY)
    state, who = room.state(), rooms.who()
    lesson = rooms.lesson_of(room, state)
    step = lesson.step(state.step)
    if step is None or step.question is None:
        raise RoomError("the lesson of this room does not ask this question; open a new room.")
    own = room.answer_of(who, state.step, state.vote)
    st.caption(f"Room {room.code} · {lesson.title}" + (" · second vote" if state.vote == 2 else ""))
    with st.container(key="class-question"):
        st.markdown(filled(step.body, lesson))
    with st.container(key="class-answers"):
        if state.phase == "predict":
            _ask(room, state, step, lesson, own)
        else:
            _tell(state, step, lesson, own)


_follow = problems.fragment(_draw)


def _ask(room: Room, state: RoomState, step: Step, lesson: Lesson, own: Answer | None) -> None:
    shown_at = _shown_at(room, state)
    if state.is_paused:
        st.info("The teacher has paused the room. Your answer waits, or stays as it is.")
    if isinstance(step.question, Choice):
        for option in step.question.options:
            st.button(
                filled(f"**{option.letter.upper()}** {option.text}", lesson),
                key=f"say-{state.number}-{option.letter}",
                type="primary" if own and own.said == option.letter else "secondary",
                disabled=state.is_paused, width="stretch",
                on_click=problems.callback(_say), args=(room, step, option.letter, shown_at),
            )  # fmt: skip
    elif isinstance(step.question, NumberQuestion):
        said = st.number_input(
            "Your number", value=own.said if own and isinstance(own.said, float) else None,
            key=f"say-{state.step}-{state.vote}", format="%g", disabled=state.is_paused,
        )  # fmt: skip
        st.button(
            "Answer", disabled=state.is_paused or said is None, type="primary",
            on_click=problems.callback(_say), args=(room, step, said, shown_at),
        )  # fmt: skip
    else:
        st.info("This question is answered on the plane, at the teacher's.")
    st.caption(
        "Your answer is kept; you may change it until the votes are shown." if own else
        "Answer by yourself first, without asking your neighbour."
    )  # fmt: skip


def _shown_at(room: Room, state: RoomState) -> float:
    """When this window first showed this question."""
    key = f"shown-{room.code}-{state.step}-{state.vote}"
    return float(st.session_state.setdefault(key, time.monotonic()))


def _say(room: Room, step: Step, said: Said, shown_at: float) -> None:
    assert step.question is not None
    room.answer(rooms.who(), said, step.question, time.monotonic() - shown_at)


def _tell(state: RoomState, step: Step, lesson: Lesson, own: Answer | None) -> None:
    """After the votes are shown: the own answer, and at the reveal what is right."""
    if state.phase == "votes":
        st.info("The votes are on the wall. Discuss them with your neighbour.")
    if isinstance(step.question, Choice):
        for option in step.question.options:
            _tell_option(option, state, lesson, bool(own and own.said == option.letter))
    elif own is not None:
        st.markdown(f"You said {own.said}.")
    if state.phase == "reveal" and isinstance(step.question, NumberQuestion):
        found = value_of(lesson)(step.question.answer)
        st.markdown(f"It is **{numbers.said(step.question, found)}**.")
    if own is None:
        st.caption("You have not answered this one.")


def _tell_option(option: Option, state: RoomState, lesson: Lesson, is_own: bool) -> None:
    is_revealed = state.phase == "reveal"
    mark = ":material/check_circle: " if is_revealed and option.is_right else ""
    yours = " *(your answer)*" if is_own else ""
    st.markdown(filled(f"{mark}**{option.letter.upper()}** {option.text}{yours}", lesson))
    if is_revealed and option.response and (is_own or option.is_right):
        st.caption(filled(option.response, lesson))


def value_of(lesson: Lesson) -> Callable[[Call], Number]:
    """What a quantity is for the model that the lesson was written for.

    Raises, when called, VAECoreError where that model is not here or has no such number.
    """
    run = numbers.own_model(lesson)
    if run is None:
        raise RoomError(f"the model of the lesson {lesson.id} is not here.")
    return lambda call: numbers.value(call, run)


def filled(text: str, lesson: Lesson) -> str:
    """A text with its live numbers; dots stand where they cannot be computed here."""
    run = numbers.own_model(lesson)
    return filling.filled(text, run)[0] if run else PLACEHOLDER.sub(filling.UNKNOWN, text)
