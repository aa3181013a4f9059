"""Open an epoch of a run as a model of its own: the best one, or the last of an interrupted run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import cached, images, passcode
from pages.ui.session import chosen, paths, problems
from pages.ui.train import disk
from vae_core.config import MAX_NAME
from vae_core.runs.model_file import import_model, read_model_file
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore

NO_SIGNS = str.maketrans({"×": "x", "·": " "})  # a title may have signs that a name may not


def name_of(run: Run, end: str) -> str:
    """The name of the new run: the old one's, and which epoch it is of."""
    return f"{run.title.translate(NO_SIGNS)[: MAX_NAME - len(end)]}{end}"


def open_weights(run: Run, weights: Path, end: str) -> None:
    """Make a run of these weights of the run, or choose the one that was made before.

    Raises
    ------
    VAECoreError
        When its images are not on this machine, or the weights cannot be used.
    """
    name, store = name_of(run, end), RunStore(paths.RUNS)
    config = replace(run.config, name=name, data=replace(run.config.data, path=None))
    opened = store.find(config)
    if opened is None:
        disk.check_disk()
        data = cached.dataset(replace(run.config.data, path=images.data_dir()))
        opened = import_model(read_model_file(weights), store, data, name, disk.limits())
    chosen.choose(opened.id)


def last_epoch(run: Run) -> int | None:
    """The last epoch that an unfinished run has kept; None where there is none yet."""
    done = run.history() if run.has_model and not run.is_finished else []
    return done[-1].epoch if done else None


@passcode.guarded
def open_last(run: Run) -> None:
    """Open an interrupted run at its last epoch, as a model of its own."""
    if (epoch := last_epoch(run)) is not None:
        open_weights(run, run.path / "weights.safetensors", f" epoch {epoch}")


def offer_last(run: Run, key: str) -> None:
    """A button that opens an interrupted run at its last epoch, where it has one."""
    if (epoch := last_epoch(run)) is None:
        return
    st.button(
        f"Open epoch {epoch}",
        icon=":material/folder_open:",
        on_click=problems.callback(open_last),
        args=(run,),
        key=f"last-{key}",
        disabled=not passcode.is_granted(),
        help=f"{escaping.markdown(run.title)} as it was after its last epoch, as a model of its "
        "own. Training can go on all the same.",
    )
