"""Digits that were trained with a mistake on purpose: models that ship for lessons alone."""

from __future__ import annotations

from functools import lru_cache

from vae_core.analysis.diagnosis.reported_loss import drawn_loss, reported_loss
from vae_core.analysis.estimates import Estimate, mean_estimate
from vae_core.assets import ASSETS
from vae_core.config import MISTAKES
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import codes_of, dataset_of, terms_of, vae_of
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore

FOLDER = ASSETS / "mistakes"


@lru_cache(len(MISTAKES))
def _trained(mistake: float | str) -> Run:
    """The model that was trained with a mistake. Raises LessonError for one that is not known."""
    if mistake not in MISTAKES:
        raise LessonError(f"expected a mistake of {', '.join(MISTAKES)}; got {mistake}.")
    return RunStore(FOLDER).load(str(mistake))


@quantity("nats per image")
def mistake_reported(run: Run, mistake: str) -> Estimate:
    """What code with a mistake reports as the negative ELBO of the digits that it was trained on.

    On the test images, one draw of z each; "none" is the right code. See `mistaken_terms`.
    """
    del run  # the digits, whatever model the lesson has
    trained = _trained(mistake)
    return reported_loss(vae_of(trained), dataset_of(trained).test, mistake)


@quantity("nats per image")
def mistake_drawn(run: Run, mistake: str) -> Estimate:
    """Negative ELBO of the z that this code really draws, on the same images; see `drawn_loss`."""
    del run
    trained = _trained(mistake)
    return drawn_loss(vae_of(trained), dataset_of(trained).test, mistake)


@quantity("nats per image")
def mistake_right(run: Run, mistake: str) -> Estimate:
    """Negative ELBO of the same model by the right code, with the sigma that its encoder gives."""
    del run
    return mean_estimate(terms_of(_trained(mistake)).negative_elbo)


@quantity("units of z")
def mistake_sigma(run: Run, mistake: str) -> float:
    """Geometric mean of sigma_j of the same model, over the test images and dimensions."""
    del run
    return float((0.5 * codes_of(_trained(mistake)).variance.double().log().mean()).exp())
