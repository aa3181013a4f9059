"""Distortion against sigma of a Gaussian decoder, in closed form, encoder and decoder as they are.

-log p(x|z) = D log sigma + D/2 log 2 pi + SSE / (2 sigma^2): the distortion at one sigma gives the
squared errors, and these the distortion at any other. It is lowest at sigma^2 = SSE / D, the mean
squared error (Rybkin et al. 2021, "Simple and effective VAE training with calibrated decoders").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from vae_core.analysis.estimates import Estimate
from vae_core.errors import ConfigError

HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True)
class SigmaCurve:
    """Squared errors of a run's reconstructions, and what they cost at any sigma.

    Attributes
    ----------
    n_pixels : int
        D, colours counted.
    sigma : float
        The decoder's own, in grey values.
    sse : Estimate
        Squared error summed over the pixels, mean over images, and its standard error.
    """

    n_pixels: int
    sigma: float
    sse: Estimate

    @property
    def mse(self) -> Estimate:
        """Mean squared error per pixel, squared grey values."""
        return Estimate(self.sse.value / self.n_pixels, self.sse.standard_error / self.n_pixels)

    @property
    def best(self) -> Estimate:
        """The sigma of the lowest distortion, grey values; its error to first order."""
        root = math.sqrt(self.mse.value)
        return Estimate(root, 0.5 * self.mse.standard_error / root if root else math.nan)

    def log_part(self, sigma: float) -> float:
        """D log sigma + D/2 log 2 pi, nats per image, the same for every image."""
        if not (math.isfinite(sigma) and sigma > 0.0):
            raise ConfigError(f"expected sigma above 0; got {sigma:g}.")
        return self.n_pixels * (math.log(sigma) + HALF_LOG_2PI)

    def error_part(self, sigma: float) -> Estimate:
        """SSE / (2 sigma^2), nats per image."""
        weight = 0.5 / sigma**2
        return Estimate(weight * self.sse.value, weight * self.sse.standard_error)

    def at(self, sigma: float) -> Estimate:
        """The distortion with this sigma, nats per image.

        Raises
        ------
        ConfigError
            For a sigma that is not above 0.
        """
        constant, error = self.log_part(sigma), self.error_part(sigma)
        return Estimate(constant + error.value, error.standard_error)

    def table(self, sigmas: Sequence[float]) -> pd.DataFrame:
        """Columns sigma, distortion, log_part, error_part: a row for each sigma, in nats."""
        rows = [(s, self.at(s).value, self.log_part(s), self.error_part(s).value) for s in sigmas]
        return pd.DataFrame(rows, columns=["sigma", "distortion", "log_part", "error_part"])


def sigma_curve(n_pixels: int, sigma: float, distortion: Estimate) -> SigmaCurve:
    """The curve through the distortion that was measured at the decoder's own sigma.

    Parameters
    ----------
    n_pixels : int
    sigma : float
        One for all images, in grey values.
    distortion : Estimate
        Mean over images, nats per image.
    """
    constant = n_pixels * (math.log(sigma) + HALF_LOG_2PI)
    twice = 2.0 * sigma**2
    sse = Estimate(twice * (distortion.value - constant), twice * distortion.standard_error)
    return SigmaCurve(n_pixels, sigma, sse)
