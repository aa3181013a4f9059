"""How far codes lie from the origin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import DISTORTION, PRIOR, RATE, styled


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
    figure = go.Figure()
    figure.add_vrect(*interval, fillcolor=PRIOR, opacity=0.18, line_width=0)
    low = min(density["norm"].min(), norms.to_numpy().min())
    edges = np.linspace(low, density["norm"].max(), bins + 1)
    for column, title, colour in (
        ("mean", "means μ(x)", DISTORTION),
        ("draw", "draws of q(z|x)", RATE),
    ):
        heights, _ = np.histogram(norms[column], edges, density=True)
        figure.add_scatter(
            x=0.5 * (edges[1:] + edges[:-1]),
            y=heights,
            mode="lines",
            line={"color": colour, "width": 3, "shape": "hvh"},
            name=title,
            hovertemplate=f"{title}: %{{y:.2f}} at %{{x:.2f}}<extra></extra>",
        )
    figure.add_scatter(
        x=density["norm"],
        y=density["density"],
        mode="lines",
        line={"color": PRIOR, "width": 3, "dash": "dot"},
        name="draws of N(0, I), 95% shaded",
        hoverinfo="skip",
    )
    return styled(figure, height, "norm ‖z‖", "density")
