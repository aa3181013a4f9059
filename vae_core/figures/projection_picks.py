"""Images picked on a projection: their classes, and one image's posterior."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.text import inert
from vae_core.figures.theme import PRIOR, RATE, class_colour, drawn


def class_counts(labels: Sequence[int], names: Sequence[str], height: int = 230) -> go.Figure:
    """How many of some images are of each class, one bar per class.

    Parameters
    ----------
    labels : the class of each image
    names : of all classes
    """
    counts = pd.Series(list(labels)).value_counts().reindex(range(len(names)), fill_value=0)
    bars = {
        "type": "bar",
        "x": [inert(name) for name in names],
        "y": counts,
        "marker": {"color": [class_colour(label) for label in counts.index]},
        "text": counts,
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": "class %{x}: %{y} images<extra></extra>",
    }
    return drawn(
        [bars], height, "class", "images picked", across={"type": "category"},
        up={"rangemode": "tozero"},
    )  # fmt: skip


def posterior_bars(table: pd.DataFrame, has_prior: bool, height: int = 300) -> go.Figure:
    """One image's posterior, dimension by dimension: mean and 1 sigma, before the prior's.

    Parameters
    ----------
    table : DataFrame
        Columns name, mean, sigma, prior_mean, prior_sigma; in the order of the axis.
    has_prior : bool
        Whether the model was trained with a prior, which is then drawn.
    """
    is_wide = bool(table["sigma"].any())
    prior = {
        "type": "bar",
        "x": table["name"],
        "base": table["prior_mean"] - table["prior_sigma"],
        "y": 2 * table["prior_sigma"],
        "marker": {"color": PRIOR, "opacity": 0.35},
        "name": "prior, mean ± σ",
        "hoverinfo": "skip",
    }
    posterior = {
        "type": "scatter",
        "x": table["name"],
        "y": table["mean"],
        "error_y": {"array": table["sigma"], "thickness": 3, "width": 6} if is_wide else None,
        "mode": "markers",
        "marker": {"color": RATE, "size": 9},
        "name": "q(z|x), μ ± σ",
        "customdata": table["sigma"],
        "hovertemplate": "%{x}: μ = %{y:.3f}, σ = %{customdata:.3f}<extra></extra>",
    }
    return drawn(
        [prior, posterior] if has_prior else [posterior], height,
        "latent dimension" + (", sorted by KL" if has_prior else ""), "z",
        across={"type": "category"},
    )  # fmt: skip
