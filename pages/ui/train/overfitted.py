"""Overfitting of a run: one sentence, and the epoch to choose as a model of its own."""

from __future__ import annotations

import re
from dataclasses import replace

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import cached, images, passcode
from pages.ui.session import chosen, paths, problems
from pages.ui.train import disk
from vae_core.config import MAX_NAME
from vae_core.runs.model_file import import_model, read_model_file
from vae_core.runs.overfitting import Overfitting
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore


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
    """Make a run of the best epoch's weights, or choose the one that was made before.

    Its name, which stands on every page, says what chose the epoch.
    """
    end = f" epoch {found.epoch} (chosen on {found.split})"
    name = f"{run.title.translate(NO_SIGNS)[: MAX_NAME - len(end)]}{end}"
    store = RunStore(paths.RUNS)
    config = replace(run.config, name=name, data=replace(run.config.data, path=None))
    opened = store.find(config)
    if opened is None:
        best = run.best_weights()
        if best is None:
            return
        disk.check_disk()
        data = cached.dataset(replace(run.config.data, path=images.data_dir()))
        opened = import_model(read_model_file(best), store, data, name, disk.limits())
    chosen.choose(opened.id)


NO_SIGNS = str.maketrans({"×": "x", "·": " "})  # a title may have signs that a name may not
