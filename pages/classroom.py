"""The class: a room with a code, students' answers, and the teacher's wall."""

from __future__ import annotations

import streamlit as st

from pages.ui.lesson import classroom_rooms, classroom_student, classroom_wall

room = classroom_rooms.asked_for()
if room is None:
    classroom_rooms.enter()
elif classroom_rooms.is_wall():
    classroom_wall.show(room)
else:
    classroom_student.show(room)
st.html(classroom_rooms.STYLE)
