"""log p(x) itself, the ELBO of one image, and the true posterior."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from vae_core.analysis.estimates import Estimate, mean_estimate
from vae_core.analysis.evidence.best_posterior import (
    encoder_gaussian,
    gaussian_elbo,
    has_best_posterior,
)
from vae_core.analysis.evidence.importance import at_mean_no_bound, log_weights
from vae_core.analysis.evidence.true_posterior import TruePosterior, true_posterior
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import generator, image_of, vae_of, version, whole
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run

RESOLUTION = 101  # of the true posterior, along each axis
GROUPS = 10  # of draws, whose spread is the error of a bound


@lru_cache(64)
def _posterior(run: Run, version: int, image: float) -> TruePosterior:
    return true_posterior(vae_of(run), image_of(run, image), RESOLUTION)


@quantity("nats")
def exact_nll(run: Run, image: float) -> float:
    """−log p(x) of a test image, by quadrature over z; of one or two latent dimensions."""
    return -float(_posterior(run, version(run), image).log_evidence)


@quantity("nats")
def image_negative_elbo(run: Run, image: float) -> float:
    """Negative ELBO of a test image, its mean over z by nodes of Gauss and Hermite.

    Of a Gaussian with one or two latent dimensions.
    """
    vae, x = vae_of(run), image_of(run, image)
    if not has_best_posterior(vae):
        raise LessonError(f"expected a Gaussian of one or two dimensions; {run.title} has none.")
    return -float(gaussian_elbo(vae, x, *encoder_gaussian(vae, x)))


@quantity("nats")
def elbo_gap(run: Run, image: float) -> float:
    """KL(q(z|x) || p(z|x)) of a test image: its negative ELBO less −log p(x)."""
    return image_negative_elbo(run, image) - exact_nll(run, image)


@quantity("nats")
def image_bound(run: Run, image: float, k: float, widen: float = 1.0) -> Estimate:
    """Upper bound on −log p(x) by k weighed draws of q, sigma times `widen` (Burda et al. 2016).

    A mean over groups of k draws, with its standard error over them.
    """
    count = max(1, whole(k, "draws"))
    log_w = log_weights(vae_of(run), image_of(run, image), count * GROUPS, widen, generator())
    groups = log_w[:, 0].double().reshape(GROUPS, count)
    return mean_estimate(math.log(count) - groups.logsumexp(1))


@quantity("nats")
def score_at_mean(run: Run, image: float) -> float:
    """−log p(x|z = mu) + KL of a test image: looks like a negative ELBO, and bounds nothing."""
    return float(at_mean_no_bound(vae_of(run), image_of(run, image)))


def _true_moments(run: Run, image: float) -> Tensor:
    """Covariance of p(z|x) of one image, (d, d), by its grid."""
    found = _posterior(run, version(run), image)
    weights = found.log_density[0].exp().flatten()
    weights = weights / weights.sum()
    z = torch.cartesian_prod(*(axis[0] for axis in found.axes)).double().reshape(len(weights), -1)
    centred = z - weights @ z
    return (centred * weights[:, None]).T @ centred


@quantity("units of z")
def true_sd(run: Run, image: float, dimension: float) -> float:
    """Standard deviation of the true posterior p(z_j|x) of a test image."""
    j = whole(dimension, "a latent dimension")
    return float(_true_moments(run, image)[j, j].sqrt())


@quantity("correlation")
def true_rho(run: Run, image: float) -> float:
    """Correlation of z0 and z1 under the true posterior p(z|x) of a test image."""
    covariance = _true_moments(run, image)
    return float(covariance[0, 1] / covariance.diagonal().prod().sqrt())
