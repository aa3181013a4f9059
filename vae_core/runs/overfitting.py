"""Overfitting: the loss on images not trained on has been lower in an earlier epoch.

The model goes on to lower the loss of its training images after it has stopped to do so for
others: it learns those by heart (Burda et al. 2015, section 5.1; Wu et al. 2017). The images held
out for validation are the judge, where a run has them, and the test images otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vae_core.decimals import fixed
from vae_core.trainer import EpochTerms

NOISE = 0.005  # of the loss, that one draw for each image and the steps of an epoch account for
TEST, VALIDATION = "test", "validation"


@dataclass(frozen=True)
class Overfitting:
    """The lowest loss of a training on images not trained on, and the last one; nats per image.

    Attributes
    ----------
    epoch : int
        With the lowest loss on these images: the one to choose.
    lowest, last : float
        That loss, and the one of the last epoch.
    train : float
        The last one on as many training images as there are test images.
    beta : float
        The weight of the rate in all of them; 1 gives the negative ELBO.
    last_epoch : int
    split : str
        VALIDATION where images were held out, else TEST.
    has_rate : bool
        Whether the rate is finite; the loss of a point mass is its distortion.
    """

    epoch: int
    lowest: float
    last: float
    train: float
    beta: float
    last_epoch: int
    split: str = TEST
    has_rate: bool = True

    def __str__(self) -> str:
        """Whether the loss has risen, since which epoch and by how much: one or two sentences."""
        last, train = _nats(self.last), f"on training images it is {_nats(self.train)}"
        if self.epoch == self.last_epoch:
            return (
                f"the {self.split} images' {self.loss} is lowest in the last epoch, {self.epoch}: "
                f"{last} nats per image; {train}."
            )
        printed = float(_nats(self.last)) - float(_nats(self.lowest))  # so that they add up
        rise = "less than 0.1" if printed < 0.05 else _nats(printed)
        began = (
            f"the {self.split} images' {self.loss} was lowest in epoch {self.epoch}: "
            f"{_nats(self.lowest)} nats per image. Since then it has risen by {rise}, to {last}"
        )
        if self.is_clear:
            return f"{began}; {train}."
        if self.rise <= self.noise:
            return f"{began}, within the noise of the last steps and draws; {train}."
        return f"{began}, but so high it is on training images as well: {_nats(self.train)}."

    @property
    def loss(self) -> str:
        """The loss in words."""
        if not self.has_rate:
            return "distortion"
        return "negative ELBO" if self.beta == 1.0 else f"distortion + {self.beta:.3g} rate"

    @property
    def caution(self) -> str:
        """What the loss of the chosen epoch is worth, as the end of a sentence."""
        if self.split == VALIDATION:
            return "chosen on the validation images; the test images had no part in it"
        return "chosen on the test images, so its own number is optimistic"

    @property
    def rise(self) -> float:
        """By how much the loss has risen since its lowest."""
        return self.last - self.lowest

    @property
    def noise(self) -> float:
        """The rise that chance may explain."""
        return NOISE * max(1.0, abs(self.lowest))

    @property
    def is_clear(self) -> bool:
        """Whether it has risen by more than chance explains, and more than on training images."""
        return self.rise > self.noise and self.last > self.train


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
    best = min(history, key=lambda record: judging_loss(record, beta))
    last = history[-1]
    return Overfitting(
        best.epoch,
        judging_loss(best, beta),
        judging_loss(last, beta),
        _loss(last.train_distortion, last.train_rate, beta),
        beta,
        last.epoch,
        judged_by(last),
        math.isfinite(last.test_rate),
    )


def judged_by(record: EpochTerms) -> str:
    """The split that chooses the epoch: VALIDATION where it was measured, else TEST."""
    return TEST if record.validation_distortion is None else VALIDATION


def judging_loss(record: EpochTerms, beta: float) -> float:
    """distortion + beta * rate on the split that chooses; the distortion alone of a point mass."""
    if record.validation_distortion is None or record.validation_rate is None:
        return _loss(record.test_distortion, record.test_rate, beta)
    return _loss(record.validation_distortion, record.validation_rate, beta)


def _loss(distortion: float, rate: float, beta: float) -> float:
    return distortion + beta * rate if math.isfinite(rate) else distortion


def _nats(value: float) -> str:
    return fixed(value, 1)
