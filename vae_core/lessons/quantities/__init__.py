"""Quantities that lessons may show: functions of a run and of numbers, each with its unit."""

from vae_core.lessons.quantities import (  # noqa: F401  (their import registers them)
    codebook,
    coding,
    collapse,
    comparison,
    covariance,
    decoder,
    encoder,
    evidence,
    feature_map,
    gaps,
    gaussian_kl,
    labels,
    mistakes,
    normal,
    pixels,
    population,
    prior,
    rates,
    sizes,
    sweep,
)
from vae_core.lessons.quantities.registry import QUANTITIES, Quantity, quantity

__all__ = ["QUANTITIES", "Quantity", "quantity"]
