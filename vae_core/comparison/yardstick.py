"""The yardstick of a run: which images, pixels and likelihood its nats are of.

Nats per image compare only between scores of the same images, read as the same pixels, and
then only when both likelihoods give the same kind of number: a density may exceed 1, a
probability may not, and neither is a cross-entropy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from vae_core.config import LIKELIHOODS, PRIORS
from vae_core.runs.run import Run


class Obstacle(Enum):
    """Why two runs' distortions cannot be ranked."""

    DATASET = "other data set"
    PIXELS = "other pixels of the same data set"
    IMAGES = "other images of the same data set"
    MEASURE = "another kind of likelihood"
    MISTAKE = "trained with a mistake on purpose"


@dataclass(frozen=True)
class Yardstick:
    """The images and pixels that a run's nats are of. Scores are comparable where it is the same.

    Attributes
    ----------
    dataset : str
    pixels : str
        How they are read.
    fingerprint : str
        Of the test images and their pixels; changes with classes, limit and static draws. Of all
        images where that is not known; the run's id where neither is.
    n_test : int
    classes : tuple of str
    measure : str
        Kind of the likelihood: a density is no probability, and log p(x|y) is not log p(x).
    all_images : str, optional
        Fingerprint of all images, which need not be the same.
    """

    dataset: str
    pixels: str
    fingerprint: str
    n_test: int
    classes: tuple[str, ...]
    measure: str
    all_images: str | None = field(default=None, compare=False)

    @classmethod
    def of(cls, run: Run) -> Yardstick:
        """That of a run."""
        facts, data = run.data(), run.config.data
        names = facts.class_names
        return cls(
            data.name,
            run.pixels,
            facts.test_fingerprint or facts.fingerprint or run.id,
            facts.n_test,
            tuple(names[label] for label in data.classes or ()),
            _measure(run),
            facts.fingerprint,
        )

    @property
    def knows_test_images(self) -> bool:
        """Whether the fingerprint is that of the test images alone, and the other is known, too."""
        return self.all_images is not None and self.fingerprint != self.all_images

    def obstacle(self, other: Yardstick) -> Obstacle | None:
        """What keeps scores of the other from being comparable; None when nothing does."""
        if self.dataset != other.dataset:
            return Obstacle.DATASET
        if self.fingerprint != other.fingerprint:
            return Obstacle.IMAGES if self.pixels == other.pixels else Obstacle.PIXELS
        return None if self.measure == other.measure else Obstacle.MEASURE


def _measure(run: Run) -> str:
    """What a run's nats are the logarithm of."""
    model = run.config.model
    measure: str = LIKELIHOODS[model.likelihood].measure
    is_given = model.is_conditional or PRIORS[model.prior].wants_labels
    return f"{measure} given the label" if is_given else measure


def with_test_images(yardsticks: Sequence[Yardstick]) -> list[Yardstick]:
    """The same, by their test images also where only another of the same images knows these."""
    known = {one.all_images: one.fingerprint for one in yardsticks if one.knows_test_images}
    return [
        replace(one, fingerprint=known.get(one.all_images, one.fingerprint)) for one in yardsticks
    ]


def same_images(a: Run, b: Run) -> bool:
    """Whether both were scored on the same pixels, whatever images they were trained on.

    By the fingerprint of their test images, or of all images where that is not known.
    """
    one, other = a.data(), b.data()
    pairs = (
        (one.test_fingerprint, other.test_fingerprint),
        (one.fingerprint, other.fingerprint),
    )
    return any(mine is not None and mine == theirs for mine, theirs in pairs)


def obstacle(a: Run, b: Run) -> Obstacle | None:
    """Why distortion and negative ELBO of two runs cannot be ranked; None when they can."""
    if a.has_mistake or b.has_mistake:
        return Obstacle.MISTAKE
    one, other = map(Yardstick.of, (a, b))
    if same_images(a, b):
        return None if one.measure == other.measure else Obstacle.MEASURE
    return one.obstacle(other) or Obstacle.IMAGES  # without a fingerprint nobody knows


def comparable(a: Run, b: Run) -> bool:
    """Whether distortion and negative ELBO of both can be ranked."""
    return obstacle(a, b) is None
