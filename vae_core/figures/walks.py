"""How far from the origin a walk leads, beside how far the prior and the codes are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from vae_core.figures.theme import INACTIVE, PRIOR, styled

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
    figure = make_subplots(
        1, 2, shared_yaxes=True, column_widths=[0.78, 0.22], horizontal_spacing=0.03
    )
    for how, path in paths.groupby("how"):
        colour, dash = LINES[str(how)]
        figure.add_scatter(
            x=path["t"],
            y=path["norm"],
            mode="lines+markers",
            line={"color": colour, "width": 3, "dash": dash},
            name=str(how),
            hovertemplate=f"{how}, %{{x:.2f}} of the way: ‖z‖ = %{{y:.2f}}<extra></extra>",
        )
    edges = np.histogram_bin_edges(codes.to_numpy(), BINS)
    middles = (edges[1:] + edges[:-1]) / 2
    density, _ = np.histogram(codes["draw"], edges, density=True)
    figure.add_bar(
        x=density,
        y=middles,
        width=np.diff(edges),
        orientation="h",
        marker={"color": INACTIVE, "line": {"width": 0}},
        name="draws of q(z|x)",
        hovertemplate="draws of q(z|x), ‖z‖ near %{y:.2f}: density %{x:.3f}<extra></extra>",
        row=1,
        col=2,
    )
    figure.add_scatter(
        x=np.histogram(codes["mean"], edges, density=True)[0],
        y=middles,
        mode="lines",
        line={"color": MEANS, "width": 2, "shape": "vh"},
        name="means",
        hovertemplate="posterior means, ‖z‖ near %{y:.2f}: density %{x:.3f}<extra></extra>",
        row=1,
        col=2,
    )
    figure.add_scatter(
        x=prior["density"],
        y=prior["norm"],
        mode="lines",
        line={"color": PRIOR, "width": 3, "dash": "dot"},
        name="prior, its middle 95% shaded",
        hoverinfo="skip",
        row=1,
        col=2,
    )
    # After the traces: a band is not drawn on panels that are empty.
    figure.add_hrect(*shell, fillcolor=PRIOR, opacity=0.22, line_width=0, layer="below")
    styled(figure, height, "", "")
    figure.update_layout(bargap=0, margin={"t": 44})
    top = max(paths["norm"].max(), shell[1], codes["draw"].quantile(0.99))  # not the farthest code
    figure.update_yaxes(range=[0.0, 1.08 * top])
    figure.update_yaxes(title_text="norm ‖z‖", col=1)
    figure.update_xaxes(title_text="share of the way from start to end", col=1)
    figure.update_xaxes(title_text="density", nticks=3, rangemode="tozero", col=2)
    return figure
