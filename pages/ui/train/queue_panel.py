"""The queue of this server, for the Runs page."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import passcode
from pages.ui.session import problems
from pages.ui.train import progress, queue
from vae_core import RunStore
from vae_core.errors import RunError

EVERY = 2.0  # seconds
MAX_SHOWN = 12


def show() -> None:
    """What is in training and what waits, kept up to date; nothing when the queue is empty."""
    problems.say_refused()
    if not queue.queue().folders():
        return
    with st.container(border=True):
        problems.fragment(_turns, run_every=EVERY)()


def _turns() -> None:
    folders = queue.queue().folders()
    if not folders:
        st.rerun()
    for folder in folders[:MAX_SHOWN]:
        try:
            run = RunStore(folder.parent).load(folder.name)
            history = pd.DataFrame(run.history())
        except RunError as error:
            st.caption(escaping.message(error))
            continue
        line, button = st.columns([6, 1], vertical_alignment="bottom")
        share = min(1.0, len(history) / run.config.train.epochs)
        line.progress(share, f"{escaping.markdown(run.title)}. {progress.how_far(run, history)}")
        if button.button("Stop", key=f"stop-{run.id}", disabled=not passcode.is_granted()):
            progress.stop(run)
            st.rerun()
    if len(folders) > MAX_SHOWN:
        st.caption(f"{len(folders) - MAX_SHOWN} more are waiting.")
