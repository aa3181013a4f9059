"""A run's numbers as the command line prints them: as values for JSON, and as lines for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from vae_core.analysis.diagnosis.epochs import EpochScore, epoch_scores
from vae_core.analysis.estimates import Estimate
from vae_core.comparison import score_error
from vae_core.config import RunConfig
from vae_core.decimals import adding_up, fixed
from vae_core.io import finite
from vae_core.likelihoods.bits import score_in_bits, unit_note, why_negative
from vae_core.runs.records import Metrics
from vae_core.runs.run import Run
from vae_core.runs.training import BEST
from vae_core.settings import bound_in_words
from vae_core.trainer import EpochTerms

BETA = "effective_beta"  # what the loss weighs the rate by
BITS = "test_bits_per_dimension"
ACCURACY = "accuracy"  # in the names of shares
PARTS = ("test_distortion", "test_rate")  # which add up to the negative ELBO
NO_RATE = "no finite rate"
NO_BITS = "none: the likelihood is not normalised on these pixels"
CHANNELS = (
    "Channels of the feature map, over test images and cells: mean; std of draws of q(z), mu_std "
    "of the posterior means; scale = 1 / std."
)


def numbers(run: Run, metrics: Metrics | None = None, error: float | None = None) -> dict[str, Any]:
    """A run's final metrics, or others of its model, with the negative ELBO in bits beside nats.

    The score is followed by its standard error over the test images: the negative ELBO, or the
    distortion of a point mass. Null stands for bits per dimension where they are none, and the
    error is left out where it is not known.

    Parameters
    ----------
    run : Run
    metrics, error : optional
        Those of another evaluation.
    """
    found = metrics or run.metrics()
    error = score_error(run) if error is None else error
    score = "test_negative_elbo" if found.has_rate else "test_distortion"
    bits = score_in_bits(found.negative_elbo, run.config, run.data().image_shape)
    values: dict[str, Any] = {}
    for name, value in found.to_dict().items():
        values[name] = value
        if name == score and math.isfinite(error):
            values[f"{name}_error"] = error
        if name == "test_negative_elbo":
            values[BITS] = bits
    return values


def lines(values: dict[str, Any]) -> str:
    """A value a line, each after its name; distortion and rate add up to the negative ELBO."""
    width, said = max(map(len, values)), []
    has_rate = values.get("test_rate") is not None
    if has_rate:
        parts = adding_up([values[name] for name in PARTS])
        values = values | dict(zip(PARTS, parts, strict=True))
    for name, value in values.items():
        missing = NO_BITS if name == BITS and has_rate else NO_RATE
        said.append(f"{name:>{width}}  {missing if value is None else _text(name, value)}")
    return "\n".join(said)


def _text(name: str, value: Any) -> str:
    """A value with the digits that it is worth."""
    if not isinstance(value, float):
        return str(value)
    is_fine = name == BITS or ACCURACY in name
    return f"{value:.4g}" if name == BETA else fixed(value, 4 if is_fine else 2)


def notes(run: Run, metrics: Metrics | None = None) -> list[str]:
    """Sentences on what was trained, where that is another bound, and on a density's units."""
    found = metrics or run.metrics()
    bits = score_in_bits(found.negative_elbo, run.config, run.data().image_shape)
    bound = bound_in_words(run.config.train)
    said = [
        few_labels(run.config),
        f"Trained on {bound}; these numbers are those of the ELBO." if bound else "",
        why_negative(found.distortion, found.negative_elbo),
        "" if bits is None else unit_note(run.config),
    ]
    return [sentence for sentence in said if sentence]


def few_labels(config: RunConfig) -> str:
    """That a conditional model was given few labels, and is scored with all; "" of others."""
    if not config.model.is_semi_supervised:
        return ""
    return (
        f"Trained with {config.model.labelled} labels and a classifier q(y|x) for the rest; these "
        "numbers are of test images that are given their label, and bound -log p(x|y)."
    )


def channel_lines(table: pd.DataFrame) -> str:
    """`channel_statistics` as lines, below what they are of."""
    return f"{CHANNELS}\n{table.to_string(index=False, float_format=lambda x: fixed(x, 4))}"


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table as JSON has it."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def training(run: Run, history: Sequence[EpochTerms]) -> dict[str, Any]:
    """Train against test after the last epoch, and the epoch to choose; nothing without history.

    Of a point mass the scores are distortions. Null stands for an error that is not known.
    """
    found = run.overfitting() if history else None
    if found is None:
        return {}
    last, chosen = epoch_scores(history)[-1], epoch_scores(history[: found.epoch])[-1]
    return {
        "last_epoch": _score(last),
        "chosen_epoch": _score(chosen)
        | {"chosen_on": found.split, "caution": found.caution, "loss": found.loss}
        | {"lowest_loss": found.lowest, "last_loss": found.last, "last_train_loss": found.train}
        | {"overfitted": found.is_clear, "kept": run.best_weights() is not None},
    }


def _score(score: EpochScore) -> dict[str, Any]:
    values: dict[str, Any] = {"epoch": score.epoch}
    parts = {"train": score.train, "test": score.test, "validation": score.validation}
    for name, part in parts.items():
        if part is not None:
            values[f"{name}_score"] = part.value
            values[f"{name}_score_error"] = part.standard_error
    gap = score.gap
    return finite(values | {"gap": gap.value, "gap_error": gap.standard_error})


def training_lines(run: Run, history: Sequence[EpochTerms]) -> list[str]:
    """The same for people: the last epoch's numbers, overfitting, and the epoch to choose."""
    found = run.overfitting() if history else None
    if found is None:
        return []
    last = epoch_scores(history)[-1]
    score = "negative ELBO" if found.has_rate else "distortion"
    parts = [f"train {_estimate(last.train)}", f"test {_estimate(last.test)}"]
    if last.validation is not None:
        parts.append(f"validation {_estimate(last.validation)}")
    said = [
        f"Epoch {last.epoch}, {score} in nats per image: {', '.join(parts)}; test less train "
        f"{_estimate(last.gap)}. Measured after the epoch, one draw each.",
        f"{'Overfitting' if found.is_clear else 'No clear overfitting'}: {found}",
    ]
    kept = ""
    if found.epoch != found.last_epoch:
        is_kept = run.best_weights() is not None
        kept = f" Its weights are {f'kept: {BEST}' if is_kept else 'not kept'}."
    return [*said, f"Epoch {found.epoch} is {found.caution}.{kept}"]


def _estimate(found: Estimate) -> str:
    """Two decimals, and the standard error where it is known."""
    text = f"{found.value:.2f}"
    value = "0.00" if text == "-0.00" else text
    error = found.standard_error
    return value if math.isnan(error) else f"{value} ± {error:.2f}"
