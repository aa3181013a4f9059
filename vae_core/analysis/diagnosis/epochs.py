"""Generalisation gap: the negative ELBO of test images less that of training images, by epoch.

Both are measured after the epoch, with one and the same weights and one draw of z for each image.
They are of different images, so that the error of the gap is that of two independent means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from vae_core.analysis.estimates import Estimate
from vae_core.evaluate import ImageTerms
from vae_core.runs.records import DataFacts
from vae_core.trainer import EpochTerms, n_train_evaluated


@dataclass(frozen=True)
class EpochScore:
    """Negative ELBO of every split after an epoch, nats per image; of a point mass, distortion.

    Attributes
    ----------
    epoch : int
    train, test : Estimate
        With standard errors over the images; nan in histories written without them.
    validation : Estimate or None
        None where no image was held out.
    """

    epoch: int
    train: Estimate
    test: Estimate
    validation: Estimate | None

    @property
    def gap(self) -> Estimate:
        """Test less train, above 0 where training images are explained better."""
        return self.test - self.train


def epoch_scores(history: Sequence[EpochTerms]) -> list[EpochScore]:
    """The scores of every epoch of a history."""
    return [
        EpochScore(
            r.epoch,
            _score(r.train_distortion, r.train_rate, r.train_error),
            _score(r.test_distortion, r.test_rate, r.test_error),
            None
            if r.validation_distortion is None or r.validation_rate is None
            else _score(r.validation_distortion, r.validation_rate, r.validation_error),
        )
        for r in history
    ]


def with_error_of(score: EpochScore, terms: ImageTerms, facts: DataFacts) -> EpochScore:
    """The score with errors from how much test images differ, for a history without errors.

    That training images differ as much from each other as test images do is an assumption.
    """
    if len(terms) < 2 or not math.isnan(score.gap.standard_error):
        return score
    scores = terms.negative_elbo if math.isfinite(terms.rate.sum().item()) else terms.distortion
    spread = scores.std().item()
    n_train = n_train_evaluated(facts.n_train, facts.n_test)
    if not n_train:
        return score
    return replace(
        score,
        train=Estimate(score.train.value, spread / math.sqrt(n_train)),
        test=Estimate(score.test.value, spread / math.sqrt(len(terms))),
    )


def epoch_table(history: Sequence[EpochTerms], chosen: int) -> pd.DataFrame:
    """Every epoch in numbers, one a row.

    Returns
    -------
    DataFrame
        epoch, train, test, gap and gap_error, validation where images were held out, and
        chosen, which is true in one row. gap_error is left out where it is not known.
    """
    scores = epoch_scores(history)
    table = pd.DataFrame(
        {
            "epoch": [s.epoch for s in scores],
            "train": [s.train.value for s in scores],
            "test": [s.test.value for s in scores],
            "gap": [s.gap.value for s in scores],
            "gap_error": [s.gap.standard_error for s in scores],
            "validation": [s.validation.value if s.validation else math.nan for s in scores],
            "chosen": [s.epoch == chosen for s in scores],
        }
    )
    empty = [name for name in ("gap_error", "validation") if table[name].isna().all()]
    return table.drop(columns=empty)


def _score(distortion: float, rate: float, error: float | None) -> Estimate:
    value = distortion + rate if math.isfinite(rate) else distortion
    return Estimate(value, math.nan if error is None else error)
