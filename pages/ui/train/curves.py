"""Curves of a training, and its epochs in numbers: train against test, and the epoch to choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui.drawing import charts, numbers
from pages.ui.session import mistakes
from pages.ui.train import overfitted
from vae_core import Run
from vae_core.analysis.diagnosis.epochs import EpochScore, epoch_scores, epoch_table, with_error_of
from vae_core.figures import training_curves
from vae_core.likelihoods.bits import why_negative
from vae_core.runs.changes import in_words
from vae_core.runs.overfitting import Overfitting
from vae_core.settings import bound_in_words
from vae_core.trainer import EpochTerms, n_train_evaluated

NO_HISTORY = "This model was opened from a file, which came without its history."


def show(run: Run, history: Sequence[EpochTerms], opens: bool = True) -> None:
    """The curves with the chosen epoch marked, the last epoch in one line, and every epoch.

    `opens` says whether the chosen epoch can be opened from here.
    """
    found = run.overfitting()
    if found is None:
        return
    mistakes.warn(run)
    table = pd.DataFrame(history)
    charts.draw(
        "curves", training_curves, table, run.config.train.epochs,
        chosen=(found.epoch, found.split),
    )  # fmt: skip
    st.markdown(in_numbers(last_score(run, history), found))
    overfitted.show(run, found, opens)
    st.caption(
        f"{conditions(run, history)} "
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


def conditions(run: Run, history: Sequence[EpochTerms]) -> str:
    """What the numbers of an epoch are of."""
    facts = run.data()
    held_out = facts.n_validation
    spread = (
        "of how much test images differ, for both splits, because this history has none of its own"
        if history[-1].test_error is None
        else "over the images"
    )
    validation = f" Validation: {held_out:,} training images held out." if held_out else ""
    facts = run.data()
    n_train = n_train_evaluated(facts.n_train, facts.n_test)
    validation = f", {held_out:,} validation images held out" if held_out else ""
    bound = bound_in_words(run.config.train)
    trained = f"Trained on {bound}; the numbers are those of the ELBO. " if bound else ""
    if changed := in_words(run.changes()):
        trained += f"{changed} "
    return (
        f"{trained}Nats per image, one sample of z each, all splits with the weights at the end of "
        f"the epoch: {n_train:,} training images (no running mean during the epoch), "
        f"{facts.n_test:,} test images{validation}. ± one standard error {spread}. "
        f"Pixels: {run.pixels}."
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
    columns = [name for name in nats if name in table]
    formats: dict[Any, Any] = dict.fromkeys(columns, numbers.fixed)
    shown = table.assign(chosen=table["chosen"].map({True: lowest, False: ""}))
    st.dataframe(
        shown[["epoch", "chosen", *columns]].style.format(formats),
        hide_index=True,
        column_config=nats | {"chosen": "lowest loss"},
    )
