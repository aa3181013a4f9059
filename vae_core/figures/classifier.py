"""Accuracy of a classifier on each class, with the unlabelled images and without."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.text import inert
from vae_core.figures.theme import INACTIVE, NEGATIVE_ELBO, PRIOR, drawn

OWN, ALONE = "q(y|x), trained with all images", "the same network, labelled images alone"


def accuracy_bars(table: pd.DataFrame, names: Sequence[str], height: int = 400) -> go.Figure:
    """Two bars for each class, with one standard error each.

    Parameters
    ----------
    table : DataFrame
        Columns label, accuracy, accuracy_error, alone, alone_error; see
        `analysis.ClassifierScore`.
    names : of all classes
    """
    classes = [inert(names[label]) for label in table["label"]]
    bars = [
        {
            "type": "bar",
            "x": classes,
            "y": 100.0 * table[column],
            "error_y": {
                "array": 100.0 * table[f"{column}_error"], "thickness": 1.5, "color": PRIOR,
            },
            "marker": {"color": colour},
            "name": title,
            "hovertemplate": "class %{x}: %{y:.1f}%<extra></extra>",
        }
        for column, colour, title in (
            ("accuracy", NEGATIVE_ELBO, OWN),
            ("alone", INACTIVE, ALONE),
        )
    ]  # fmt: skip
    return drawn(
        bars, height, "class of the test image", "named rightly, % of the images",
        across={"type": "category"}, up={"range": [0, 100]}, barmode="group",
    )  # fmt: skip
