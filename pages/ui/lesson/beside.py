"""The frame's part of a lesson: its card and the page in two columns, and pages that it opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from pages.ui.drawing import escaping
from pages.ui.lesson import card, hidden, place
from pages.ui.lesson.visit import Visit
from pages.ui.session import keys
from pages.ui.session.doors import Door
from vae_core.runs.run import Run

LESSONS = "lessons"  # the page with the list of them


@contextmanager
def page(visit: Visit | None, run: Run | None, url_path: str) -> Iterator[None]:
    """Where the page goes: beside the card in a lesson, else over the whole width."""
    if visit is None or run is None:
        with st.container(key=hidden.PAGE):
            yield
        return
    left, right = st.columns([1, 2], gap="medium")
    with left:
        card.show(visit, run, url_path)
    with right, st.container(key=hidden.PAGE):
        yield


def leave_on(page: StreamlitPage) -> None:
    """A lesson ends when the reader opens the list of lessons."""
    if page.url_path == LESSONS:
        place.leave()
        st.rerun()


def opener(scripts: Mapping[Door, StreamlitPage]) -> Callable[[str, dict[str, str]], None]:
    """What opens the page of an address, with parameters; it comes back where there is none."""

    def go(url_path: str, query: dict[str, str]) -> None:
        for door, script in scripts.items():
            if door.url_path == url_path:
                st.switch_page(script, query_params=query)
        keys.LESSON_NOTE.set(
            f"The page “{escaping.markdown(url_path)}” of this step is not a page of this app."
        )

    return go


def say(problem: str) -> None:
    """Why the lesson of the address is not shown, and the way on."""
    if problem:
        st.warning(escaping.message(problem), icon=":material/school:")
        st.page_link("lessons.py", label="All lessons", icon=":material/arrow_forward:")
