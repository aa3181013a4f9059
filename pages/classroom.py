"""The class: a room with a code, students' answers, and the teacher's wall."""

from __future__ import annotations

import streamlit as st

from pages.ui.classroom import draw_wall, inventory, rooms, student, wall

room = rooms.asked_for()
if room is None:
    rooms.enter(inventory.open_room, draw_wall.ask)
elif rooms.is_wall():
    wall.show(room)
else:
    student.show(room)
st.html(rooms.STYLE)
