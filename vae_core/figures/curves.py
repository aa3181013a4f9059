"""What happened over the epochs."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import (
    DISTORTION,
    DOTTED,
    NEGATIVE_ELBO,
    RATE,
    axes,
    drawn,
    named,
    panels,
)

UNIT = "nats per image"


def training_curves(history: pd.DataFrame, n_epochs: int, height: int = 340) -> go.Figure:
    """Distortion, rate and negative ELBO for train (dotted) and test (solid), side by side.

    Parameters
    ----------
    history : DataFrame
        Columns epoch and {train,test}_{distortion,rate}; a rate of None is left out.
    n_epochs : int
        Length of the axis, so that it stands still while the curves grow.
    """
    terms = [("distortion", DISTORTION), ("rate (KL)", RATE), ("−ELBO", NEGATIVE_ELBO)]
    if history["test_rate"].isna().all():
        terms = terms[:1]
    traces = []
    for panel, (_, colour) in enumerate(terms, start=1):
        for split, dash in (("train", "dot"), ("test", "solid")):
            parts = history[f"{split}_distortion"], history[f"{split}_rate"]
            curve = {
                "type": "scatter",
                "x": history["epoch"],
                "y": parts[panel - 1] if panel < 3 else parts[0] + parts[1],
                "mode": "lines+markers" if len(history) < 8 else "lines",
                "line": {"color": colour, "width": 3, "dash": dash},
                "name": split,
                "legendgroup": split,
                "showlegend": panel == 1,
                "hovertemplate": f"{split}, epoch %{{x}}: %{{y:.2f}} {UNIT}<extra></extra>",
            }
            traces.append(curve | axes(panel))
    return drawn(
        traces, height, "epoch", across={"range": [0.5, n_epochs + 0.5]},
        on=panels(1, len(terms), subplot_titles=tuple(name for name, _ in terms)),
        **named("y", 1, title={"text": UNIT}), margin={"t": 56},
        legend={"y": 1.12, "x": 1, "xanchor": "right"},
    )  # fmt: skip


def kl_over_epochs(kl: pd.DataFrame, stacked: bool = True, height: int = 380) -> go.Figure:
    """Mean KL of every latent dimension after each epoch.

    Parameters
    ----------
    kl : DataFrame
        Index: epoch. One column per latent dimension, the lowest band first.
    stacked : bool
        Stacked, so that the top edge is the rate; otherwise one line each, for parts that do
        not add up.
    """
    shades = (RATE, "#f3a25f")
    traces = [
        {
            "type": "scatter",
            "x": kl.index,
            "y": kl[name],
            "stackgroup": "rate" if stacked else None,
            "mode": "lines",
            "line": {"width": 0.6, "color": "white"} if stacked else {"width": 2},
            "fillcolor": shades[position % 2] if stacked else None,
            "name": str(name),
            "showlegend": False,
            "hovertemplate": f"{name}, epoch %{{x}}: %{{y:.3f}} {UNIT}<extra></extra>",
        }
        for position, name in enumerate(kl.columns)
    ]
    return drawn(traces, height, "epoch", f"KL, {UNIT}")


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
