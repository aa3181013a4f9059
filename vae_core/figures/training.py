"""Training curves: distortion, rate and negative ELBO over the epochs, the chosen one marked."""

from __future__ import annotations

from typing import Any

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
DASHES = {"train": "dot", "validation": "dash", "test": "solid"}
NOTHING = pd.Series(dtype=float)


def training_curves(
    history: pd.DataFrame, n_epochs: int, height: int = 340, chosen: tuple[int, str] | None = None
) -> go.Figure:
    """Distortion, rate and negative ELBO, side by side, each with all splits on one axis.

    Train is dotted, validation dashed, test solid.

    Parameters
    ----------
    history : DataFrame
        Columns epoch and {train,test}_{distortion,rate}, and those of validation where images
        were held out; an infinite rate is left out.
    n_epochs : int
        Length of the axis, so that it stands still while the curves grow.
    chosen : (int, str), optional
        The epoch to mark, and the split that chose it, on whose curves the marks are.
    """
    terms = [("distortion", DISTORTION), ("rate (KL)", RATE), ("−ELBO", NEGATIVE_ELBO)]
    if np.isinf(history["test_rate"]).all():
        terms = terms[:1]
    splits = [s for s in DASHES if history.get(f"{s}_distortion", NOTHING).notna().any()]
    traces = []
    for panel, (_, colour) in enumerate(terms, start=1):
        for split in splits:
            dash = DASHES[split]
            curve = {
                "type": "scatter",
                "x": history["epoch"],
                "y": _term(history, split, panel),
                "mode": "lines+markers" if len(history) < 8 else "lines",
                "line": {"color": colour, "width": 3, "dash": dash},
                "name": split,
                "legendgroup": split,
                "showlegend": panel == 1,
                "hovertemplate": f"{split}, epoch %{{x}}: %{{y:.2f}} {UNIT}<extra></extra>",
            }
            traces.append(curve | axes(panel))
        if chosen is not None:
            traces.append(_mark(history, chosen, panel, colour) | axes(panel))
    return drawn(
        traces, height, "epoch", across={"range": [0.5, n_epochs + 0.5]},
        on=panels(1, len(terms), subplot_titles=tuple(name for name, _ in terms)),
        **named("y", 1, title={"text": UNIT}), margin={"t": 56},
        legend={"y": 1.12, "x": 1, "xanchor": "right"},
    )  # fmt: skip


def _term(history: pd.DataFrame, split: str, panel: int) -> pd.Series[float]:
    """Distortion, rate or their sum, in the first, second or third panel."""
    parts = (history[f"{split}_{name}"].astype(float) for name in ("distortion", "rate"))
    distortion, rate = parts
    return (distortion, rate, distortion + rate)[panel - 1]


def _mark(
    history: pd.DataFrame, chosen: tuple[int, str], panel: int, colour: str
) -> dict[str, Any]:
    """A ring on the curve of the split that chose the epoch."""
    epoch, split = chosen
    value = _term(history, split, panel)[history["epoch"] == epoch]
    return {
        "type": "scatter",
        "x": [epoch] * len(value),
        "y": value,
        "mode": "markers",
        "marker": {
            "symbol": "circle-open",
            "size": 16,
            "color": colour,
            "line": {"width": 3},
        },
        "name": f"epoch {epoch}: lowest {split} loss",
        "legendgroup": "chosen",
        "showlegend": panel == 1,
        "hovertemplate": f"epoch {epoch}, chosen: %{{y:.2f}} {UNIT}<extra></extra>",
    }
