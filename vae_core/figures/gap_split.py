"""Bars of the gap between log p(x) and the ELBO, and of its two parts, for several models."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import NEGATIVE_ELBO, PRIOR, RATE, drawn

PARTS = {  # column -> what it is called, colour
    "amortisation_gap": ("amortisation gap: the encoder", RATE),
    "approximation_gap": ("approximation gap: the family", NEGATIVE_ELBO),
}


def gap_split(table: pd.DataFrame) -> go.Figure:
    """Mean gaps of each model with their standard errors.

    Parameters
    ----------
    table : DataFrame
        A row for each model: model, its name; of each of the PARTS a column of nats and one of
        errors, `<part>_error`.
    """
    bars = []
    for name, (title, colour) in PARTS.items():
        bars.append(
            {
                "type": "bar",
                "orientation": "h",
                "y": table["model"],
                "x": table[name],
                "error_x": {"array": table[f"{name}_error"], "thickness": 1.5, "color": PRIOR},
                "marker": {"color": colour, "opacity": 0.85},
                "name": title,
                "customdata": table[f"{name}_error"],
                "hovertemplate": f"%{{y}}: %{{x:.2f}} ± %{{customdata:.2f}} nats<extra>{title}"
                "</extra>",
            }
        )
    return drawn(
        bars, 120 + 62 * len(table), "nats per image, same images", barmode="group",
        up={"autorange": "reversed", "categoryorder": "array", "categoryarray": table["model"]},
        across={"rangemode": "tozero"},
    )  # fmt: skip
