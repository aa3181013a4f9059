"""A codebook: how often each entry is used, and what naming entries costs under several priors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from vae_core.figures.text import inert
from vae_core.figures.theme import INACTIVE, PRIOR, RATE, drawn


def entry_bars(shares: ArrayLike, height: int = 340) -> go.Figure:
    """A bar for each entry, the most used first; a line where each would be as frequent.

    Parameters
    ----------
    shares : array (K,)
        Of all cells of all images, which add up to 1.
    """
    each = 100.0 * np.asarray(shares)
    order = np.argsort(-each, kind="stable")
    colours = [RATE if each[k] > 0.0 else INACTIVE for k in order]
    bars = {
        "type": "bar",
        "x": np.arange(len(each)) + 1,
        "y": each[order],
        "marker": {"color": colours},
        "customdata": order,
        "name": "share of the cells",
        "hovertemplate": "entry %{customdata}: %{y:.2f}% of all cells<extra></extra>",
    }
    line = {
        "type": "scatter",
        "x": [0.5, len(each) + 0.5],
        "y": [100.0 / len(each)] * 2,
        "mode": "lines",
        "line": {"color": PRIOR, "width": 3, "dash": "dot"},
        "name": "uniform: 1 of K",
        "hoverinfo": "skip",
    }
    return drawn(
        [bars, line], height, "entry, the most used first", "share of all cells, %",
        across={"range": [0.4, len(each) + 0.6]}, up={"rangemode": "tozero"}, bargap=0.1,
    )  # fmt: skip


def code_rate_bars(rates: Mapping[str, tuple[float, float]], height: int = 260) -> go.Figure:
    """The mean rate under each prior of the code, with its standard error.

    Parameters
    ----------
    rates : prior -> mean and its standard error, nats per image, in the order of the bars
    """
    names = [inert(name) for name in rates]
    values, errors = zip(*rates.values(), strict=True)
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": names,
        "x": values,
        "marker": {"color": RATE},
        "error_x": {"array": errors, "color": PRIOR},
        "text": [f"{value:.1f}" for value in values],
        "insidetextanchor": "start",
        "hovertemplate": "%{y}: %{x:.2f} nats per image<extra></extra>",
    }
    return drawn(
        [bars], height, "rate, nats per image", "",
        across={"rangemode": "tozero"},
        up={"type": "category", "autorange": "reversed"}, showlegend=False,
    )  # fmt: skip
