"""Classes of the codes that are nearest to draws of the prior."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.text import inert
from vae_core.figures.theme import PRIOR, class_colour, drawn


def prior_class_bars(table: pd.DataFrame, names: Sequence[str], height: int = 320) -> go.Figure:
    """A bar for each class, with its binomial error; a line where its share of the images is.

    Parameters
    ----------
    table : DataFrame
        Columns label, hits, low, high, expected; see `analysis.prior_classes`.
    names : of all classes
    """
    classes = [inert(names[label]) for label in table["label"]]
    bars = {
        "type": "bar",
        "x": classes,
        "y": table["hits"],
        "marker": {"color": [class_colour(label) for label in table["label"]]},
        "error_y": {
            "array": table["high"] - table["hits"],
            "arrayminus": table["hits"] - table["low"],
            "thickness": 1.5,
            "color": PRIOR,
        },
        "customdata": table[["low", "high"]].to_numpy(),
        "name": "samples from the prior, ± one standard error",
        "hovertemplate": "class %{x}: %{y} samples, %{customdata[0]:.1f} to %{customdata[1]:.1f}"
        "<extra></extra>",
    }
    share = {
        "type": "scatter",
        "x": classes,
        "y": table["expected"],
        "mode": "markers",
        "marker": {"symbol": "line-ew", "size": 26, "line": {"width": 3, "color": PRIOR}},
        "name": "as many as among the test images",
        "hovertemplate": "class %{x}: %{y:.1f} of as many test images<extra></extra>",
    }
    return drawn(
        [bars, share], height, "class of the nearest code", "samples",
        across={"type": "category"}, up={"rangemode": "tozero"},
    )  # fmt: skip
