"""Two runs side by side: their scores with the error of the difference, and what they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vae_core.analysis import active_units
from vae_core.analysis.estimates import Estimate, mean_estimate, paired_difference
from vae_core.codes import Codes
from vae_core.comparison.yardstick import comparable, same_images
from vae_core.config import POSTERIORS
from vae_core.errors import RunError
from vae_core.evaluate import ImageTerms
from vae_core.runs.run import Run
from vae_core.vae import VAE

TERMS = ("negative_elbo", "distortion", "rate")


@dataclass(frozen=True)
class Side:
    """A finished run with its model, and the codes and terms of its test split.

    Attributes
    ----------
    run : Run
    vae : VAE
    codes : Codes
    terms : ImageTerms, optional
        None where they are not known: then neither are errors.
    """

    run: Run
    vae: VAE
    codes: Codes
    terms: ImageTerms | None

    @classmethod
    def of(cls, run: Run) -> Side:
        """Read from the run's folder."""
        return cls(run, run.vae(), run.codes(), run.terms())

    def score(self, term: str) -> Estimate:
        """One of TERMS: the mean in the run's metrics, and its standard error over the images."""
        mean = getattr(self.run.metrics(), term)
        if self.terms is None:
            return Estimate(mean)
        return Estimate(mean, mean_estimate(getattr(self.terms, term)).standard_error)


def score_error(run: Run) -> float:
    """Standard error over the test images of a finished run's score, in nats per image.

    The score is the negative ELBO, or the distortion where there is no finite rate; nan where
    terms of the images were not kept, or are damaged.
    """
    try:
        terms = run.terms()
    except RunError:  # told where the terms themselves are asked for
        return math.nan
    if terms is None:
        return math.nan
    has_rate = run.metrics().has_rate
    return mean_estimate(terms.negative_elbo if has_rate else terms.distortion).standard_error


@dataclass(frozen=True)
class PairScore:
    """One term of both runs, in nats per image.

    Attributes
    ----------
    term : str
        One of TERMS.
    left, right : Estimate
        Infinite where there is no finite rate.
    is_ranked : bool
        Whether the two are of the same kind of number on the same images.
    difference : Estimate, optional
        right - left over the same images; None where it is not ranked, or not finite.
    """

    term: str
    left: Estimate
    right: Estimate
    is_ranked: bool
    difference: Estimate | None


@dataclass(frozen=True)
class ModelFacts:
    """What a model is and how it was trained and scored."""

    n_active: int
    n_dimensions: int
    n_parameters: int
    latent_shape: tuple[int, ...]
    posterior: str
    likelihood: str
    beta: float | None  # effective; None for a point mass, which has no rate to weigh
    reduction: str
    epochs: int
    dataset: str
    pixels: str
    n_train: int
    n_test: int
    n_samples: int

    @classmethod
    def of(cls, side: Side) -> ModelFacts:
        """Those of a run."""
        config, metrics = side.run.config, side.run.metrics()
        model, train, active = config.model, config.train, active_units(side.codes)
        family = POSTERIORS[model.posterior]
        return cls(
            int(active.sum()),
            active.numel(),
            side.vae.n_parameters,
            model.latent_shape,
            family.title,
            side.vae.likelihood.description,
            side.run.effective_beta,
            train.reduction,
            train.epochs,
            config.data.name,
            side.run.pixels,
            side.run.data().n_train,
            metrics.n_test,
            metrics.n_samples,
        )


def compare(a: Side, b: Side) -> list[PairScore]:
    """Negative ELBO, distortion and rate of both, and how far they differ."""
    scores, rates = comparable(a.run, b.run), same_images(a.run, b.run)
    return [_pair(a, b, term, rates if term == "rate" else scores) for term in TERMS]


def _pair(a: Side, b: Side, term: str, is_ranked: bool) -> PairScore:
    left, right = a.score(term), b.score(term)
    difference = None
    if is_ranked and math.isfinite(left.value + right.value):
        error = math.nan
        if a.terms and b.terms:
            pairs = paired_difference(getattr(a.terms, term), getattr(b.terms, term))
            error = pairs.standard_error
        difference = Estimate(right.value - left.value, error)  # of the metrics, as shown
    return PairScore(term, left, right, is_ranked, difference)
