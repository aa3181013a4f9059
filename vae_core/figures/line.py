"""Posteriors of one latent dimension against the prior: on a line, a row for each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.posteriors import Ellipse
from vae_core.figures.text import inert
from vae_core.figures.theme import PRIOR, class_colour, drawn

WITHIN = {1: "68%", 2: "95%", 3: "99.7%"}  # of a Gaussian on a line, by sigma
GOLDEN = 0.618034
HEIGHT = 0.62  # of a row that its points take


def posterior_line(
    points: pd.DataFrame,
    intervals: Sequence[Ellipse],
    title: str,
    height: int = 620,
    prior: pd.DataFrame | None = None,
    images: Sequence[Ellipse] = (),
) -> go.Figure:
    """One latent dimension across, a row for each class; up within a row means nothing.

    Parameters
    ----------
    points : DataFrame
        Columns x, label, name, index (of the image in its split).
    intervals : sequence of Ellipse
        Moments of q(z|y), of which the first dimension counts: bars of 1 and 2 sigma.
    title : str
        Name of the dimension.
    prior : DataFrame, optional
        Column x: draws from the prior, in a row of their own. Without them the prior is N(0, 1),
        marked at 0, 1, 2 and 3 sigma.
    images : sequence of Ellipse
        One posterior each, a thin bar of 1 sigma.
    """
    names = dict(zip(points["label"], points["name"], strict=True))
    names |= {one.label: one.name for one in (*images, *intervals)}
    rows = {label: row for row, label in enumerate(sorted(names))}
    traces: list[dict[str, Any]] = []
    for _, group in points.groupby("label"):
        traces.append(_dots(group, rows[group["label"].iloc[0]]))
    for k, one in enumerate(images):
        traces.append(_bar(one, rows[one.label] + _spread(np.array([k]))[0], 1, 1.5))
    for one in intervals:
        row = rows[one.label]
        traces += [_bar(one, row, 2, 3), _bar(one, row, 1, 7), _middle(one, row)]
    ticks = {row: f"<b>{inert(names[label])}</b>" for label, row in rows.items()}
    shapes, notes = [], []
    if prior is None:
        marks = [sign * k for k in (1, 2, 3) for sign in (-1, 1)]
        shapes = [_mark(at) for at in (0, *marks)]
        notes = [_mark_name(k) for k in WITHIN]
    else:
        ticks[len(rows)] = "prior"
        traces.append(_prior_row(prior, len(rows)))
    shown = [*points["x"], *(x for one in (*images, *intervals) for x in _ends(one, 2))]
    shown += [-3.4, 3.4] if prior is None else [*prior["x"]]
    air = 0.02 * (max(shown) - min(shown))
    return drawn(
        traces, height, title, "class",
        across={"range": [min(shown) - air, max(shown) + air], "zeroline": False},
        up={
            "range": [len(ticks) - 0.4, -0.6], "tickvals": [*ticks], "ticktext": [*ticks.values()],
            "showgrid": False, "zeroline": False,
        },
        shapes=shapes, annotations=notes, margin={"t": 48},
    )  # fmt: skip


def _spread(index: NDArray[np.int64]) -> NDArray[np.float64]:
    """Where in its row each of many stands, evenly whatever their order."""
    return np.asarray(HEIGHT * ((index * GOLDEN) % 1.0 - 0.5), np.float64)


def _ends(one: Ellipse, n_sigma: int) -> tuple[float, float]:
    half = n_sigma * float(np.sqrt(max(one.covariance[0, 0], 0.0)))
    return float(one.mean[0]) - half, float(one.mean[0]) + half


def _dots(group: pd.DataFrame, row: int) -> dict[str, Any]:
    return {
        **{"type": "scattergl", "x": group["x"], "mode": "markers", "showlegend": False},
        "y": row + _spread(group["index"].to_numpy()),
        "customdata": group["index"],
        "name": inert(group["name"].iloc[0]),
        "marker": {"size": 5, "opacity": 0.5, "color": class_colour(group["label"].iloc[0])},
        "hovertemplate": "%{fullData.name}, test image %{customdata}<br>%{x:.2f}<extra></extra>",
    }


def _bar(one: Ellipse, row: float, n_sigma: int, width: float) -> dict[str, Any]:
    return {
        **{"type": "scatter", "x": _ends(one, n_sigma), "y": [row, row], "mode": "lines"},
        "line": {"color": class_colour(one.label), "width": width},
        "name": inert(one.name),
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _middle(one: Ellipse, row: int) -> dict[str, Any]:
    return {
        **{"type": "scatter", "x": [one.mean[0]], "y": [row], "mode": "markers"},
        "marker": {
            **{"size": 12, "symbol": "diamond", "color": class_colour(one.label)},
            "line": {"color": "white", "width": 2},
        },
        "name": inert(one.name),
        "hovertemplate": "mean of q(z|y), %{fullData.name}: %{x:.2f}<extra></extra>",
        "showlegend": False,
    }


def _prior_row(prior: pd.DataFrame, row: int) -> dict[str, Any]:
    return {
        **{"type": "scattergl", "x": prior["x"], "mode": "markers", "name": "prior"},
        "y": row + _spread(np.arange(len(prior))),
        "marker": {"size": 4, "color": PRIOR, "opacity": 0.55},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _mark(at: float) -> dict[str, Any]:
    """A line across all rows where the prior N(0, 1) is so many sigma away."""
    dash = "solid" if at == 0 else "dot"
    return {
        **{"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper"},
        **{"layer": "below", "line": {"color": PRIOR, "width": 2, "dash": dash}},
    }


def _mark_name(n_sigma: int) -> dict[str, Any]:
    return {
        **{"x": n_sigma, "y": 1.0, "yref": "paper", "yanchor": "bottom", "showarrow": False},
        "text": f"prior ±{n_sigma}σ<br>{WITHIN[n_sigma]}",
        "font": {"size": 13, "color": PRIOR},
    }
