"""Estimates with their standard error, differences of them, and brackets.

Two models that are scored on the same images differ by less noise than their means have: what is
hard for one is hard for the other. So the difference is taken image by image. Its error is that of
these images and of the draws of z for them. The noise of training is not in it: another seed gives
other weights, and another difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

ERRORS = 2.0  # standard errors within which a difference counts as none
MIN_ORDERED = 6  # values whose order tells how far off their median may be


@dataclass(frozen=True)
class Estimate:
    """A number that was sampled, and its standard error; nan where that is unknown."""

    value: float
    standard_error: float = math.nan

    @property
    def is_zero(self) -> bool | None:
        """Whether it is zero within ERRORS standard errors; None where the error is not known."""
        if math.isnan(self.standard_error):
            return None
        return abs(self.value) <= ERRORS * self.standard_error

    def __sub__(self, other: Estimate) -> Estimate:
        """The difference of two independent estimates."""
        error = math.hypot(self.standard_error, other.standard_error)
        return Estimate(self.value - other.value, error)

    def at_least_zero(self) -> Estimate:
        """This estimate of what cannot be negative; 0 exactly where it is."""
        return Estimate(0.0, 0.0) if self.value < 0.0 else self

    def at_most(self, bound: float) -> Estimate:
        """This estimate of what cannot exceed a known bound; the bound where it does."""
        return Estimate(bound, 0.0) if self.value > bound else self


@dataclass(frozen=True)
class Bracket:
    """A number that lies between two estimates, but for their sampling errors.

    q(z) is known only as the mixture of N posteriors. With each z's own image among them an
    estimate errs to one side, without it to the other; more images bring the two together.
    """

    low: Estimate
    high: Estimate

    @property
    def is_wide(self) -> bool:
        """Whether the ends are further apart than half the number between them."""
        middle = 0.5 * (self.low.value + self.high.value)
        return self.high.value - self.low.value > 0.5 * abs(middle)

    def in_order(self) -> Bracket:
        """The same with its ends in order: sampling may have turned a narrow one around."""
        return Bracket(self.high, self.low) if self.high.value < self.low.value else self

    def contains(self, value: float, errors: float = ERRORS) -> bool:
        """Whether a value is between the ends, or within so many standard errors of them."""
        low = self.low.value - errors * self.low.standard_error
        return low <= value <= self.high.value + errors * self.high.standard_error


def mean_estimate(values: Tensor) -> Estimate:
    """Mean of one number for each image, (n,), and its standard error, sd / sqrt(n).

    The error of a single image, or of what is not finite, is not known.
    """
    n, value = len(values), values.double().mean().item()
    if n < 2 or not math.isfinite(value):
        return Estimate(value)
    return Estimate(value, values.double().std().item() / math.sqrt(n))


def median_estimate(values: Tensor) -> Estimate:
    """Median of one number for each image, (n,), and its standard error.

    By order statistics: so many values to either side of the middle that the median of the
    population lies between them in 95 of 100 samples, whatever the distribution; the error is a
    quarter of their distance. Of less than MIN_ORDERED values it is not known.

    References
    ----------
    McKean & Schrader, *A comparison of methods for studentizing the sample median*, 1984.
    """
    n, ordered = len(values), values.double().sort().values
    value = float(ordered.quantile(0.5))
    if n < MIN_ORDERED or not math.isfinite(value):
        return Estimate(value)
    outside = max(0, math.floor(0.5 * (n + 1) - ERRORS * math.sqrt(0.25 * n)) - 1)
    width = float(ordered[n - 1 - outside] - ordered[outside])
    return Estimate(value, width / (2.0 * ERRORS))


def share_estimate(chosen: Tensor) -> Estimate:
    """The share of n things that are chosen, (n,) of bool, and its binomial standard error.

    The error is that of two more things chosen and two more not (Agresti and Coull 1998): of 100
    things none chosen is no proof that none ever is.
    """
    n, k = len(chosen), float(chosen.double().sum())
    steadied = (k + 2.0) / (n + 4.0)
    return Estimate(k / n, math.sqrt(steadied * (1.0 - steadied) / (n + 4.0)))


def ratio_estimate(parts: Tensor, wholes: Tensor) -> Estimate:
    """The sum of parts over the sum of wholes, both (n,) of the same images, and its error.

    To first order that of the mean of part - ratio * whole, over the mean whole.
    """
    ratio = float(parts.double().sum() / wholes.double().sum())
    left = mean_estimate(parts.double() - ratio * wholes.double())
    return Estimate(ratio, left.standard_error / abs(float(wholes.double().mean())))


def root_estimate(squares: Tensor) -> Estimate:
    """The root of the mean of squares, one for each image, (n,), and its standard error.

    To first order that of the mean, divided by twice the root; 0 where all squares are.
    """
    mean = mean_estimate(squares)
    root = math.sqrt(max(0.0, mean.value))
    return Estimate(root, mean.standard_error / (2.0 * root) if root else 0.0)


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


def mean_over_images(values: Float[Tensor, " m"], index: Int[Tensor, " m"]) -> Estimate:
    """The mean of values at draws, and its standard error over the images these are of.

    Draws of one image are no independent evidence about other images: they are averaged first.
    """
    values, counts = values.double(), index.bincount()
    total = values.new_zeros(len(counts)).index_add_(0, index, values)
    per_image = mean_estimate((total / counts)[counts > 0])
    return Estimate(values.mean().item(), per_image.standard_error)


def regressed(
    values: Float[Tensor, " m"], controls: Float[Tensor, "m k"]
) -> tuple[Float[Tensor, " m"], Float[Tensor, " k"]]:
    """Values less what goes along with control variates whose means are known to be 0.

    The mean stays the same but for a bias of order 1 / m, and is quieter. It is linear: what
    adds up before adds up after.

    Returns
    -------
    The values so steadied, and the slopes of the regression.

    References
    ----------
    Owen, *Monte Carlo theory, methods and examples*, section 8.9.
    """
    design = torch.cat([torch.ones_like(controls[:, :1]), controls], 1)
    slopes = torch.linalg.lstsq(design, values[:, None], driver="gelsd").solution[1:, 0]
    return values - controls @ slopes, slopes


def weighted_sum(weights: Sequence[float], parts: Sequence[Estimate]) -> Estimate:
    """sum_i w_i x_i of independent estimates."""
    value = sum(w * part.value for w, part in zip(weights, parts, strict=True))
    errors = [w * part.standard_error for w, part in zip(weights, parts, strict=True)]
    return Estimate(value, math.hypot(*errors))
