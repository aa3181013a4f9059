"""Overfitting: the loss on test images has been lower in an earlier epoch.

The model goes on to lower the loss of its training images after it has stopped to do so for
others: it learns those by heart (Burda et al. 2015, section 5.1; Wu et al. 2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vae_core.decimals import fixed
from vae_core.trainer import EpochTerms

NOISE = 0.005  # of the loss, that one draw for each image and the steps of an epoch account for


@dataclass(frozen=True)
class Overfitting:
    """The lowest loss of a training on its test images, and the last one; nats per image.

    Attributes
    ----------
    epoch : int
        With the lowest loss on the test images.
    lowest, last : float
        That loss, and the one of the last epoch.
    train : float
        The last one on as many training images.
    beta : float
        The weight of the rate in all of them; 1 gives the negative ELBO.
    """

    epoch: int
    lowest: float
    last: float
    train: float
    beta: float

    def __str__(self) -> str:
        rise = fixed(float(fixed(self.last, 1)) - float(fixed(self.lowest, 1)), 1)  # as printed
        loss = "negative ELBO" if self.beta == 1.0 else f"distortion + {self.beta:.3g} rate"
        return (
            f"the test images' {loss} was lowest in epoch {self.epoch}: "
            f"{fixed(self.lowest, 1)} nats per image. Since then it has risen by {rise}, to "
            f"{fixed(self.last, 1)}; on training images it is {fixed(self.train, 1)}."
        )

    @property
    def rise(self) -> float:
        """By how much the loss has risen since its lowest."""
        return self.last - self.lowest

    @property
    def is_clear(self) -> bool:
        """Whether it has risen by more than chance explains, and more than on training images."""
        return self.rise > NOISE * max(1.0, abs(self.lowest)) and self.last > self.train


def overfitting(history: Sequence[EpochTerms], beta: float) -> Overfitting | None:
    """What a history tells of overfitting; None where there is none yet.

    Parameters
    ----------
    history : sequence of EpochTerms
    beta : float
        The weight of the rate in the loss that training minimised, after any warm-up.
    """
    if not history:
        return None
    best = min(history, key=lambda record: loss_on_test(record, beta))
    last = history[-1]
    return Overfitting(
        best.epoch,
        loss_on_test(best, beta),
        loss_on_test(last, beta),
        _loss(last.train_distortion, last.train_rate, beta),
        beta,
    )


def loss_on_test(record: EpochTerms, beta: float) -> float:
    """distortion + beta * rate on the test images; the distortion alone of a point mass."""
    return _loss(record.test_distortion, record.test_rate, beta)


def _loss(distortion: float, rate: float, beta: float) -> float:
    return distortion + beta * rate if math.isfinite(rate) else distortion
