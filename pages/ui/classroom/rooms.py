"""Rooms of a class: where they are kept, how one is entered, and who is in.

All of it is in the address, `?room=kumo&who=8f3a21c4` or `?room=kumo&role=wall`: a reload, and a
server that takes over from another, go on where one was.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.drawing.qr import qr_code
from pages.ui.lesson import files
from pages.ui.library import passcode
from pages.ui.session import keys, paths, problems
from vae_core.errors import RoomError
from vae_core.lessons import Lesson
from vae_core.lessons.answers import new_who
from vae_core.lessons.room_state import LED, OWN, RoomState
from vae_core.lessons.rooms import VARIABLE, Room, Rooms

ROOM, WHO, ROLE, WALL = "room", "who", "role", "wall"
PACES = {
    LED: "Led by you: one question for all, then the votes",
    OWN: "Each at their own pace, through the whole lesson",
}
STYLE = (  # readable from the back row
    "<style>.st-key-class-question p, .st-key-class-question li {font-size:1.5rem;line-height:1.4}"
    ".st-key-class-answers button {min-height:3.2rem}"
    ".st-key-class-answers button, .st-key-class-answers button > * {justify-content:flex-start}"
    ".st-key-class-answers button p {font-size:1.15rem}"
    ".st-key-class-question [data-testid=stProgress] > div > div > div {height:1.2rem}</style>"
)
_WHO = re.compile(r"[0-9a-f]{8}")


def rooms() -> Rooms:
    """All rooms: in ELBO_ROOM_ANSWERS, or beside the runs."""
    return Rooms(Path(os.environ.get(VARIABLE) or paths.RUNS.parent / "rooms"))


def asked_for() -> Room | None:
    """The room in the address; None where there is none, said in a sentence if one was named."""
    code = st.query_params.get(ROOM, "")
    if not code:
        return None
    try:
        return rooms().room(code)
    except RoomError as error:
        problems.show(problems.explain(error))
        return None


def link(room: Room) -> str:
    """The address to hand out, which has no participant in it."""
    return f"{(st.context.url or '').partition('?')[0]}?{ROOM}={room.code}"


def invite(room: Room) -> None:
    """How students come in: the code, the link, and the link as a QR code."""
    how, picture = st.columns([3, 2])
    how.caption(f"Students open this page and type **{room.code}**, or follow the link:")
    how.code(link(room), language=None)
    if code := qr_code(link(room)):
        picture.image(code, width=160)


def is_wall() -> bool:
    """Whether this window is the teacher's."""
    return st.query_params.get(ROLE) == WALL


def who() -> str:
    """This browser's eight digits, from the address; new ones where there are none."""
    known = st.query_params.get(WHO, "")
    if not _WHO.fullmatch(known):
        known = new_who()
        st.query_params[WHO] = known
    return known


def kept(room: Room, lesson_id: str) -> files.Entry | None:
    """The room's lesson as it was when the room was opened; None where the room has none."""
    path = room.lesson_path(lesson_id)
    return files.entry_at(path) if path.exists() else None


def kept_in(code: str, lesson_id: str) -> files.Entry | None:
    """The same by the room's code; None where there is no such room."""
    try:
        return kept(rooms().room(code), lesson_id)
    except RoomError:
        return None


def lesson_of(room: Room, state: RoomState) -> Lesson:
    """The room's lesson. Raises RoomError where it is in the room no more, or damaged."""
    entry = kept(room, state.lesson)
    if entry is None or entry.lesson is None:
        why = entry.problem if entry else "its file is not here"
        raise RoomError(f"the lesson {state.lesson} of this room cannot be read: {why}.")
    return entry.lesson


def say_changed(state: RoomState) -> None:
    """For the teacher, where the lesson's file is another one than the class goes on with."""
    entry = files.find(state.lesson)
    if entry is None or entry.lesson is None or entry.lesson.digest != state.digest:
        st.warning(
            "The lesson's file has changed since this room was opened. The class goes on with the "
            "lesson as it was; open a new room for the new one."
        )


def enter(open_test: Callable[[], None], ask_to_draw: Callable[[], None]) -> None:
    """Join a room by its code, or open one as the teacher.

    `open_test` opens one for the test before and after a course; `ask_to_draw` puts here what
    opens one in which the class draws its data.
    """
    join, teach = st.columns(2, gap="large")
    with join:
        st.markdown("## Join your class")
        if been := keys.CLASS_ROOM.get():
            st.page_link(
                "classroom.py", label=f"Back to room **{been[0]}**", icon=":material/undo:",
                query_params={ROOM: been[0], WHO: been[1]},
            )  # fmt: skip
        st.text_input(
            "The room's four letters",
            key="room-code",
            max_chars=8,
            on_change=problems.callback(_join),
            width=300,
        )
        st.caption(
            "No name and no account: only what you answer or draw is kept, and eight random digits."
        )
    with teach:
        st.markdown("## Teach a class")
        if passcode.ask("Opening a room"):
            _open_form()
            st.button(
                "Open a room for the test before and after", on_click=problems.callback(open_test)
            )
            ask_to_draw()
            _list()


def _join() -> None:
    st.query_params.pop(ROOM, None)  # one that is not there
    code = rooms().room(str(st.session_state["room-code"])).code
    st.query_params[ROOM] = code


def _open_form() -> None:
    lessons = {entry.id: entry.lesson for entry in files.entries() if entry.lesson}
    if not lessons:
        st.info("There is no lesson to vote on.")
        return
    chosen = st.selectbox(
        "Lesson", list(lessons), key="room-lesson",
        format_func=lambda name: escaping.plain(lessons[name].title),
    )  # fmt: skip
    st.radio("Pace", list(PACES), format_func=PACES.__getitem__, key="room-pace")
    st.button(
        "Open a room", type="primary", on_click=problems.callback(_open), args=(lessons[chosen],)
    )


@passcode.guarded
def _open(lesson: Lesson) -> None:
    to_wall(rooms().open(lesson, str(st.session_state["room-pace"])).code)


@passcode.guarded
def to_wall(code: str) -> None:
    """Lead this room from here."""
    st.query_params.from_dict({ROOM: code, ROLE: WALL})


def _list() -> None:
    """Rooms that are open, and those that could go."""
    old = {room.code for room in rooms().old()}
    for room in rooms().list():
        name, go, drop = st.columns([3, 1, 1], vertical_alignment="center")
        note = " Nothing has moved in it for 30 days." if room.code in old else ""
        name.markdown(f"**{room.code}**: {room.n_people()} joined.{note}")
        go.button(
            "Go on", key=f"go-{room.code}", on_click=problems.callback(to_wall), args=(room.code,)
        )
        with drop.popover("Delete"):
            st.write(f"Room {room.code} and all its answers and drawings will be gone.")
            st.button(
                "Delete it",
                key=f"drop-{room.code}",
                on_click=problems.callback(_delete),
                args=(room.code,),
            )


@passcode.guarded
def _delete(code: str) -> None:
    rooms().delete(code)
