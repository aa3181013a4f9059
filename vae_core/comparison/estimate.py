"""Estimates: a mean over images with its standard error, and a difference over the same images.

Two models that are scored on the same images differ by less noise than their means have: what is
hard for one is hard for the other. So the difference is taken image by image. Its error is that of
these images and of the draws of z for them. The noise of training is not in it: another seed gives
other weights, and another difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

ERRORS = 2.0  # standard errors within which a difference counts as none


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error.

    Attributes
    ----------
    value : float
    standard_error : float, optional
        None where it is not known.
    """

    value: float
    standard_error: float | None = None

    @property
    def is_zero(self) -> bool | None:
        """Whether it is zero within ERRORS standard errors; None where the error is not known."""
        if self.standard_error is None:
            return None
        return abs(self.value) <= ERRORS * self.standard_error


def mean_estimate(values: Tensor) -> Estimate:
    """Mean of one number for each image, (n,), and its standard error, sd / sqrt(n).

    The error of a single image, or of what is not finite, is not known.
    """
    n, value = len(values), values.double().mean().item()
    if n < 2 or not math.isfinite(value):
        return Estimate(value)
    return Estimate(value, values.double().std().item() / math.sqrt(n))


def paired_difference(a: Tensor, b: Tensor) -> Estimate:
    """Mean of b - a over the same images, (n,) each, with its standard error.

    Raises
    ------
    ValueError
        When they are not of the same number of images.
    """
    if a.shape != b.shape:
        raise ValueError(f"expected the same images twice; got {len(a)} and {len(b)} of them.")
    return mean_estimate(b.double() - a.double())
