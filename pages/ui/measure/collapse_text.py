"""The verdict on posterior collapse and its evidence, in words."""

from __future__ import annotations

import pandas as pd

from pages.ui.drawing.numbers import fixed
from vae_core.analysis import Collapse
from vae_core.analysis.collapse import COLLAPSED, HEALTHY, NO_KL, NO_RATE, PARTLY
from vae_core.analysis.rates import ACTIVE_VARIANCE


def verdict(found: Collapse) -> str:
    """The verdict in a few words."""
    words = {
        HEALTHY: "Healthy use of the latent dimensions",
        PARTLY: f"Partly collapsed: {found.n_unused} of {len(found.table)} dimensions unused",
        COLLAPSED: "Collapsed",
        NO_RATE: "No finite rate: an auto-encoder",
    }
    return words[found.verdict]


def evidence(found: Collapse) -> str:
    """The evidence for the verdict: one sentence of numbers."""
    verdict, table, mean_kl, spread = found.verdict, found.table, found.mean_kl, found.spread
    if verdict == COLLAPSED:
        return (
            f"The mean KL, {_few(mean_kl)} nats per image, is below {NO_KL}: the posterior is "
            "the prior whatever the image, and reconstructions differ from their mean picture "
            f"by {_few(spread)} (RMS per pixel)."
        )
    used, unused = table[~table["unused"]], table[table["unused"]]
    moves = (
        f"Var μ is at least {_least(used['mean_variance'])} of the prior's (more than "
        f"{ACTIVE_VARIANCE} counts as active), and set to either end a dimension changes the "
        f"picture by at least {_least(used['picture_change'])} (RMS per pixel)"
    )
    if verdict == NO_RATE:
        return (
            f"A point's KL to any density is infinite. Of the {len(used)} dimensions used, {moves}."
        )
    if verdict == HEALTHY:
        return f"The mean KL is {fixed(mean_kl)} nats per image; for every dimension {moves}."
    n, ignored = len(unused), int(unused["active"].sum())
    still = f"hardly move with the image (Var μ at most {ACTIVE_VARIANCE} of the prior's)"
    why = f"{n - ignored} {still}, {ignored} move but the decoder does not answer"
    if ignored in (0, n):
        why = f"all {still}" if ignored == 0 else "all move, but the decoder does not answer"
    evidence = (
        f"Of the {n} unused, {why}. Together they cost {_few(unused['kl'].sum())} of "
        f"{fixed(mean_kl)} nats per image"
    )
    if unused["picture_change"].isna().all():  # they were not among the most informative
        return f"{evidence}."
    return (
        f"{evidence}; set to either end, none changes the picture by more than "
        f"{_few(unused['picture_change'].max())} (RMS per pixel)."
    )


def _least(values: pd.Series[float]) -> str:
    return f"{values.min():.2g}" if len(values) else "nothing"


def _few(value: float) -> str:
    """Two digits, and no power of ten."""
    return f"{value:.2g}" if value >= 1e-4 else "less than 0.0001"
