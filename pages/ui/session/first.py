"""The first picture first: once in a session, what stands below it waits until it is seen.

A browser that has nothing cached fetches and compiles what formulas, tables and charts need. Were
all of a page sent at once, its first picture would come last. The picture's component tells when it
is there, and from then on every page is sent in one go.
"""

from __future__ import annotations

import streamlit as st

from pages.ui.session import keys, problems


def is_seen() -> bool:
    """Whether this session has seen a first picture. Without a browser nothing is waited for."""
    return bool(keys.FIRST_SEEN.get()) or not st.context.url


def expect() -> None:
    """A component that will call `note` is on the page."""
    keys.FIRST_DUE.set(keys.VISIT.get_or(0))


def note() -> None:
    """The first picture is seen: what components call."""
    keys.FIRST_SEEN.set(True)


def pause() -> None:
    """End the page here, or this part of it, until the picture that is expected is seen."""
    if keys.FIRST_DUE.get() == keys.VISIT.get_or(0) and not is_seen():
        problems.end_page()
