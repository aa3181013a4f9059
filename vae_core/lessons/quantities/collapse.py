"""Collapse as a law: the KL of single dimensions, and of a linear model with the same level."""

from __future__ import annotations

import pandas as pd
import torch

from vae_core.analysis import collapse_law, encode_dataset, has_law, noise_spectrum
from vae_core.analysis.diagnosis.collapse_law import water_level as level_of
from vae_core.analysis.rate.rates import ACTIVE_VARIANCE
from vae_core.config import LIKELIHOODS
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import codes_of, dataset_of, per_run, vae_of, whole
from vae_core.lessons.quantities.pixels import N_IMAGES
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run


def _level(run: Run) -> float:
    beta = run.effective_beta
    if beta is None or not has_law(run.config):
        raise LessonError(
            f"the law of collapse is of independent Gaussian posteriors, and of Gaussian or "
            f"Bernoulli pixels; {run.title} has others."
        )
    return level_of(vae_of(run), beta)


@per_run
def _law(run: Run) -> pd.DataFrame:
    level, train = _level(run), dataset_of(run).train
    some = train.take(torch.arange(min(len(train), N_IMAGES)))
    spectrum = noise_spectrum(some, LIKELIHOODS[run.config.model.likelihood])
    return collapse_law(encode_dataset(vae_of(run), some), spectrum, level)


def _of(run: Run, k: float, column: str) -> float:
    law, rank = _law(run), whole(k, "a dimension by its KL, from 1")
    if not 1 <= rank <= len(law):
        raise LessonError(f"expected a dimension by its KL, from 1 to {len(law)}; got {rank}.")
    return float(law[column].iloc[rank - 1])


@quantity("squared grey values")
def water_level(run: Run) -> float:
    """The level beta sigma^2 that the pixels' variance along a direction has to exceed.

    For Bernoulli pixels, which have no sigma, beta, without a unit.
    """
    return _level(run)


@quantity("squared grey values")
def law_eigenvalue(run: Run, k: float) -> float:
    """Variance of the training images along their k-th direction, from 1: where the law ends."""
    return _of(run, k, "eigenvalue")


@quantity("nats per image")
def law_kl(run: Run, k: float) -> float:
    """KL of a linear model's k-th dimension, from 1: 0.5 ln(eigenvalue / level), or 0."""
    return _of(run, k, "predicted")


@quantity("nats per image")
def ranked_kl(run: Run, k: float) -> float:
    """The k-th largest KL of a dimension, from 1, over the training images."""
    return _of(run, k, "kl")


@quantity("nats per image")
def law_deviation(run: Run, count: float) -> float:
    """The largest difference of a KL from the law, among so many dimensions by their KL."""
    some = _law(run).head(whole(count, "dimensions"))
    return float((some["kl"] - some["predicted"]).abs().max())


@quantity("factor")
def law_ratio(run: Run, k: float) -> float:
    """The level at which dimension k would collapse, by its KL, over the eigenvalue; the law: 1."""
    return _of(run, k, "vanishes_at") / _of(run, k, "eigenvalue")


@quantity("count")
def directions_active(run: Run) -> float:
    """Directions of z along which the means vary over the images by more than 0.01.

    As active units, but where two dimensions share a direction it is counted once.
    """
    means = codes_of(run).mean.flatten(1).double()
    variances = torch.linalg.eigvalsh(means.T.cov(correction=0))
    return float((variances > ACTIVE_VARIANCE).sum())
