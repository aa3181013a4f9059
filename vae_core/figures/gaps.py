"""Histogram of the gaps between log p(x) and the ELBO over images."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.theme import CORRELATION, NEGATIVE_ELBO, RATE, drawn

EDGES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)  # nats, about half a decade
COLOURS = (RATE, NEGATIVE_ELBO, CORRELATION)


def gap_histogram(gaps: Mapping[str, NDArray[np.float64]], height: int = 320) -> go.Figure:
    """How many images have a gap of which size, in bins of about half a decade.

    Parameters
    ----------
    gaps : mapping
        What a gap is called -> nats, (n,), of the same images. What an estimate puts below 0 is
        in the first bin.
    """
    counts = {name: np.histogram(nats, (-np.inf, *EDGES, np.inf))[0] for name, nats in gaps.items()}
    used = np.flatnonzero(sum(counts.values()))
    shown = slice(int(used[0]), int(used[-1]) + 1)
    labels = [f"below {EDGES[0]:g}"]
    labels += [f"{low:g} to {high:g}" for low, high in pairwise(EDGES)]
    labels.append(f"above {EDGES[-1]:g}")
    bars = [
        {
            "type": "bar",
            "x": labels[shown],
            "y": found[shown],
            "marker": {"color": colour, "opacity": 0.8},
            "name": name,
            "hovertemplate": f"%{{y}} images with %{{x}} nats<extra>{name}</extra>",
        }
        for (name, found), colour in zip(counts.items(), COLOURS, strict=False)
    ]
    return drawn(
        bars, height, "gap, nats per image", "images", barmode="group",
        across={"type": "category"}, up={"rangemode": "tozero"},
    )  # fmt: skip
