"""Time machine, of one training: its frames, while it goes on and afterwards."""

from __future__ import annotations

import streamlit as st

from pages.ui.components import film
from pages.ui.session import keys, mistakes, problems
from pages.ui.train import change, progress, queue
from vae_core import Run

TITLE = (
    "## One training, frame by frame: the first epoch is cut finer. **Try this:** go back to "
    "the moment when the classes part."
)


def show(run: Run) -> None:
    """The film of a run; of one that is trained now, looked at once a second."""
    mistakes.warn(run)
    is_live = queue.is_running(run)
    problems.fragment(_show, run_every=progress.EVERY if is_live else None)(run, is_live)


def _show(run: Run, is_live: bool) -> None:
    if is_live and not queue.is_running(run):
        st.rerun()
    found = film.read(run)
    if found is None:
        st.caption("Its frames are gone: it is trained anew. They appear here.")
        return
    start = keys.at_start(
        keys.FILM_START, run.id, lambda: film.place_of(found, st.query_params.to_dict())
    )
    place = film.show(found, is_live, start)
    if place is not None:
        st.query_params["step"] = str(place)
    change.show(run)
