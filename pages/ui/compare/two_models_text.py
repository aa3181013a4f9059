"""Words of the Two models page: the table of both runs, and what cannot be ranked or known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from pages.ui.drawing import numbers
from vae_core import Run
from vae_core.analysis.estimates import ERRORS, Estimate
from vae_core.comparison import (
    ModelFacts,
    Obstacle,
    PairScore,
    Side,
    Yardstick,
    compare,
    obstacle,
    same_images,
)
from vae_core.config import shape_in_words
from vae_core.data.sources import SOURCES
from vae_core.decimals import adding_up

NO_RATE = "no finite rate"
NOT_COMPARABLE = "not comparable"
UNIT = "nats per image"
NAMES = {
    "negative_elbo": "negative ELBO",
    "distortion": "reconstruction term (distortion)",
    "rate": "KL term (rate)",
}
EQUAL = f"equal within {ERRORS:g} standard errors"
SEEDS = (
    "The noise of training is not in these errors: another seed gives other weights. Train a sweep "
    "with several seeds to see that spread."
)


def with_error(estimate: Estimate, signed: bool = False) -> str:
    """A number ± its standard error, where that is known."""
    if not math.isfinite(estimate.value):
        return NO_RATE
    return f"{numbers.fixed(estimate.value, signed=signed)}{numbers.error(estimate)}"


def difference(score: PairScore, printed: Estimate | None = None) -> str:
    """The difference of two runs in a term, right − left, or why there is none.

    `printed` is what stands for it, rounded; whether it is zero is asked of the exact one.
    """
    if not score.is_ranked:
        return NOT_COMPARABLE
    if score.difference is None:
        return NO_RATE
    said = with_error(printed or score.difference, signed=True)
    return f"{said}, {EQUAL}" if score.difference.is_zero else said


def compare_table(a: Side, b: Side) -> pd.DataFrame:
    """Test scores and settings of both, as text.

    Returns
    -------
    DataFrame
        Columns quantity, left, right, and difference: right - left in nats per image with its
        standard error, or why there is none.
    """
    scores = compare(a, b)
    rows = [
        (
            f"{NAMES[score.term]}, {UNIT}",
            with_error(printed.left),
            with_error(printed.right),
            difference(score, printed.difference),
        )
        for score, printed in zip(scores, in_print(scores), strict=True)
    ]
    left, right = (facts(ModelFacts.of(side)) for side in (a, b))
    rows += [(quantity, left[quantity], right[quantity], "") for quantity in left]
    return pd.DataFrame(rows, columns=["quantity", "left", "right", "difference"])


def facts(model: ModelFacts) -> dict[str, str]:
    """What a model is, each by the name of the quantity."""
    return {
        "active units": f"{model.n_active} of {model.n_dimensions}",
        "parameters": f"{model.n_parameters:,}",
        "latent": _latent(model.latent_shape),
        "posterior": model.posterior,
        "likelihood": model.likelihood,
        "β in training": _beta(model),
        "epochs": str(model.epochs),
        "data set": model.dataset,
        "pixels": model.pixels,
        "training images": f"{model.n_train:,}",
        "test images": f"{model.n_test:,}",
        "samples of z each": str(model.n_samples),
    }


def in_print(scores: Sequence[PairScore]) -> list[PairScore]:
    """The scores to two decimals, so that distortion and rate add up to the negative ELBO.

    Column by column, where all three are known: that of the differences, too.
    """
    whole, *parts = sorted(scores, key=lambda score: score.term != "negative_elbo")
    new = {score.term: score for score in scores}
    for column in ("left", "right", "difference"):
        found = [getattr(score, column) for score in (whole, *parts)]
        if None in found:
            continue
        values = adding_up([estimate.value for estimate in found[1:]])
        for score, estimate, value in zip(parts, found[1:], values, strict=True):
            changed = replace(estimate, value=value)
            new[score.term] = replace(new[score.term], **{column: changed})
    return list(new.values())


def _latent(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"{shape[0]} dimensions" if shape[0] > 1 else "1 dimension"
    return f"{shape_in_words(shape)} feature map"


def _beta(model: ModelFacts) -> str:
    if model.beta is None:
        return f"none: {NO_RATE}"
    how = "" if model.reduction == "sum/sum" else f" ({model.reduction})"
    return f"{model.beta:.3g}{how}"


def why_not(a: Run, b: Run) -> str | None:
    """Why two runs' distortions cannot be ranked, in one sentence; None when they can."""
    kind = obstacle(a, b)
    if kind is None:
        return None
    if kind is Obstacle.MISTAKE:
        return "A model that was trained with a mistake on purpose is not ranked."
    if kind is Obstacle.MEASURE:
        one, other = (Yardstick.of(run).measure for run in (a, b))
        return (
            f"Distortions and negative ELBOs do not compare: one is a {one}, the other a {other}; "
            "rates do."
        )
    one, other = images_title(a), images_title(b)
    if one == other:
        one, other = (f"{images_title(r)} (fingerprint {r.data().fingerprint})" for r in (a, b))
    return f"Nats do not compare between different images: {one}, and {other}."


def images_title(run: Run) -> str:
    """Which test images a run was scored on."""
    data = run.config.data
    name = SOURCES[data.name].title if data.name in SOURCES else data.name
    some = f", classes {', '.join(map(str, data.classes))}" if data.classes else ""
    return f"{run.data().n_test:,} test images of {name}{some}, {run.pixels} pixels"


def errors_note(sides: tuple[Side, Side], names: tuple[str, str]) -> str:
    """What the errors beside the scores are, or why there are none."""
    missing = [name for side, name in zip(sides, names, strict=True) if side.terms is None]
    if missing:
        were = "was" if len(missing) == 1 else "were"
        return (
            f"The error of a difference is not known: {' and '.join(missing)} {were} trained "
            "before runs kept the terms of their test images, which are not on this machine to "
            "compute them anew."
        )
    said = "± is one standard error over the test images and the samples of z."
    if same_images(*(side.run for side in sides)):
        said += " That of a difference is taken image by image: what is hard for both cancels."
    return f"{said} {SEEDS}"
