"""Norms of codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import DISTORTION, DOTTED, PRIOR, RATE, drawn


def shell_density(
    norms: pd.DataFrame,
    density: pd.DataFrame,
    interval: tuple[float, float],
    height: int = 440,
    bins: int = 80,
) -> go.Figure:
    """Norms of draws and of means against the prior's density, its middle 95% shaded.

    Parameters
    ----------
    norms : DataFrame
        Columns draw, mean.
    density : DataFrame
        Columns norm, density.
    interval : (low, high)
    """
    low = min(density["norm"].min(), norms.to_numpy().min())
    edges = np.linspace(low, density["norm"].max(), bins + 1)
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "x": 0.5 * (edges[1:] + edges[:-1]),
            "y": np.histogram(norms[column], edges, density=True)[0],
            "mode": "lines",
            "line": {"color": colour, "width": 3, "shape": "hvh"},
            "name": title,
            "hovertemplate": f"{title}: %{{y:.2f}} at %{{x:.2f}}<extra></extra>",
        }
        for column, title, colour in (
            ("mean", "means μ(x)", DISTORTION),
            ("draw", "samples of q(z|x)", RATE),
        )
    ]
    prior = {
        "type": "scatter",
        "x": density["norm"],
        "y": density["density"],
        "mode": "lines",
        "line": DOTTED,
        "name": "samples of N(0, I), 95% shaded",
        "hoverinfo": "skip",
    }
    middle = {
        **{"type": "rect", "x0": interval[0], "x1": interval[1], "y0": 0, "y1": 1},
        **{"xref": "x", "yref": "y domain", "fillcolor": PRIOR, "opacity": 0.18},
        "line": {"width": 0},
    }
    return drawn([*traces, prior], height, "norm ‖z‖", "density", shapes=[middle])
