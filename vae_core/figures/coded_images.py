"""Bytes going by: the length of the stack as images are put on it, and other formats beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import DISTORTION, DOTTED, INACTIVE, NEGATIVE_ELBO, PRIOR, RATE, drawn

BYTE = 8.0  # bits
STEPS = {  # of coding an image: what it is called, and its colour
    "back": ("z taken off with q(z|x): bits back", RATE),
    "pixels": ("x put on with p(x|z)", DISTORTION),
    "prior": ("z put on with p(z)", PRIOR),
}
MAX_NUMBERED = 16  # images that are named on the axis, one by one


def stack_steps(
    lengths: pd.DataFrame, expected: pd.Series[float], names: list[str], height: int = 460
) -> go.Figure:
    """Every step as a bar from the length before it to the length after it, in bytes.

    Parameters
    ----------
    lengths : DataFrame
        Columns image, step, before, after, in bits; see `CodedImages.lengths`.
    expected : Series
        Negative ELBO of every image, in bits: their running sum is drawn as a line.
    names : list of str
        Of the images.
    """
    place = lengths["image"] * 4 + lengths["step"].map({step: k for k, step in enumerate(STEPS)})
    traces: list[dict[str, Any]] = []
    for step, (title, colour) in STEPS.items():
        rows = lengths[lengths["step"] == step]
        by = (rows["after"] - rows["before"]) / BYTE
        traces.append(
            {
                **{"type": "bar", "x": place[rows.index], "y": by, "base": rows["before"] / BYTE},
                **{"marker": {"color": colour}, "name": title, "width": 1.0},
                "customdata": [names[image] for image in rows["image"]],
                "hovertemplate": f"image %{{customdata}}, {title}: %{{y:.1f}} bytes<extra></extra>",
            }
        )
    begin = float(lengths["before"].iloc[0])
    sums = begin + np.concatenate([[0.0], np.cumsum(expected)])
    traces.append(
        {
            **{"type": "scatter", "mode": "lines", "line": {**DOTTED, "color": NEGATIVE_ELBO}},
            **{"x": 4.0 * np.arange(len(sums)) - 1.0, "y": sums / BYTE},
            "name": "running sum of the negative ELBO",
            "hovertemplate": "negative ELBO so far: %{y:.1f} bytes<extra></extra>",
        }
    )
    n = len(names)
    every = max(1, -(-n // MAX_NUMBERED))
    shown = range(0, n, every)
    ticks = {"tickvals": [4 * k + 1 for k in shown], "ticktext": [names[k] for k in shown]}
    return drawn(
        traces, height, "test image", "bytes on the stack", across=ticks, barmode="overlay",
        margin={"t": 84},
    )  # fmt: skip


def format_bars(sizes: dict[str, float], own: str, height: int = 300) -> go.Figure:
    """Bytes an image takes, by format, the shortest on top.

    Parameters
    ----------
    sizes : bytes per image by what the format is called
    own : the model's own, which stands out
    """
    ordered = sorted(sizes.items(), key=lambda pair: -pair[1])
    bars = {
        **{"type": "bar", "orientation": "h", "y": [name for name, _ in ordered]},
        "x": [size for _, size in ordered],
        "marker": {"color": [NEGATIVE_ELBO if name == own else INACTIVE for name, _ in ordered]},
        "text": [f"{size:.1f}" for _, size in ordered],
        "textposition": "auto",
        "hovertemplate": "%{y}: %{x:.1f} bytes an image<extra></extra>",
    }
    return drawn([bars], height, "bytes an image", across={"rangemode": "tozero"})
