"""Curves of a training, and its epochs in numbers: train against test, and the epoch to choose."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.ui.drawing import charts, numbers
from pages.ui.train import overfitted
from vae_core import Run
from vae_core.analysis.epochs import EpochScore, epoch_scores, epoch_table, with_error_of
from vae_core.figures import training_curves
from vae_core.likelihoods.bits import why_negative
from vae_core.runs.overfitting import Overfitting
from vae_core.trainer import EpochTerms

NO_HISTORY = "This model was opened from a file, which came without its history."


def show(run: Run, history: Sequence[EpochTerms]) -> None:
    """The curves with the chosen epoch marked, the last epoch in one line, and every epoch."""
    found = run.overfitting()
    if found is None:
        return
    table = pd.DataFrame(history)
    charts.draw(
        "curves", training_curves, table, run.config.train.epochs,
        chosen=(found.epoch, found.split),
    )  # fmt: skip
    st.markdown(in_numbers(last_score(run, history), found))
    st.caption(
        f"{conditions(run)} {overfitted.choice(found)} "
        f"{why_negative(*table['train_distortion'], *table['test_distortion'])}"
    )
    with st.expander("Every epoch in numbers"):
        _show_table(epoch_table(history, found.epoch), found)


def last_score(run: Run, history: Sequence[EpochTerms]) -> EpochScore:
    """The last epoch's scores, with the errors of the finished run where its history has none."""
    last = epoch_scores(history)[-1]
    terms = run.terms() if run.is_finished else None
    return last if terms is None else with_error_of(last, terms, run.data())


def in_numbers(last: EpochScore, found: Overfitting) -> str:
    """The last epoch: every split, and test less train."""
    score = "negative ELBO" if found.has_rate else "distortion"
    parts = [f"train {numbers.estimate(last.train)}", f"test {numbers.estimate(last.test)}"]
    if last.validation is not None:
        parts.append(f"validation {numbers.estimate(last.validation)}")
    return (
        f"Epoch {last.epoch}, {score}: {', '.join(parts)} nats per image. "
        f"**Test less train: {numbers.estimate(last.gap)}.**"
    )


def conditions(run: Run) -> str:
    """What the numbers of an epoch are of."""
    held_out = run.data().n_validation
    validation = f" Validation: {held_out:,} training images held out." if held_out else ""
    return (
        "Nats per image, one draw each, all splits with the weights at the end of the epoch: "
        "train is no running mean, but measured on as many training images as there are test "
        f"images.{validation} ± one standard error over the images. "
        f"Pixels: {run.config.data.binarisation}."
    )


def _show_table(table: pd.DataFrame, found: Overfitting) -> None:
    score = "−ELBO" if found.has_rate else "distortion"
    lowest = f"lowest {found.split}"
    nats = {
        "train": f"train {score}",
        "validation": f"validation {score}",
        "test": f"test {score}",
        "gap": "test less train",
        "gap_error": "± of test less train",
    }
    shown = table.assign(chosen=table["chosen"].map({True: lowest, False: ""}))
    st.dataframe(
        shown[["epoch", "chosen", *(name for name in nats if name in table)]],
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(title, format="%.2f")
            for name, title in nats.items()
        }
        | {"chosen": "lowest loss"},
    )
