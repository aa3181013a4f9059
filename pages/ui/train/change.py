"""Another beta or learning rate for a run in training."""

from __future__ import annotations

import streamlit as st

from pages.ui.library import passcode
from pages.ui.session import problems
from pages.ui.train import queue
from pages.ui.train.changes_text import to_come
from vae_core import Run
from vae_core.config import POSTERIORS

BETA, LR = "change-beta", "change-lr"


@passcode.guarded
def change(run: Run) -> None:
    """Ask for what the fields say, from the next epoch on that has not begun."""
    beta, lr = (st.session_state.get(f"{name}-{run.id}") for name in (BETA, LR))
    settings = run.last_settings
    with problems.refusals():
        run.change(
            settings.beta if beta is None else beta,
            settings.lr if lr is None else lr,
            is_under_way=queue.is_beating(run),
        )


def offer(run: Run) -> None:
    """Fields for both in a popover, while there is an epoch left that has not begun."""
    train, done = run.last_settings, len(run.history())
    if run.config.sweep or done + 1 + queue.is_beating(run) > train.epochs:
        return
    with st.popover("Change β or the learning rate", icon=":material/tune:"):
        if POSTERIORS[run.config.model.posterior].has_rate and train.importance == 1:
            st.number_input(
                "β, weight of the KL term", 0.0, 1e6, train.beta, format="%g",
                key=f"{BETA}-{run.id}",
            )  # fmt: skip
        st.number_input(
            "Learning rate", 1e-8, 1.0, train.lr, format="%g", key=f"{LR}-{run.id}",
            step=train.lr / 2,
        )  # fmt: skip
        st.button(
            "Change from the next epoch on",
            on_click=problems.callback(change),
            args=(run,),
            key=f"change-{run.id}",
            disabled=not passcode.is_granted(),
        )


def show(run: Run) -> None:
    """What is to change; what was changed is told below the curves."""
    if (wanted := run.wanted_change()) is not None:
        st.caption(to_come(wanted))
