"""log p(x) itself on the page Bound and truth, and the gaps between it and the ELBO."""

from __future__ import annotations

import pandas as pd
import streamlit as st
import torch
from torch import Tensor
from torch.distributions import constraints

from pages.ui.drawing import numbers
from pages.ui.drawing.given_label import given
from pages.ui.library import cached
from pages.ui.library.background import run_in_background
from vae_core import Dataset, Run
from vae_core.analysis import has_quadrature, inference_gaps, random_images
from vae_core.analysis.estimates import (
    Estimate,
    mean_estimate,
    median_estimate,
    paired_difference,
    ratio_estimate,
)
from vae_core.analysis.evidence.best_posterior import has_best_posterior
from vae_core.vae import VAE

COUNTS = [50, 100, 200, 500, 1000]  # images
FEW_COUNTS = [4, 10, 20, 50]  # images of which log p(x) is annealed: seconds for each
# Images between two looks at whether a control has changed, by how their best q is searched for
AT_ONCE, AT_ONCE_BY_DRAWS, AT_ONCE_ANNEALED = 50, 5, 2
NOTHING = 0.01  # nats: a mean gap of which no shares are told
QUADRATURE = "by quadrature over z"
ANNEALING = "by the tighter of annealed importance sampling and a defensive mixture"
MIXTURE = "by importance sampling from a defensive mixture"
HELP = {
    True: "With one or two free latent dimensions the integral over z can be had by quadrature.",
    False: "With more than two free latent dimensions there is no grid over z: log p(x) takes "
    "annealed importance sampling (a defensive mixture on a simplex), some seconds for an image. "
    "So it is offered for a few images.",
}
TITLES = {
    "approximation_gap": "of it, what the family misses",
    "amortisation_gap": "of it, what the encoder misses",
}


def way(vae: VAE) -> str:
    """How log p(x) of a model is had."""
    if has_quadrature(vae):
        return QUADRATURE
    return MIXTURE if vae.family.support is constraints.simplex else ANNEALING


@cached.per_run(max_entries=64)
def _part(run: Run, data: Dataset, start: int, stop: int) -> pd.DataFrame:
    """Of the images from `start` to `stop` of the test split in random order, as the bounds are."""
    images = data.test.take(random_images(len(data.test))[start:stop])
    x = images.batch(slice(0, len(images)), torch.Generator().manual_seed(start))
    vae = cached.vae(run).given(images.labels)
    return run_in_background(inference_gaps, vae, x)


def measure(run: Run, data: Dataset, count: int) -> pd.DataFrame:
    """`inference_gaps` of the images that the bounds are of.

    A few at a time: changing a control meanwhile, or switching this off, stops the work after them.
    """
    how = way(cached.vae(run))
    at_once = _at_once(cached.vae(run))
    parts = []
    bar = st.progress(0.0)
    for start in range(0, count, at_once):
        stop = min(start + at_once, count)
        words = f"{given('log p(x)', run)} of images {start + 1} to {stop} of {count}, {how} …"
        bar.progress(start / count, f"{words} Switch it off to stop.")
        parts.append(_part(run, data, start, stop))
    bar.empty()
    return pd.concat(parts, ignore_index=True)


def _at_once(vae: VAE) -> int:
    if has_best_posterior(vae):
        return AT_ONCE
    return AT_ONCE_BY_DRAWS if has_quadrature(vae) else AT_ONCE_ANNEALED


def negative_evidence(table: pd.DataFrame) -> tuple[float, float]:
    """Mean of -log p(x) in nats per image, and the standard error that its estimates leave."""
    own = float(table["error"].pow(2).sum()) ** 0.5 / len(table)
    return -float(table["log_evidence"].mean()), own


def metrics(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Label, value and error of -log p(x), and of the gap to the ELBO and its parts, in nats."""
    evidence = _mean(-table["log_evidence"])
    shown = [("−log p(x), nats per image", evidence, "over images")]
    shown.append(("ELBO to log p(x), nats", _mean(table["log_evidence"] - table["elbo"]), ""))
    shown += [(title, _mean(table[name]), "") for name, title in TITLES.items()]
    return [
        (label, numbers.fixed(found.value), f"{numbers.error(found).strip()} {of}".strip())
        for label, found, of in shown
    ]


def sentence(table: pd.DataFrame, bound: Tensor, n_draws: int, how: str = QUADRATURE) -> str:
    """How far the bound still is, and where the rest of the gap comes from, from the numbers.

    `bound` is -L_k of the same images, (n,); `how`: see `way`.
    """
    left = paired_difference(-_tensor(table["log_evidence"]), bound)
    far = Estimate(abs(left.value), left.standard_error)
    where = "above" if left.value >= 0.0 else "below"
    said = (
        f"With {n_draws:,} samples the bound is {numbers.estimate(far)} nats {where} −log p(x), "
        f"found {how}: log p(x) = ELBO + KL(q(z | x) ‖ p(z | x))."
    )
    if how != QUADRATURE:
        said += (
            " What is sampled is a lower end of log p(x) in expectation: the gap is at least "
            "this, but for chance, and so is the part that the family misses."
        )
    whole = _tensor(table["log_evidence"] - table["elbo"])
    if float(whole.mean()) >= NOTHING:
        encoders = _tensor(table["amortisation_gap"])
        share = ratio_estimate(encoders, whole).at_most(1.0)
        said += (
            f" {share.value:.0%} ± {share.standard_error:.0%} of that KL is the encoder's: another "
            f"q of the same family would not have it. Half of the images miss less than "
            f"{numbers.estimate(median_estimate(encoders))} nats by it."
        )
    if "n_modes" in table:
        several = int((table["n_modes"] > 1).sum())
        if several:
            said += f" p(z | x) has several modes for {several:,} of {len(table):,} images."
    return said


def _mean(values: pd.Series[float]) -> Estimate:
    return mean_estimate(_tensor(values))


def _tensor(values: pd.Series[float]) -> Tensor:
    return torch.tensor(values.to_numpy())
