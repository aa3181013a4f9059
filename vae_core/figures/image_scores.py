"""Histogram of a term of the ELBO over the images of a split."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.text import fixed
from vae_core.figures.theme import DISTORTION, DOTTED, NEGATIVE_ELBO, PRIOR, RATE, drawn

COLOURS = {"negative_elbo": NEGATIVE_ELBO, "distortion": DISTORTION, "rate": RATE}
N_BINS = 40


def image_scores(
    nats: NDArray[np.float64],
    term: str,
    title: str,
    mean: tuple[float, float],
    median: tuple[float, float],
    height: int = 320,
) -> go.Figure:
    """How many images have which value, with mean and median as lines.

    Parameters
    ----------
    nats : array, (n,)
        Of every image.
    term : str
        Key of COLOURS.
    title : str
        What the term is called.
    mean : (float, float)
        And its standard error; a band, which is no wider than the line for many images.
    median : (float, float)
        And its standard error.
    """
    counts, edges = np.histogram(nats, N_BINS)
    most, (middle, error) = int(counts.max()), mean
    bars = {
        "type": "bar",
        "x": edges[:-1],
        "offset": 0,
        "width": np.diff(edges),
        "y": counts,
        "marker": {"color": COLOURS[term], "opacity": 0.75},
        "name": "images",
        "showlegend": False,
        "hovertemplate": "%{y} images from %{x:.1f} nats<extra></extra>",
    }
    lines: list[dict[str, object]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [value, value],
            "y": [0, most],
            "line": line,
            "name": name,
            "hoverinfo": "name",
        }
        for value, line, name in (
            (middle, {"color": PRIOR, "width": 3}, f"mean {_with_error(mean)}"),
            (median[0], DOTTED, f"median {_with_error(median)}"),
        )
    ]
    band = {
        **{"type": "rect", "x0": middle - error, "x1": middle + error, "y0": 0, "y1": most},
        **{"line": {"width": 0}, "fillcolor": PRIOR, "opacity": 0.4},
    }
    return drawn(
        [bars, *lines], height, f"{title}, nats per image", "images", bargap=0,
        up={"rangemode": "tozero"}, shapes=[band] if np.isfinite(error) else [],
    )  # fmt: skip


def _with_error(number: tuple[float, float]) -> str:
    """A number ± its standard error, which that of one image does not have."""
    value, error = number
    return f"{fixed(value)} ± {error:.2f}" if np.isfinite(error) else fixed(value)
