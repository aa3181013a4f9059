"""The Learn page: which lessons, in which order, and how far the reader has come."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.lesson import place
from pages.ui.lesson.doubts import doubts
from pages.ui.lesson.files import Entry
from pages.ui.session import keys
from pages.ui.session.doors import DOORS
from vae_core.lessons import Lesson

# All that ship, in the order in which one builds on the other.
IN_ORDER = (
    *("mu-sigma", "noise", "why-prior", "gaussian-z", "kl-compares", "sum-or-mean", "kl-sign"),
    *("beta", "kl-zero", "population", "only-ones", "feature-map", "flatten", "diagonal"),
    *("independent", "dirichlet", "decoder-sigma", "score-x", "bound"),
    *("kl-not-gap", "gap-halves", "one-prior", "learned-prior", "same-hand"),
    *("code-of-k-words", "bytes", "collapse-law"),
)
ALL = "All lessons"
COURSES = {
    ALL: IN_ORDER,
    "45 minutes": ("mu-sigma", "kl-compares", "population", "only-ones", "kl-zero", "beta"),
    "90 minutes": (
        *("mu-sigma", "noise", "why-prior", "kl-compares", "population", "only-ones", "kl-zero"),
        *("beta", "feature-map", "diagonal", "bound"),
    ),
}
BREAK_AFTER = {"90 minutes": "kl-zero"}
NONE = (
    "There is no lesson here yet. A lesson is a text file in the folder that ELBO_ROOM_LESSONS "
    "names; “Make a lesson link” at the foot of a page begins one from what is shown there."
)


def in_order(lessons: Sequence[Lesson], course: str = ALL) -> list[Lesson]:
    """The lessons of a course; among all, a teacher's own come last, each after what it builds on.

    Parameters
    ----------
    lessons : sequence of Lesson
    course : str
        Of COURSES.
    """
    known = {lesson.id: lesson for lesson in lessons}
    found = [known[name] for name in COURSES[course] if name in known]
    if course != ALL:
        return found
    rest = [lesson for lesson in lessons if lesson.id not in IN_ORDER]
    while rest:
        waiting = {lesson.id for lesson in rest}
        free = [one for one in rest if not waiting & set(one.after) - {one.id}] or rest[:1]
        found.append(free[0])  # one of a circle, where all wait for each other
        rest.remove(free[0])
    return found


def minutes(lessons: Sequence[Lesson]) -> int:
    """How long they take together."""
    return sum(lesson.minutes for lesson in lessons)


def builds_on(lesson: Lesson, titles: dict[str, str], done: Sequence[str]) -> str:
    """What a lesson takes for known, and what of it was done; titles by id."""
    named = [
        f"“{titles[name]}”{' (done)' if name in done else ''}"
        for name in lesson.after
        if name in titles
    ]
    return f"Builds on {' and '.join(named)}." if named else ""


def show(entries: Sequence[Entry]) -> None:
    """The list: each lesson with the student's question, and one click to begin."""
    lessons = [entry.lesson for entry in entries if entry.lesson]
    if lessons:
        course = st.segmented_control(
            "Course", list(COURSES), default=ALL, key=keys.COURSE.name, bind="query-params",
            required=True, label_visibility="collapsed",
        )  # fmt: skip
        _list(in_order(lessons, course or ALL), {one.id: one.title for one in lessons}, course)
    elif not entries:
        st.info(NONE, icon=":material/school:")
    for entry in entries:
        if entry.lesson and entry.id not in IN_ORDER and (found := doubts(entry.lesson)):
            st.warning(
                f"{escaping.markdown(entry.id)}.md: {escaping.message(' '.join(found))}",
                icon=":material/edit_document:",
            )
        if not entry.lesson:
            st.warning(
                f"A lesson is left out: {escaping.message(entry.problem)}",
                icon=":material/edit_document:",
            )


def _list(lessons: Sequence[Lesson], titles: dict[str, str], course: str | None) -> None:
    done = place.done()
    n_done = sum(lesson.id in done for lesson in lessons)
    total = f"{len(lessons)} lessons, {minutes(lessons)} minutes in all"
    st.markdown(f"{total}{f', {n_done} done' if n_done else ''}. Predict first, then try it.")
    for lesson in lessons:
        with st.container(key=f"lesson-item-{lesson.id}", gap=None):
            _begin(lesson, lesson.id in done, done)
            st.markdown(f"“{escaping.markdown(lesson.question, 300)}”")
            said = [f"{lesson.minutes} minutes.", builds_on(lesson, titles, done)]
            st.caption(escaping.message(" ".join(filter(None, said))))
        if lesson.id == BREAK_AFTER.get(course or ""):
            st.caption("A break of five minutes.")


def _begin(lesson: Lesson, is_done: bool, done: Sequence[str]) -> None:
    scripts = {door.url_path: door.script for door in DOORS}
    listed = ".".join(done)
    query = {place.LESSON: lesson.id}
    if 0 < len(listed) <= place.MAX_DONE:
        query[place.DONE] = listed
    st.page_link(
        scripts.get(lesson.scene.page, "overview.py"),
        label=f"**{escaping.markdown(lesson.title, 120)}**",
        icon=":material/check_circle:" if is_done else ":material/play_circle:",
        query_params=query,
        help="",  # the lesson's own question stands below it, not that of its page
    )
