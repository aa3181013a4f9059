"""KL page: the KL of every latent dimension after each epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd


def kl_history(
    history: Sequence[dict[str, Any]], order: list[int], names: Sequence[str], rest: str | None
) -> pd.DataFrame:
    """KL of every latent dimension after each epoch, the most informative column first.

    `rest` names a last column for what these leave of the rate, when there is such a part.
    """
    epochs = [record["epoch"] for record in history]
    kl = pd.DataFrame([r["test_rate_per_dim"] for r in history], index=epochs, columns=list(names))
    kl = kl.iloc[:, order]
    return kl if rest is None else kl.assign(**{rest: _rates(history) - kl.sum(axis=1)})


def _rates(history: Sequence[dict[str, Any]]) -> pd.Series[float]:
    return pd.Series({record["epoch"]: record["test_rate"] for record in history})
