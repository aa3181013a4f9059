"""Bounds on log p(x) for the chosen run, computed once for each setting."""

from __future__ import annotations

import pandas as pd
import streamlit as st
import torch

from pages.ui.drawing.numbers import signed
from pages.ui.library import cached
from pages.ui.library.background import run_in_background
from vae_core import Dataset, Run
from vae_core.analysis import BoundSummary, at_mean_no_bound, summarise_bound
from vae_core.config import LIKELIHOODS
from vae_core.likelihoods.bits import why_negative

STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@cached.per_run(max_entries=512)
def _bound(run: Run, data: Dataset, count: int, k: int, widen: float) -> BoundSummary:
    images = data.test.take(torch.arange(count))
    return run_in_background(summarise_bound, cached.vae(run), images, k, widen)


@cached.per_run()
def _at_mean(run: Run, data: Dataset, count: int) -> float:
    x = data.test.batch(slice(0, count), torch.Generator().manual_seed(0))
    return float(at_mean_no_bound(cached.vae(run), x).mean())


def measure(
    run: Run, data: Dataset, count: int, most: int, widen: float
) -> tuple[pd.DataFrame, float]:
    """Bounds for every step up to `most` draws, on the first test images; the number at the mean.

    One step at a time: changing a control meanwhile stops the work after the step.
    """
    steps = [k for k in STEPS if k <= most]
    rows = []
    bar = st.progress(0.0)
    for done, k in enumerate(steps, start=1):
        bar.progress(done / len(steps), f"{k} draws for each of {count} images …")
        rows.append(_bound(run, data, count, k, widen))
    bar.empty()
    table = pd.DataFrame(rows, columns=BoundSummary._fields)
    return table, _at_mean(run, data, count)


def numbers(table: pd.DataFrame, at_mean: float) -> list[tuple[str, str, str | None]]:
    """The metrics beside the curve: label, value in nats per image, and error where there is one.

    Parameters
    ----------
    table : DataFrame
        One row for each number of draws k, the fewest first: see `BoundSummary`.
    at_mean : float
        What no bound is: the score of z = mean.
    """
    elbo, tightest = table.iloc[0], table.iloc[-1]
    most = int(tightest["n_importance"])
    return [
        (
            "Negative ELBO, nats per image",
            signed(elbo["negative_bound"], 2),
            f"± {elbo['standard_error']:.2f} over images",
        ),
        (f"Bound with {most} draws", signed(tightest["negative_bound"], 2), None),
        (f"Effective sample size, of {most}", f"{tightest['ess']:.1f}", None),
        ("At z = mean: no bound", signed(at_mean, 2), None),
    ]


def conditions(run: Run, count: int, *nats: float) -> str:
    """What the numbers are of; and why one of them is negative, where one is."""
    pixels = run.config.data.binarisation
    said = f"The first {count:,} test images ({pixels} pixels), seed 0."
    likelihood = LIKELIHOODS[run.config.model.likelihood]
    if pixels == "grey" and not likelihood.is_normalised_on_grey:
        said += (
            " On grey pixels the Bernoulli is not a normalised density: these numbers compare "
            "models, but are not log-likelihoods of pictures."
        )
    if likelihood.is_unbounded:
        said += (
            " A density may exceed 1: pixels that are always black earn nats without bound as "
            "training goes on."
        )
    return f"{said} {why_negative(*nats)}".rstrip()
