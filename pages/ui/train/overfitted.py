"""Overfitting of a run: one sentence, and its best epoch as a model of its own."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import cached, images, passcode
from pages.ui.session import chosen, paths, problems
from pages.ui.train import disk
from vae_core.config import MAX_NAME
from vae_core.runs.model_file import import_model, read_model_file
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore


def show(run: Run) -> None:
    """Tell where the loss on the test images was lowest, when it has clearly risen since."""
    found = run.overfitting()
    if found is None or not found.is_clear:
        return
    sentence = escaping.message(f"{run.title} is overfitted: " + str(found).replace("-", "−"))
    is_kept = run.best_weights() is not None
    note = (
        " The test images have chosen that epoch: on new ones its loss is somewhat higher."
        if is_kept
        else ""
    )
    st.warning(f"{sentence}{note}", icon=":material/trending_up:")
    if is_kept:
        st.button(
            f"Open epoch {found.epoch}",
            on_click=problems.callback(_open),
            args=(run, found.epoch),
            key=f"best-{run.id}",
            icon=":material/folder_open:",
            disabled=not passcode.is_granted(),
        )


@passcode.guarded
def _open(run: Run, epoch: int) -> None:
    """Make a run of the best epoch's weights, or choose the one that was made before."""
    end = f" epoch {epoch}"
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
