"""Distortion against sigma of a Gaussian decoder, with both of its parts."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import DISTORTION, DOTTED, NEGATIVE_ELBO, PRIOR, RATE, drawn

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
LINES = (
    ("distortion", "distortion", {"color": DISTORTION, "width": 4}),
    ("log_part", "D ln σ + D/2 ln 2π", {"color": RATE, "width": 2, "dash": "dash"}),
    ("error_part", "SSE / (2σ²)", {"color": NEGATIVE_ELBO, "width": 2, "dash": "dash"}),
)


def distortion_curve(
    table: pd.DataFrame,
    own: float | None,
    best: float | None,
    chosen: float,
    height: int = 460,
) -> go.Figure:
    """The distortion and its two parts; the decoder's own sigma, the best one and a chosen one.

    Parameters
    ----------
    table : DataFrame
        Columns sigma, distortion, log_part, error_part, in the order of sigma.
    own, best, chosen : float
        Sigmas, in grey values. The chosen one is in the table; the others may be left out.
    """
    traces = [
        {
            "type": "scatter",
            "x": table["sigma"],
            "y": table[column],
            "mode": "lines",
            "line": line,
            "name": name,
            "hovertemplate": f"σ = %{{x:.3g}}: {name} %{{y:.1f}} nats<extra></extra>",
        }
        for column, name, line in LINES
    ]
    low, last = float(table["distortion"].min()), float(table["distortion"].iloc[-1])
    ends = [low - 0.35 * (last - low), last + 0.1 * (last - low)]
    thin = {"color": DISTORTION, "width": 2}
    for sigma, name, line in ((own, "its own σ", DOTTED), (best, "the best σ", thin)):
        if sigma is None:
            continue
        mark = {
            **{"type": "scatter", "x": [sigma, sigma], "y": ends, "mode": "lines", "line": line},
            "name": f"{name}, {sigma:.4f}",
            "hovertemplate": f"{name}: {sigma:.4f}<extra></extra>",
        }
        traces.append(mark)
    here = table.iloc[int((table["sigma"] - chosen).abs().argmin())]
    dot = {
        **{"type": "scatter", "x": [here["sigma"]], "y": [here["distortion"]], "mode": "markers"},
        "marker": {"size": 14, "color": DISTORTION, "line": {"width": 2, "color": PRIOR}},
        "name": "the chosen σ",
        "showlegend": False,
        "hovertemplate": "σ = %{x:.3g}: %{y:.1f} nats<extra></extra>",
    }
    across = {"type": "log", "tickvals": TICKS, "ticktext": [f"{tick:g}" for tick in TICKS]}
    return drawn(
        [*traces, dot], height, "σ of the decoder, grey values from 0 to 1", "nats per image",
        across=across, up={"range": ends}, margin={"t": 84},  # for three rows of the legend
    )  # fmt: skip
