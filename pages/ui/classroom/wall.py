"""The teacher's wall: the question large, how many have answered, the votes, and the reveal."""

from __future__ import annotations

import csv
import io

import streamlit as st

from pages.ui.classroom import bars, draw_wall, inventory, news, own_pace, rooms
from pages.ui.classroom.move import move
from pages.ui.classroom.student import filled
from pages.ui.drawing import escaping
from pages.ui.lesson import numbers
from pages.ui.library import passcode
from pages.ui.session import problems
from vae_core.errors import RoomError
from vae_core.lessons import Lesson
from vae_core.lessons.answers import Answer
from vae_core.lessons.room_state import DRAW, OWN, RoomState
from vae_core.lessons.rooms import Room
from vae_core.lessons.votes_table import votes_table

EVERY = 2.0  # seconds between looks at where the class is
COUNT = 0.25  # and at how many have answered


def show(room: Room) -> None:
    """The wall; asks for the passcode where there is one."""
    if not passcode.ask("Leading a class"):
        return
    if inventory.is_of(room.state()):
        inventory.wall(room)
        return
    if room.state().step == DRAW:
        draw_wall.show(room)
        return
    _follow(room)
    with st.expander("Answers as a table"):
        if st.button("Prepare the CSV"):
            _offer(room, rooms.lesson_of(room, room.state()))
        st.caption("A row an answer, without names. The numbers are those of the lesson's model.")


def _draw(room: Room) -> None:
    is_own = room.state().pace == OWN
    news.follow(room, "class", EVERY, news.COUNTS if is_own else news.MOVES)
    state = room.state()
    lesson = rooms.lesson_of(room, state)
    if is_own:
        own_pace.draw(room, lesson, state)
        return
    step = lesson.step(state.step)
    if step is None or step.question is None:
        raise RoomError("the lesson of this room does not ask this question; open a new room.")
    rooms.say_changed(state)
    votes: list[list[Answer]] = []
    if state.phase != "predict":  # until then they are only counted
        votes = [room.answers(state.step, vote) for vote in range(1, state.vote + 1)]
    head, count = st.columns([3, 2], vertical_alignment="bottom")
    head.markdown(f"### Room **{room.code.upper()}** · {escaping.markdown(lesson.title)}")
    with count:
        _count(room, state)
    with st.container(key="class-question"):
        st.markdown(filled(step.body, lesson))
        bars.show(step, lesson, votes, state.phase)
    _controls(room, lesson, state)


def _draw_count(room: Room, state: RoomState) -> None:
    news.follow(room, "count", COUNT, news.COUNTS)
    n = room.n_answers(state.step, state.vote)
    st.markdown(f"### {n} of {room.n_people()} have answered")


_count = problems.fragment(_draw_count)
_follow = problems.fragment(_draw)


def _controls(room: Room, lesson: Lesson, state: RoomState) -> None:
    """What the teacher may do next."""
    asking = [step.name.lower() for step in lesson.steps if step.question]
    following = asking[asking.index(state.step) + 1 :] if state.step in asking else []
    with st.container(horizontal=True):
        if state.phase == "predict":
            move(room, state, "Show the votes", primary=True, phase="votes", is_paused=False)
            if state.is_paused:
                move(room, state, "Go on", is_paused=False)
            else:
                move(room, state, "Pause", is_paused=True)
        else:
            if state.phase == "votes":
                move(room, state, "Reveal", primary=True, phase="reveal")
                if state.vote == 1:
                    move(room, state, "Vote again", vote=2, phase="predict")
            if following:
                name = "Next question"
                start = {"step": following[0], "vote": 1, "phase": "predict", "is_paused": False}
                move(room, state, name, primary=state.phase == "reveal", **start)
    if state.phase == "predict":
        rooms.invite(room)


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
