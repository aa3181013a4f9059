"""log p(x) itself on the page Bounds, for models of one or two latent dimensions, and its gaps."""

from __future__ import annotations

import pandas as pd
import streamlit as st
import torch
from torch import Tensor

from pages.ui.drawing import numbers
from pages.ui.library import cached
from pages.ui.library.background import run_in_background
from pages.ui.measure.bounds import AT_ONCE
from vae_core import Dataset, Run
from vae_core.analysis import inference_gaps, random_images
from vae_core.analysis.estimates import (
    Estimate,
    mean_estimate,
    median_estimate,
    paired_difference,
    ratio_estimate,
)

TITLES = {
    "approximation_gap": "of it, what the family misses",
    "amortisation_gap": "of it, what the encoder misses",
}


@cached.per_run(max_entries=64)
def _part(run: Run, data: Dataset, start: int, stop: int) -> pd.DataFrame:
    """Of the images from `start` to `stop` of the test split in random order, as the bounds are."""
    images = data.test.take(random_images(len(data.test))[start:stop])
    x = images.batch(slice(0, len(images)), torch.Generator().manual_seed(start))
    return run_in_background(inference_gaps, cached.vae(run), x)


def measure(run: Run, data: Dataset, count: int) -> pd.DataFrame:
    """`inference_gaps` of the images that the bounds are of, a few at a time."""
    parts = []
    bar = st.progress(0.0)
    for start in range(0, count, AT_ONCE):
        stop = min(start + AT_ONCE, count)
        bar.progress(stop / count, f"log p(x) of images {start + 1} to {stop}, by quadrature …")
        parts.append(_part(run, data, start, stop))
    bar.empty()
    return pd.concat(parts, ignore_index=True)


def negative_evidence(table: pd.DataFrame) -> float:
    """Mean of -log p(x), in nats per image."""
    return -float(table["log_evidence"].mean())


def metrics(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Label, value and error of -log p(x), and of the gap to the ELBO and its parts, in nats."""
    evidence = _mean(-table["log_evidence"])
    shown = [("−log p(x), nats per image", evidence, "over images")]
    shown.append(("ELBO to log p(x), nats", _mean(table["log_evidence"] - table["elbo"]), ""))
    shown += [(title, _mean(table[name]), "") for name, title in TITLES.items() if name in table]
    return [
        (label, numbers.fixed(found.value), f"{numbers.error(found).strip()} {of}".strip())
        for label, found, of in shown
    ]


def sentence(table: pd.DataFrame, bound: Tensor, n_draws: int) -> str:
    """How far the bound still is, and where the rest of the gap comes from, from the numbers.

    `bound` is -L_k of the same images, (n,).
    """
    left = paired_difference(-_tensor(table["log_evidence"]), bound)
    said = (
        f"With {n_draws:,} draws the bound is still {numbers.estimate(left)} nats above −log p(x), "
        "which quadrature over z gives: log p(x) = ELBO + KL(q(z | x) ‖ p(z | x))."
    )
    if "amortisation_gap" in table:
        encoders = _tensor(table["amortisation_gap"])
        share = ratio_estimate(encoders, _tensor(table["log_evidence"] - table["elbo"]))
        said += (
            f" {share.value:.0%} ± {share.standard_error:.0%} of that KL is the encoder's: another "
            f"q of the same family would not have it. Half of the images miss less than "
            f"{numbers.estimate(median_estimate(encoders))} nats by it."
        )
        several = int((table["n_modes"] > 1).sum())
        if several:
            said += f" p(z | x) has several modes for {several:,} of {len(table):,} images."
    return said


def _mean(values: pd.Series[float]) -> Estimate:
    return mean_estimate(_tensor(values))


def _tensor(values: pd.Series[float]) -> Tensor:
    return torch.tensor(values.to_numpy())
