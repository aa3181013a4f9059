"""Arithmetic that asks no model: one Gaussian against N(0, 1), and sizes of covariances."""

from __future__ import annotations

import math

from vae_core.analysis import middle_in_shell
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import whole
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run


def _sigma(sigma: float) -> float:
    if not 0.0 < sigma < math.inf:
        raise LessonError(f"expected sigma above 0; got {sigma:g}.")
    return sigma


@quantity("nats")
def kl_normal(run: Run, mu: float, sigma: float) -> float:
    """KL(N(mu, sigma²) || N(0, 1)): 0.5 (mu² + sigma² − ln sigma² − 1)."""
    sigma = _sigma(sigma)
    return 0.5 * (mu * mu + sigma * sigma - 1.0) - math.log(sigma)


@quantity("nats")
def kl_normal_slip(run: Run, mu: float, sigma: float) -> float:
    """The same with the wrong sign of its logarithm: ln sigma + (mu² + sigma² − 1) / 2."""
    sigma = _sigma(sigma)
    return 0.5 * (mu * mu + sigma * sigma - 1.0) + math.log(sigma)


@quantity("units of z")
def seed_noise(run: Run, sigma: float) -> float:
    """Standard deviation of log(0.5 sigma) eps: |ln(sigma / 2)|."""
    return abs(math.log(0.5 * _sigma(sigma)))


@quantity("count")
def diagonal_outputs(run: Run, d: float) -> float:
    """Outputs of an encoder of a diagonal Gaussian over d dimensions: 2 d."""
    return 2.0 * d


@quantity("count")
def full_outputs(run: Run, d: float) -> float:
    """Outputs of an encoder of a full covariance over d dimensions: d (d + 3) / 2."""
    return d * (d + 3.0) / 2.0


@quantity("count")
def full_entries(run: Run, d: float) -> float:
    """Entries of a covariance matrix over d dimensions: d²."""
    return d * d


@quantity("count")
def full_distinct(run: Run, d: float) -> float:
    """Different entries of a covariance matrix, which is symmetric: d (d + 1) / 2."""
    return d * (d + 1.0) / 2.0


@quantity("count")
def map_variances(run: Run, side: float, shrink: float, channels: float) -> float:
    """Variances of a feature map of a square image that is shrunk so many times: C (side / s)²."""
    return channels * (side / shrink) ** 2


@quantity("share")
def corner_under_prior(run: Run, t: float, channels: float) -> float:
    """P(largest z_j > t) under Dirichlet(1, ..., 1) over C proportions, t of 0.5 or more.

    C (1 − t)^(C − 1): two proportions cannot both be above one half.
    """
    if not 0.5 <= t < 1.0:
        raise LessonError(f"expected a proportion from 0.5 to 1; got {t:g}.")
    return channels * math.pow(1.0 - t, channels - 1.0)


@quantity("share")
def shell_middle(run: Run, d: float) -> float:
    """How often the middle of a straight walk between draws of N(0, I) is in their 95% shell."""
    return middle_in_shell(whole(d, "dimensions"))


@quantity("units of z")
def shell_sd(run: Run, d: float) -> float:
    """Standard deviation of the norm of draws of N(0, I) in d dimensions."""
    n = whole(d, "dimensions")
    if n < 1:
        raise LessonError(f"expected at least 1 dimension; got {n}.")
    mean = math.sqrt(2.0) * math.exp(math.lgamma(0.5 * (n + 1)) - math.lgamma(0.5 * n))
    return math.sqrt(n - mean * mean)
