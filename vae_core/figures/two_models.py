"""Two runs in one figure, or in two to the same scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.text import MAX_NAME, inert
from vae_core.figures.theme import RATE, drawn

SECOND = "#f3a25f"  # the rate of the second run: a lighter shade of the first's
MAX_BARS = 40


def same_scale(left: go.Figure, right: go.Figure, *, is_line: bool = False) -> None:
    """Give two planes one range: the smallest square that holds both of theirs.

    Of two lines that across alone.
    """
    figures = (left, right)
    for axis in ("xaxis",) if is_line else ("xaxis", "yaxis"):
        ranges = np.array([figure.layout[axis].range for figure in figures], float)
        for figure in figures:
            figure.layout[axis].range = [ranges[:, 0].min(), ranges[:, 1].max()]


def kl_pair(
    left: pd.DataFrame, right: pd.DataFrame, names: tuple[str, str], height: int = 420
) -> go.Figure:
    """KL of the latent dimensions of two runs, each run's most informative first, side by side.

    Parameters
    ----------
    left, right : DataFrame
        Columns name, kl; see `analysis.rate_table`. An infinite KL is not drawn. At most
        MAX_BARS of each.
    names : of both runs
    """
    one, other = (inert(name, MAX_NAME) for name in names)
    traces = []
    for table, title, colour in ((left, one, RATE), (right, other, SECOND)):
        shown = table[np.isfinite(table["kl"])].sort_values("kl", ascending=False)
        shown = shown.head(MAX_BARS)
        bars = {
            "type": "bar",
            "x": np.arange(1, len(shown) + 1),
            "y": shown["kl"],
            "customdata": shown["name"],
            "marker": {"color": colour},
            "name": title if len(shown) else f"{title}: no finite rate",
            "hovertemplate": "%{fullData.name}, %{customdata}: %{y:.3f} nats per image"
            "<extra></extra>",
            "showlegend": True,
        }
        traces.append(bars)
    longest = min(MAX_BARS, max(len(left), len(right)))
    return drawn(
        traces, height, "rank of the latent dimension in its run", "KL, nats per image",
        across={"range": [0.4, longest + 0.6]} | ({"dtick": 1} if longest <= 20 else {}),
        up={"rangemode": "tozero", "autorangeoptions": {"include": [0.0, 0.1]}},
        barmode="group", bargap=0.25 if longest > 4 else 0.6,
    )  # fmt: skip
