"""Progress of a projection that is computed, and its failure, on the Projection page."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import numbers
from pages.ui.explore import projection_queue
from pages.ui.library import cached
from pages.ui.session import keys, problems
from vae_core import Run
from vae_core.analysis import Projection
from vae_core.analysis.space.projection_methods import METHODS
from vae_core.errors import VAECoreError

EVERY = 1.0  # seconds
LEAST_SHARE = 0.1  # done, before what is left is told
STAND_IN = "pca"


def obtain(run: Run, method: str, what: str) -> tuple[Projection, str]:
    """The projection asked for, or PCA until it is there; and by which method it was made."""
    found = projection_queue.find(run, method, what)
    if found is not None:
        return found, method
    is_waiting = not _has_ended(run, method, what)
    problems.fragment(_wait, run_every=EVERY if is_waiting else None)(run, method, what, is_waiting)
    stand_in = projection_queue.find(run, STAND_IN, what)
    assert stand_in is not None
    return stand_in, STAND_IN


def _has_ended(run: Run, method: str, what: str) -> bool:
    """Whether the job has ended: stopped by the reader, or failed."""
    if projection_queue.is_running(run, method, what):  # by any session
        return False
    return _was_stopped(run, method, what) or _failure(run, method, what) is not None


def _failure(run: Run, method: str, what: str) -> str | None:
    return projection_queue.failure(run, method, what)


def _was_stopped(run: Run, method: str, what: str) -> bool:
    return keys.PROJECTION_STOPPED.get() == (run.id, method, what)


def _wait(run: Run, method: str, what: str, is_waiting: bool) -> None:
    title = METHODS[method].title
    if is_waiting and (
        projection_queue.find(run, method, what) is not None or _has_ended(run, method, what)
    ):
        st.rerun()
    if is_waiting:
        _progress(run, method, what)
        return
    problem = _failure(run, method, what)
    if problem and not _was_stopped(run, method, what):
        problems.show(problem, before=f"{title} failed.")
        label = "Try again"
    else:
        st.info(f"{title} was stopped. PCA is shown.", icon=":material/stop:")
        label = f"Compute {title}"
    st.button(
        label, key="projection_again", on_click=problems.callback(_again), args=(run, method, what)
    )


def _progress(run: Run, method: str, what: str) -> None:
    title = METHODS[method].title
    try:
        projection_queue.start(run, method, what)
    except VAECoreError as error:
        problems.show(error, before=f"{title} cannot be worked out now.")
        return
    bar, stop = st.columns([5, 1], vertical_alignment="bottom")
    with bar:
        if n_before := projection_queue.n_before(run, method, what):
            st.progress(0.0, f"{title} waits for {n_before} other projections.")
            return
        share, seconds = projection_queue.progress(run, method, what)
        st.progress(share or 0.0, words(title, len(cached.codes(run)), share, seconds))
    with stop:
        if st.button("Cancel", key="projection_stop", icon=":material/stop:"):
            keys.PROJECTION_STOPPED.set((run.id, method, what))
            projection_queue.stop(run, method, what)
            st.rerun()


def words(title: str, n_codes: int, share: float | None, seconds: float) -> str:
    """How far a projection is and how long it may take; `share` is None before it is known."""
    how_far, left = "looking for neighbours", "This can take two minutes, once: it is kept."
    if share is not None:
        how_far = f"{share:.0%}"
        left = ""
        if share >= LEAST_SHARE:
            left = f"About {numbers.duration(seconds * (1.0 / share - 1.0))} left."
    said = f"{title} of {n_codes:,} codes: {how_far}, {seconds:.0f} s. {left}".rstrip()
    return f"{said} Meanwhile, PCA is shown."


def _again(run: Run, method: str, what: str) -> None:
    keys.PROJECTION_STOPPED.pop()
    projection_queue.forget(run, method, what)
