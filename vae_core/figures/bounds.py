"""Bounds on log p(x) against the number of draws per image."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import DOTTED, NEGATIVE_ELBO, drawn

UNIT = "nats per image"


def bound_curve(table: pd.DataFrame, at_mean: float, height: int = 460) -> go.Figure:
    """Upper bounds on -log p(x) against the number of draws, on a logarithmic axis.

    Parameters
    ----------
    table : DataFrame
        Columns n_importance, negative_bound; see `analysis.BoundSummary`.
    at_mean : float
        The number at z = mean, which bounds nothing: a dotted line.
    """
    bound = {
        "type": "scatter",
        "x": table["n_importance"],
        "y": table["negative_bound"],
        "mode": "lines+markers",
        "line": {"color": NEGATIVE_ELBO, "width": 3},
        "marker": {"size": 9},
        "name": "upper bound on −log p(x), mean over images",
        "hovertemplate": "%{x} draws: %{y:.2f} nats per image<extra></extra>",
    }
    no_bound = {
        "type": "scatter",
        "x": [1, table["n_importance"].max()],
        "y": [at_mean, at_mean],
        "mode": "lines",
        "line": DOTTED,
        "name": "at the mean: no bound",
        "hovertemplate": "at z = mean: %{y:.2f} nats per image<extra></extra>",
    }
    return drawn(
        [bound, no_bound], height, "draws k per image (k = 1: the negative ELBO)", UNIT,
        across={"type": "log", "tickvals": table["n_importance"]},
    )  # fmt: skip
