"""Arithmetic of one Gaussian against N(0, 1). No model is asked."""

from __future__ import annotations

import math

from vae_core.errors import LessonError
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
