"""KL page: its views, its few numbers, and the KL of every latent dimension after each epoch."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pages.ui.drawing.numbers import estimate
from vae_core import Codes
from vae_core.analysis.diagnosis.collapse import NO_KL, is_collapsed
from vae_core.analysis.estimates import mean_estimate
from vae_core.analysis.rate.rates import ACTIVE_VARIANCE
from vae_core.codes import RATE_SAMPLES
from vae_core.trainer import EpochTerms

BARS, STICKS, BY_CLASS, BY_CELL = "Bars", "Stick-breaking", "By class", "By cell"
OVER_EPOCHS = "Over epochs"
ONE_GAUSSIAN = "One Gaussian"  # of no model
STICKS_NOTE = (
    "Each dimension's share of what the ones before it left over: these KLs add up to the rate, "
    "and change with the order."
)

NOTHING = f"**Nothing to draw.** All KLs together are below {NO_KL} nats per image."
ACTIVE_NOTE = (
    f"A dimension is active where the variance of μ over the images is above {ACTIVE_VARIANCE} of "
    "the prior's."
)


def kl_history(
    history: Sequence[EpochTerms], order: list[int], names: Sequence[str], rest: str | None
) -> pd.DataFrame:
    """KL of every latent dimension after each epoch, the most informative column first.

    `rest` names a last column for what these leave of the rate, when there is such a part.
    """
    epochs = [record.epoch for record in history]
    kl = pd.DataFrame([r.test_rate_per_dim for r in history], index=epochs, columns=list(names))
    kl = kl.iloc[:, order]
    return kl if rest is None else kl.assign(**{rest: _rates(history) - kl.sum(axis=1)})


def _rates(history: Sequence[EpochTerms]) -> pd.Series[float]:
    return pd.Series({record.epoch: record.test_rate for record in history})


def numbers(codes: Codes, table: pd.DataFrame) -> dict[str, str]:
    """The metrics beside the chart, by their labels.

    Parameters
    ----------
    codes : Codes
    table : DataFrame
        See `rate_table`.
    """
    each = codes.kl.double().flatten(1)
    shown = {"Rate: mean KL, nats per image": estimate(mean_estimate(codes.rate))}
    if title := codes.rest_title:
        rest = mean_estimate(codes.rate.double() - each.sum(1))
        shown[f"of which {title}, nats"] = estimate(rest)
    shown["Active dimensions"] = f"{table['active'].sum()} of {len(table)}"
    most = each[:, int(each.mean(0).argmax())]
    return shown | {"Largest KL of one dimension, nats": estimate(mean_estimate(most))}


def headline(codes: Codes, table: pd.DataFrame) -> str:
    """What the KL of a dimension means, and what to try, as they are true of the model."""
    if is_collapsed(codes):
        return (
            "## The posterior is the prior for every image: no dimension costs anything, and "
            "none tells anything about the image. **Try this:** see “Over epochs” when that began."
        )
    costs = "Each latent dimension costs its KL from posterior to prior"
    if len(table) == 1:
        costs = "The one latent dimension costs its KL from posterior to prior"
    most = "It carries at most that much information about the image."
    if (idle := int((~table["active"]).sum())) > 0:
        most = f"{most} {idle} of {len(table)} carry almost none."
    if len(codes.labels.unique()) == 1:
        return f"## {costs}. {most}"
    return f"## {costs}. {most} **Try this:** open “By class” to see what each class costs."


def views(codes: Codes) -> list[str]:
    """The views that there are for such codes, the first of them to begin with."""
    found = [BARS, BY_CLASS, OVER_EPOCHS, ONE_GAUSSIAN]
    if len(codes.latent_shape) == 3:
        found.insert(2, BY_CELL)
    if codes.has_sticks:
        found.insert(1, STICKS)
    return found


def conditions(codes: Codes, view: str, pixels: str) -> str:
    """What the bars of a view are of, and what they are not."""
    if view == ONE_GAUSSIAN:
        return one_gaussian(codes)
    note = STICKS_NOTE if view == STICKS else codes.bars_note
    by = ""
    if codes.rate_error > 0.0:
        by = (
            f"The rate is by {RATE_SAMPLES} samples of z for each image: ± "
            f"{codes.rate_error:.2g} of its error is from them. "
        )
    return (
        f"Means over {len(codes):,} test images ({pixels} pixels). {by}{note} {ACTIVE_NOTE} "
        "KL compares the posterior with the prior, not its parameters with each other."
    )


def one_gaussian(codes: Codes) -> str:
    """What the two bells are of, and what the chosen model has instead, where it has others."""
    text = (
        "One latent dimension: a Gaussian q against the prior N(0, 1). Nothing here is of the "
        "chosen model, except d, the number of its latent dimensions. "
        "KL compares q with the prior, not μ with σ."
    )
    family = codes.family
    if family.is_rotation_invariant:
        return text
    return f"{text} This model's posterior is of another family: {family.title}."
