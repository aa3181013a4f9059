"""What happened over the epochs."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from vae_core.figures.theme import DISTORTION, NEGATIVE_ELBO, RATE, styled

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
    panels = [("distortion", DISTORTION), ("rate (KL)", RATE), ("negative ELBO", NEGATIVE_ELBO)]
    if history["test_rate"].isna().all():
        panels = panels[:1]
    figure = make_subplots(1, len(panels), subplot_titles=[name for name, _ in panels])
    for column, (_, colour) in enumerate(panels, start=1):
        for split, dash in (("train", "dot"), ("test", "solid")):
            terms = history[f"{split}_distortion"], history[f"{split}_rate"]
            figure.add_scatter(
                x=history["epoch"],
                y=terms[column - 1] if column < 3 else terms[0] + terms[1],
                mode="lines+markers" if len(history) < 8 else "lines",
                line={"color": colour, "width": 3, "dash": dash},
                name=split,
                legendgroup=split,
                showlegend=column == 1,
                hovertemplate=f"{split}, epoch %{{x}}: %{{y:.2f}} {UNIT}<extra></extra>",
                row=1,
                col=column,
            )
    styled(figure, height, "epoch", "")
    figure.update_yaxes(title_text=UNIT, col=1)
    figure.update_xaxes(range=[0.5, n_epochs + 0.5])
    figure.update_layout(margin={"t": 56}, legend={"y": 1.12, "x": 1, "xanchor": "right"})
    return figure


def kl_over_epochs(kl: pd.DataFrame, height: int = 380) -> go.Figure:
    """Mean KL of every latent number after each epoch, stacked: the top edge is the rate.

    Parameters
    ----------
    kl : DataFrame
        Index: epoch. One column per latent number, the lowest band first.
    """
    figure = go.Figure()
    shades = (RATE, "#f3a25f")
    for position, name in enumerate(kl.columns):
        figure.add_scatter(
            x=kl.index,
            y=kl[name],
            stackgroup="rate",
            mode="lines",
            line={"width": 0.6, "color": "white"},
            fillcolor=shades[position % 2],
            name=str(name),
            showlegend=False,
            hovertemplate=f"{name}, epoch %{{x}}: %{{y:.3f}} {UNIT}<extra></extra>",
        )
    return styled(figure, height, "epoch", f"KL, {UNIT}")
