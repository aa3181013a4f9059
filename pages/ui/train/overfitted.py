"""Overfitting of a run: one sentence, and the epoch to choose as a model of its own."""

from __future__ import annotations

import re

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import passcode
from pages.ui.session import problems
from pages.ui.train import open_epoch
from vae_core.runs.overfitting import Overfitting
from vae_core.runs.run import Run


def sentence(found: Overfitting) -> str:
    """Whether the loss on images not trained on has risen, since when, and by how much."""
    text = re.sub(r"-(?=\d)", "−", str(found))
    return text[0].upper() + text[1:]


def choice(found: Overfitting) -> str:
    """Which epoch to choose, and what its number is then worth."""
    return f"Epoch {found.epoch} is {found.caution}."


def show(run: Run, found: Overfitting, opens: bool = True) -> None:
    """The sentence and what the epoch to choose is worth; a button that `opens` it."""
    text = escaping.message(f"{sentence(found)} {choice(found)}")
    if found.is_clear:
        title = escaping.markdown(run.title)
        st.warning(f"{title} is overfitted. {text}", icon=":material/trending_up:")
    else:
        st.caption(text)
    if opens:
        offer(run, found)


def offer(run: Run, found: Overfitting) -> None:
    """A button that opens the epoch to choose, where that is not the last and was kept."""
    if run.best_weights() is None:
        return
    st.button(
        f"Open epoch {found.epoch}",
        on_click=problems.callback(_open),
        args=(run, found),
        key=f"best-{run.id}",
        icon=":material/folder_open:",
        help=f"The model with the lowest {found.split} loss, {found.caution}.",
        disabled=not passcode.is_granted(),
    )


@passcode.guarded
def _open(run: Run, found: Overfitting) -> None:
    """Open the best epoch, under a name that says what chose it: it stands on every page."""
    if (best := run.best_weights()) is not None:
        open_epoch.open_weights(run, best, f" epoch {found.epoch} (chosen on {found.split})")
