"""The wall of a class at its own pace: how many have answered each question of the lesson."""

from __future__ import annotations

import streamlit as st

from pages.ui.classroom import bars, rooms
from pages.ui.classroom.move import move
from pages.ui.classroom.student import filled
from pages.ui.drawing import escaping
from vae_core.lessons import Lesson
from vae_core.lessons.room_state import RoomState
from vae_core.lessons.rooms import Room


def draw(room: Room, lesson: Lesson, state: RoomState) -> None:
    """Counts for every question; bars once they are shown, the right answers once it is closed."""
    steps = [step for step in lesson.steps if step.question]
    said = {step.name: room.answers(step.name.lower(), 1) for step in steps}
    n, everyone = room.n_people(), [{a.who for a in answers} for answers in said.values()]
    finished = len(set.intersection(*everyone)) if everyone else 0
    rooms.say_changed(state)
    head, count = st.columns([3, 2], vertical_alignment="bottom")
    head.markdown(f"### Room **{room.code.upper()}** · {escaping.markdown(lesson.title)}")
    count.markdown(f"### {finished} of {n} have answered all")
    for step in steps:
        answers = said[step.name]
        with st.container(border=True):
            text = f"**{step.name}**: {len(answers)} of {n} have answered"
            st.progress(min(len(answers) / n, 1.0) if n else 0.0, text=text)
            st.markdown(filled(step.body, lesson))
            if state.phase != "predict":
                bars.show(step, lesson, [answers], state.phase)
    _controls(room, state)


def _controls(room: Room, state: RoomState) -> None:
    with st.container(horizontal=True):
        if state.phase == "predict":
            move(room, state, "Show the bars", phase="votes")
        elif state.phase == "votes":
            move(room, state, "Hide the bars", phase="predict")
        if state.phase == "reveal":
            move(room, state, "Take answers again", phase="votes")
        else:
            move(room, state, "Close the class and reveal", primary=True, phase="reveal")
    if state.phase != "reveal":
        rooms.invite(room)
