"""The teacher's wall: the question large, how many have answered, the votes, and the reveal."""

from __future__ import annotations

import csv
import io

import streamlit as st

from pages.ui.classroom import inventory, rooms
from pages.ui.classroom.student import filled, value_of
from pages.ui.drawing import escaping
from pages.ui.lesson import numbers
from pages.ui.library import passcode
from pages.ui.session import problems
from vae_core.errors import RoomError
from vae_core.lessons import Choice, Lesson, NumberQuestion, Step
from vae_core.lessons.rooms import Answer, Room, RoomState, tally
from vae_core.lessons.votes_table import votes_table

POLL = 2.0  # seconds


def show(room: Room) -> None:
    """The wall; asks for the passcode where there is one."""
    if not passcode.ask("Leading a class"):
        return
    if inventory.is_of(room.state()):
        inventory.wall(room)
        return
    _follow(room)
    with st.expander("Answers as a table"):
        if st.button("Prepare the CSV"):
            _offer(room, rooms.lesson_of(room.state()))
        st.caption("A row an answer, without names. The numbers are those of the lesson's model.")


def _draw(room: Room) -> None:
    state = room.state()
    lesson = rooms.lesson_of(state)
    step = lesson.step(state.step)
    if step is None or step.question is None:
        raise RoomError("the lesson's file has changed: it no longer asks this question.")
    if rooms.has_changed(lesson, state):
        st.warning("The lesson's file has changed since this room was opened.")
    votes = [room.answers(state.step, vote) for vote in range(1, state.vote + 1)]
    head, count = st.columns([3, 2], vertical_alignment="bottom")
    head.markdown(f"### Room **{room.code.upper()}** · {escaping.markdown(lesson.title)}")
    count.markdown(f"### {len(votes[-1])} of {room.n_people()} have answered")
    with st.container(key="class-question"):
        st.markdown(filled(step.body, lesson))
        _answers(step, lesson, votes, state)
    _controls(room, lesson, state)


_follow = problems.fragment(_draw, run_every=POLL)


def _answers(step: Step, lesson: Lesson, votes: list[list[Answer]], state: RoomState) -> None:
    if isinstance(step.question, Choice):
        for k, option in enumerate(step.question.options):
            text, bars = st.columns([3, 2], vertical_alignment="center")
            is_right = state.phase == "reveal" and option.is_right
            mark = ":material/check_circle: " if is_right else ""
            text.markdown(filled(f"{mark}**{option.letter.upper()}** {option.text}", lesson))
            if state.phase == "reveal":
                why = option.response if option.is_right else option.misconception
                text.caption(filled(why, lesson) if why else "")
            if state.phase != "predict":
                _bars(bars, [list(tally(v, step.question).values())[k] for v in votes], votes)
    elif state.phase != "predict":
        said = sorted(a.said for a in votes[-1] if isinstance(a.said, float))
        st.markdown("Said: " + (", ".join(f"{value:g}" for value in said) or "nothing yet"))
        if state.phase == "reveal" and isinstance(step.question, NumberQuestion):
            found = value_of(lesson)(step.question.answer)
            st.markdown(f"It is **{numbers.said(step.question, found)}**.")


def _bars(
    place: st.delta_generator.DeltaGenerator, counts: list[int], votes: list[list[Answer]]
) -> None:
    """One bar a vote, the second below the first."""
    for number, (count, answers) in enumerate(zip(counts, votes, strict=True), start=1):
        share = count / len(answers) if answers else 0.0
        which = f" in vote {number}" if len(votes) > 1 else ""
        place.progress(share, text=f"{count} ({share:.0%}){which}")


def _controls(room: Room, lesson: Lesson, state: RoomState) -> None:
    """What the teacher may do next."""
    asking = [step.name.lower() for step in lesson.steps if step.question]
    following = asking[asking.index(state.step) + 1 :] if state.step in asking else []
    with st.container(horizontal=True):
        if state.phase == "predict":
            _move(room, state, "Show the votes", primary=True, phase="votes", is_paused=False)
            if state.is_paused:
                _move(room, state, "Go on", is_paused=False)
            else:
                _move(room, state, "Pause", is_paused=True)
        else:
            if state.phase == "votes":
                _move(room, state, "Reveal", primary=True, phase="reveal")
                if state.vote == 1:
                    _move(room, state, "Vote again", vote=2, phase="predict")
            if following:
                name = "Next question"
                start = {"step": following[0], "vote": 1, "phase": "predict", "is_paused": False}
                _move(room, state, name, primary=state.phase == "reveal", **start)
    if state.phase == "predict":
        rooms.invite(room)


def _move(
    room: Room, state: RoomState, label: str, primary: bool = False, **changes: object
) -> None:
    st.button(
        label, key=f"move-{label}-{state.number}", type="primary" if primary else "secondary",
        on_click=problems.callback(_go), args=(room, state, changes),
    )  # fmt: skip


@passcode.guarded
def _go(room: Room, seen: RoomState, changes: dict[str, object]) -> None:
    room.move(seen, **changes)


def _offer(room: Room, lesson: Lesson) -> None:
    run = numbers.own_model(lesson)
    if run is None:
        raise RoomError("the lesson's model is not here, so its answers cannot be judged.")
    table = votes_table(room, lesson, run, numbers.run_of)
    text = io.StringIO()
    table.to_csv(text, index=False, quoting=csv.QUOTE_MINIMAL)
    st.download_button(
        f"{len(table)} answers, .csv", text.getvalue(), f"room-{room.code}.csv", "text/csv"
    )
