"""Evidence on posterior collapse and on the use of latent dimensions, in words."""

from __future__ import annotations

import pandas as pd

from pages.ui.drawing import numbers
from vae_core.analysis import Collapse
from vae_core.analysis.diagnosis.collapse import COLLAPSED, GREY_LEVEL, NO_KL, NO_RATE
from vae_core.analysis.rate.rates import ACTIVE_VARIANCE


def kl_evidence(found: Collapse) -> str:
    """The mean KL and its standard error over images, against the threshold of collapse."""
    if found.verdict == NO_RATE:
        return (
            "An auto-encoder's posterior is a point, whose KL to any density is infinite: there "
            "is no rate, and so no collapse to tell."
        )
    if found.verdict == COLLAPSED:
        return (
            f"The mean KL, {_few(found.mean_kl.value)} nats per image, is below {NO_KL}: the "
            "posterior is the prior whatever the image, and reconstructions differ from their mean "
            f"picture by {_few(found.spread.value)} (RMS per pixel)."
        )
    return (
        f"The mean KL is {numbers.estimate(found.mean_kl)} nats per image (collapsed: below "
        f"{NO_KL}): the posterior depends on the image."
    )


def use_evidence(found: Collapse) -> str:
    """What the encoder and the decoder do with each dimension: one or two sentences of numbers."""
    table = found.table
    used, unused = table[~table["unused"]], table[table["unused"]]
    if unused.empty:
        return (
            f"In every dimension Var μ is at least {_least(used['mean_variance'])} of the prior's "
            f"(active: above {ACTIVE_VARIANCE}), and set to either end it changes the picture by "
            f"at least {_least(used['picture_change'])} (RMS per pixel)."
        )
    n, ignored = len(unused), int(unused["active"].sum())
    still = f"hardly move with the image (Var μ at most {ACTIVE_VARIANCE} of the prior's)"
    why = f"{n - ignored} {still}, {ignored} move but the decoded picture does not"
    if ignored in (0, n):
        why = f"all {still}" if ignored == 0 else "all move, but the decoded picture does not"
    said = f"Of the {n} unused, {why}"
    if found.verdict != NO_RATE:
        said += (
            f". Together they cost {_few(unused['kl'].sum())} of {_few(found.mean_kl.value)} nats "
            "per image"
        )
    if unused["picture_change"].isna().all():  # they were not among the most informative
        return f"{said}."
    return (
        f"{said}; set to either end, none changes the picture by more than "
        f"{_few(unused['picture_change'].max())} (RMS per pixel; one grey level is "
        f"{_few(GREY_LEVEL)})."
    )


def _least(values: pd.Series[float]) -> str:
    known = values.dropna()
    return f"{known.min():.2g}" if len(known) else "nothing"


def _few(value: float) -> str:
    """Two digits, or two decimals, and no power of ten."""
    if value >= 1.0:
        return f"{value:.2f}"
    return f"{value:.2g}" if value >= 1e-4 else "less than 0.0001"
