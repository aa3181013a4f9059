"""Norms along a walk, beside those of the prior and of the codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import DOTTED, INACTIVE, PRIOR, axes, drawn, named, panels

LINES = {"linear": ("#bd1f01", "solid"), "spherical": ("#2a9d8f", "dash")}
MEANS = "#717581"
BINS = 40


def walk_norms(
    paths: pd.DataFrame,
    shell: tuple[float, float],
    prior: pd.DataFrame,
    codes: pd.DataFrame,
    height: int = 330,
) -> go.Figure:
    """||z|| along walks; on the same axis at the right, of draws and of the prior.

    Parameters
    ----------
    paths : DataFrame
        Columns how, t from 0 to 1, norm.
    shell : (low, high)
        Shaded: where 95% of the prior's draws are.
    prior : DataFrame
        Columns norm, density.
    codes : DataFrame
        Columns mean, draw: norms of posterior means, and of draws of q(z|x).
    """
    traces: list[dict[str, Any]] = []
    for how, path in paths.groupby("how"):
        colour, dash = LINES[str(how)]
        walk = {
            "type": "scatter",
            "x": path["t"],
            "y": path["norm"],
            "mode": "lines+markers",
            "line": {"color": colour, "width": 3, "dash": dash},
            "name": str(how),
            "hovertemplate": f"{how}, %{{x:.2f}} of the way: ‖z‖ = %{{y:.2f}}<extra></extra>",
        }
        traces.append(walk)
    edges = np.histogram_bin_edges(codes.to_numpy(), BINS)
    middles = (edges[1:] + edges[:-1]) / 2
    density, _ = np.histogram(codes["draw"], edges, density=True)
    draws = {
        "type": "bar",
        "x": density,
        "y": middles,
        "width": np.diff(edges),
        "orientation": "h",
        "marker": {"color": INACTIVE, "line": {"width": 0}},
        "name": "samples of q(z|x)",
        "hovertemplate": "samples of q(z|x), ‖z‖ near %{y:.2f}: density %{x:.3f}<extra></extra>",
    }
    means = {
        "type": "scatter",
        "x": np.histogram(codes["mean"], edges, density=True)[0],
        "y": middles,
        "mode": "lines",
        "line": {"color": MEANS, "width": 2, "shape": "vh"},
        "name": "means",
        "hovertemplate": "posterior means, ‖z‖ near %{y:.2f}: density %{x:.3f}<extra></extra>",
    }
    expected = {
        "type": "scatter",
        "x": prior["density"],
        "y": prior["norm"],
        "mode": "lines",
        "line": DOTTED,
        "name": "prior, its middle 95% shaded",
        "hoverinfo": "skip",
    }
    traces = [trace | axes(1) for trace in traces]
    traces += [trace | axes(2) for trace in (draws, means, expected)]
    middle = {
        **{"type": "rect", "x0": 0, "x1": 1, "y0": shell[0], "y1": shell[1], "layer": "below"},
        **{"fillcolor": PRIOR, "opacity": 0.22, "line": {"width": 0}},
    }
    top = max(paths["norm"].max(), shell[1], codes["draw"].quantile(0.99))  # not the farthest code
    return drawn(
        traces, height, up={"range": [0.0, 1.08 * top]},
        on=panels(1, 2, shared_yaxes=True, column_widths=(0.78, 0.22), horizontal_spacing=0.03),
        **named("x", 1, title={"text": "share of the way from start to end"}),
        **named("y", 1, title={"text": "norm ‖z‖"}),
        **named("x", 2, title={"text": "density"}, nticks=3, rangemode="tozero"),
        shapes=[middle | {"xref": f"{x} domain", "yref": y} for x, y in (("x", "y"), ("x2", "y2"))],
        bargap=0, margin={"t": 44},
    )  # fmt: skip
