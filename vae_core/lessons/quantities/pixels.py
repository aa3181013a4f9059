"""The linear VAE of a run's images: how many directions are worth their nats."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vae_core.analysis.diagnosis.linear_vae import data_spectrum
from vae_core.analysis.diagnosis.linear_vae import directions_used as above
from vae_core.lessons.quantities.loading import dataset_of, per_run, whole
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run

N_IMAGES = 10_000  # training images, the first of them, as on the page Train


@per_run
def _spectrum(run: Run) -> Tensor:
    train = dataset_of(run).train
    return data_spectrum(train.take(torch.arange(min(len(train), N_IMAGES))))


@quantity("squared grey values")
def pixel_variance(run: Run, k: float = 0) -> float:
    """Variance of the training images' pixels along their k-th direction, 0 the largest.

    Eigenvalues of the covariance of the first 10,000.
    """
    return float(_spectrum(run)[whole(k, "a direction")])


@quantity("count")
def directions_used(run: Run, sigma2: float) -> float:
    """Latent dimensions that a linear VAE with decoder variance sigma² uses (Lucas et al. 2019).

    Those directions along which the pixels vary by more than sigma².
    """
    return float(above(_spectrum(run), math.sqrt(sigma2)))
