"""Posterior collapse along a sweep: KL of every dimension beside the law, and where it ends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import PRIOR, RATE, axes, drawn, named, panels

MAX_RANKS = 8
N_CURVE = 60  # places of a curve
AIR = 1.25  # times the outermost levels


def collapse_curves(
    law: pd.DataFrame,
    points: pd.DataFrame,
    unit: str,
    chosen: float | None = None,
    height: int = 560,
) -> go.Figure:
    """Above, KL over the level; below, the points of collapse, on the same axis.

    Parameters
    ----------
    law : DataFrame
        Columns rank, level, eigenvalue, kl, standard_error; see `collapse_law`, of several runs.
    points : DataFrame
        Columns rank, predicted, last, first; nan where a run is missing.
    unit : str
        Of the level, the axis' title.
    chosen : float, optional
        The level of a run to be marked.
    """
    law, points = (table[table["rank"] <= MAX_RANKS] for table in (law, points))
    reached = np.concatenate([law["level"], points["predicted"][points["predicted"] > 0]])
    low, high = float(reached.min()) / AIR, float(reached.max()) * AIR
    curves = _law_curves(points, low)
    top = max(float(law["kl"].max()), *(float(curve["y"].max()) for curve in curves), 0.1)
    measured = {
        **{"type": "scatter", "mode": "markers", "name": "measured", **axes(1)},
        **{"x": law["level"], "y": law["kl"], "customdata": law["rank"]},
        "marker": {"color": RATE, "size": 9},
        "error_y": {"type": "data", "array": law["standard_error"], "thickness": 1.5},
        "hovertemplate": "dimension %{customdata} at %{x:.3g}: %{y:.3f} nats<extra></extra>",
    }
    traces = [*curves, measured]
    if law["level"].nunique() > 1:
        traces.append(_between(points, low, high))
    traces.append(_ends(points))
    if chosen is not None:
        traces.append(
            {
                **{"type": "scatter", "mode": "lines", "name": "the chosen model", **axes(1)},
                **{"x": [chosen, chosen], "y": [0.0, top], "hoverinfo": "skip"},
                "line": {"color": RATE, "width": 2, "dash": "dash"},
            }
        )
    ticks = _ticks(low, high)
    across = {
        **{"type": "log", "range": [math.log10(low), math.log10(high)]},
        **{"tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks]},
    }
    return drawn(
        traces, height, across=across,
        on=panels(2, 1, shared_xaxes=True, vertical_spacing=0.06, row_heights=(0.68, 0.32)),
        **named("y", 1, title={"text": "KL, nats per image"}, range=[-0.03 * top, 1.05 * top]),
        **named("y", 2, title={"text": "dimension"}, autorange="reversed", dtick=1),
        **named("x", 2, title={"text": unit}),
    )  # fmt: skip


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten in a range; fewer where it is long."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1.0, 2.0, 5.0) if len(decades) <= 4 else (1.0,)
    every = (step * 10.0**decade for decade in decades for step in steps)
    return [float(f"{tick:.3g}") for tick in every if low <= tick <= high]


def _law_curves(points: pd.DataFrame, low: float) -> list[dict[str, Any]]:
    """0.5 ln(eigenvalue / level), from the left end to where it is 0."""
    curves: list[dict[str, Any]] = []
    for rank, end in zip(points["rank"], points["predicted"], strict=True):
        if end <= low:
            continue
        level = np.geomspace(low, end, N_CURVE)
        curves.append(
            {
                **{"type": "scatter", "mode": "lines", "x": level, "y": 0.5 * np.log(end / level)},
                **{"line": {"color": PRIOR, "width": 2}, "name": "law", "legendgroup": "law"},
                **{"showlegend": not curves, **axes(1)},
                "hovertemplate": f"law, dimension {rank}: %{{y:.3f}} nats<extra></extra>",
            }
        )
    return curves


def _between(points: pd.DataFrame, low: float, high: float) -> dict[str, Any]:
    """Between which levels each dimension collapses."""
    x: list[float] = []
    y: list[float] = []
    for _, row in points.iterrows():
        last, first = row["last"], row["first"]
        x += [low if math.isnan(last) else last, high if math.isnan(first) else first, math.nan]
        y += [row["rank"], row["rank"], math.nan]
    return {
        **{"type": "scatter", "mode": "lines", "x": x, "y": y, **axes(2)},
        **{"line": {"color": RATE, "width": 9}, "opacity": 0.75, "hoverinfo": "skip"},
        "name": "measured: collapses between",
    }


def _ends(points: pd.DataFrame) -> dict[str, Any]:
    """Where each dimension collapses by the law."""
    shown = points[points["predicted"] > 0]
    return {
        **{"type": "scatter", "mode": "markers", "x": shown["predicted"], "y": shown["rank"]},
        "marker": {"symbol": "diamond", "size": 11, "color": PRIOR,
                   "line": {"width": 1.5, "color": "#ffffff"}},
        **{"name": "law: collapses at", **axes(2)},
        "hovertemplate": "dimension %{y} collapses at %{x:.3g}<extra></extra>",
    }  # fmt: skip
