"""The linear VAE of a run's images: how many directions are worth their nats."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from vae_core.analysis.diagnosis.linear_vae import data_spectrum
from vae_core.analysis.diagnosis.linear_vae import directions_used as above
from vae_core.config import LIKELIHOODS, ModelConfig
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import dataset_of, version, whole
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run

N_LEVELS = 4000  # of the integral over grey levels
N_IMAGES = 10_000  # training images, the first of them, as on the page Train


@lru_cache(8)
def _kept_spectrum(run: Run, version: int, count: int) -> Tensor:
    train = dataset_of(run).train
    return data_spectrum(train.take(torch.arange(min(len(train), count))))


def _spectrum(run: Run, count: float) -> Tensor:
    return _kept_spectrum(run, version(run), whole(count, "images"))


@quantity("squared grey values")
def pixel_variance(run: Run, k: float = 0, count: float = N_IMAGES) -> float:
    """Variance of the training images' pixels along their k-th direction, 0 the largest.

    Eigenvalues of the covariance of the first so many.
    """
    return float(_spectrum(run, count)[whole(k, "a direction")])


@quantity("count")
def directions_used(run: Run, sigma2: float, count: float = N_IMAGES) -> float:
    """Latent dimensions that a linear VAE with decoder variance sigma² uses (Lucas et al. 2019).

    Those directions along which the pixels of the first so many training images vary by more
    than sigma².
    """
    return float(above(_spectrum(run, count), math.sqrt(sigma2)))


@quantity("share")
def grey_mass(run: Run, likelihood: str, mean: float) -> float:
    """Integral of a Bernoulli likelihood with parameter `mean` over grey levels from 0 to 1.

    1 for a density; the cross-entropy of grey pixels is none.
    """
    if likelihood not in LIKELIHOODS or not 0.0 < mean < 1.0:
        raise LessonError(
            f"expected one of {', '.join(LIKELIHOODS)} and a mean between 0 and 1; got "
            f"{likelihood}, {mean:g}."
        )
    levels = (torch.arange(N_LEVELS).double() + 0.5) / N_LEVELS
    model = ModelConfig(likelihood=likelihood)
    output = torch.logit(torch.tensor([[[mean]]]).double())
    pixels = LIKELIHOODS[likelihood](model).double()(output)
    return float(pixels.log_prob(levels.reshape(-1, 1, 1, 1)).exp().mean())
