"""News of a class: a short text that is another one as soon as there is something to show.

All windows ask for it again and again, and it is looked up at most every FRESH seconds for all of
them together. A part of the page runs again only when the text has changed.
"""

from __future__ import annotations

import time
from pathlib import Path
from zlib import crc32

import streamlit as st

from pages.ui.components.follow import FOLLOW
from pages.ui.lesson import files
from pages.ui.server import routes
from vae_core.errors import RoomError
from vae_core.lessons.drawings import Drawings
from vae_core.lessons.room_state import DRAW, OWN, RoomState
from vae_core.lessons.rooms import Room

FRESH = 0.2  # seconds
GONE = "gone - - -"
MOVES, COUNTS = 2, 4  # words of the text: where the class is and its lesson; how many answered

_known: dict[Path, tuple[float, str]] = {}


def follow(room: Room, key: str, every: float, n_words: int = MOVES) -> None:
    """Have the part of the page that this stands in run again at news of the class.

    To be called before the part reads the room: what comes meanwhile is news, then.

    Parameters
    ----------
    room : Room
    key : str
        Of this part, among those of its window.
    every : float
        Seconds between a window's questions.
    n_words : int
        MOVES of the class alone, or COUNTS of answers, too.
    """
    name = f"room-{room.code}-{crc32(bytes(room.path)):x}"
    place = routes.offer(name, lambda: routes.Offer(news={"news": lambda: text(room).encode()}))
    seen = " ".join(text(room, fresh=0.0).split()[:n_words])
    with st.container(key=f"follow-{key}"):  # takes no room
        FOLLOW.mount(
            key=f"following-{key}",
            data={"address": f"{place}news", "seen": seen, "every": round(1000 * every)},
            on_moved_change=lambda: None,
        )


def text(room: Room, fresh: float = FRESH) -> str:
    """Number of the state, digest of the lesson's file, answers, participants."""
    now = time.monotonic()
    known = _known.get(room.path)
    if known is None or now - known[0] >= fresh:
        known = _known[room.path] = (now, _look(room))
    return known[1]


def _look(room: Room) -> str:
    try:
        state = room.state()
    except RoomError:
        return GONE
    entry = files.find(state.lesson)
    digest = entry.lesson.digest[:12] if entry and entry.lesson else "-"
    return f"{state.number} {digest} {_count(room, state)} {room.n_people()}"


def _count(room: Room, state: RoomState) -> int | str:
    """Another one as soon as there is an answer, or a drawing, more or less."""
    if state.step == DRAW:
        return Drawings(room).mark()
    return room.n_all_answers() if state.pace == OWN else room.n_answers(state.step, state.vote)
