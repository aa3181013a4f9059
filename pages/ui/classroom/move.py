"""Buttons by which the teacher takes a class on."""

from __future__ import annotations

import streamlit as st

from pages.ui.library import passcode
from pages.ui.session import problems
from vae_core.lessons.room_state import RoomState
from vae_core.lessons.rooms import Room


def move(
    room: Room, state: RoomState, label: str, primary: bool = False, **changes: object
) -> None:
    """A button that takes the class on, for who has the passcode."""
    st.button(
        label, key=f"move-{label}-{state.number}", type="primary" if primary else "secondary",
        on_click=problems.callback(_go), args=(room, state, changes),
    )  # fmt: skip


@passcode.guarded
def _go(room: Room, seen: RoomState, changes: dict[str, object]) -> None:
    room.move(seen, **changes)
