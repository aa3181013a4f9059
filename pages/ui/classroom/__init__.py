"""A class: rooms with a code, students' windows, the teacher's wall."""
