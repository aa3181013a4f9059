"""Training curves: distortion, rate and negative ELBO over the epochs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import (
    DISTORTION,
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
        Columns epoch and {train,test}_{distortion,rate}; an infinite rate is left out.
    n_epochs : int
        Length of the axis, so that it stands still while the curves grow.
    """
    terms = [("distortion", DISTORTION), ("rate (KL)", RATE), ("−ELBO", NEGATIVE_ELBO)]
    if np.isinf(history["test_rate"]).all():
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
