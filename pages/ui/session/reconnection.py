"""Reconnection: a page that has outlived its session is drawn anew, by itself.

A session ends when the server restarts, or some time after the connection is lost. The next one
knows nothing of the page, whose parts can then no longer be run alone. Streamlit's client asks a
new session for the whole page where it has a part that runs now and then, and else not always.
"""

from __future__ import annotations

from pages.ui.session import problems

EVERY = 86_400.0  # seconds: not for its work, of which there is none


def _nothing() -> None:
    """A part of the page that shows nothing."""


def keep() -> None:
    """Have the browser ask for the whole page whenever it is connected again."""
    problems.fragment(_nothing, run_every=EVERY)()
