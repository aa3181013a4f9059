"""Parts of the mean rate, KL of every class, and the variance of every latent dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.posteriors import prior_curve
from vae_core.figures.text import inert
from vae_core.figures.theme import (
    CORRELATION,
    DISTORTION,
    DOTTED,
    NEGATIVE_ELBO,
    PRIOR,
    RATE,
    class_colour,
    drawn,
)

UNIT = "nats per image"
MAX_DIMS = 40


def surgery_bar(parts: pd.Series[float], height: int = 210) -> go.Figure:
    """One bar, the mean rate, of parts side by side that add up to it.

    What the images leave open, between the ends of the bracket of the mutual information, is a
    part of its own, hatched.

    Parameters
    ----------
    parts : Series
        See `analysis.elbo_surgery`; not saturated.
    """
    # rounded before they are parted: what is printed adds up
    ends = ("mutual_information", "mutual_information_upper", "mean_kl", "dimension_kl")
    at_least, at_most, mean_kl, dimension_kl = (round(float(parts[end]), 2) for end in ends)
    rest = mean_kl - at_most  # of KL(q(z) || p) at least
    dims = min(max(0.0, dimension_kl), rest)
    segments = [
        ("mutual information, at least", at_least, RATE, ""),
        ("open: mutual information or KL(q(z) ‖ p)", at_most - at_least, PRIOR, "/"),
    ]
    if np.isnan(parts["dimension_kl"]):
        segments.append(("KL(q(z) ‖ p), at least", rest, NEGATIVE_ELBO, ""))
    else:
        segments += [
            ("total correlation, at least", rest - dims, CORRELATION, ""),
            ("dimension-wise KL", dims, NEGATIVE_ELBO, ""),
        ]
    traces = [
        {
            "type": "bar",
            "x": [max(0.0, nats)],
            "y": ["mean KL"],
            "orientation": "h",
            "marker": {"color": colour, "pattern": {"shape": pattern}},
            "name": f"{name} {max(0.0, nats):.2f}",
            "hovertemplate": f"{name}: %{{x:.3f}} {UNIT}<extra></extra>",
        }
        for name, nats, colour, pattern in segments
    ]
    return drawn(
        traces, height, UNIT, up={"visible": False}, barmode="relative",
        legend={"traceorder": "normal"}, margin={"t": 80},  # four lines, in a narrow page
    )  # fmt: skip


def class_bars(table: pd.DataFrame, names: Sequence[str], height: int = 380) -> go.Figure:
    """KL(q(z|y) || p) of every class: its Gaussian part and, hatched, what is not Gaussian.

    A whisker reaches from the low to the high end of what so many images tell. A class of which
    too little is known has its place, and no bar.

    Parameters
    ----------
    table : DataFrame
        Columns class_kl, class_kl_lower, matched_kl, non_gaussian_kl; see
        `analysis.class_surgery`. Without a Gaussian part the whole is drawn.
    names : one per row
    """
    places = [inert(name) for name in names]
    is_known = table["class_kl"].notna().to_numpy()
    table = table[is_known]
    split = bool(table["matched_kl"].notna().any())
    parts = (
        [
            ("matched_kl", "Gaussian of the same moments", ""),
            ("non_gaussian_kl", "non-Gaussian part", "/"),
        ]
        if split
        else [("class_kl", "KL(q(z|y) ‖ p)", "")]
    )
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "x": [place for place, known in zip(places, is_known, strict=True) if known],
            "y": table[column],
            "marker": {"color": RATE, "pattern": {"shape": pattern}},
            "name": title,
            "hovertemplate": f"class %{{x}}, {title}: %{{y:.3f}} nats<extra></extra>",
        }
        for column, title, pattern in parts
    ]
    below = (table["class_kl"] - table["class_kl_lower"]).clip(lower=0.0)
    traces[-1]["error_y"] = {
        "type": "data", "symmetric": False, "array": [0.0] * len(table), "arrayminus": below,
        "color": PRIOR, "thickness": 2,
    }  # fmt: skip
    across = {"type": "category", "categoryorder": "array", "categoryarray": places}
    return drawn(
        traces, height, "class y", "KL(q(z|y) ‖ p), nats", barmode="relative",
        across=across | {"range": [-0.5, len(places) - 0.5]},
    )  # fmt: skip


def variance_bars(table: pd.DataFrame, prior: float | None, height: int = 380) -> go.Figure:
    """Var q(z_j) of every dimension: mean posterior variance, and variance of the means.

    Parameters
    ----------
    table : DataFrame
        Columns name, posterior_variance, mean_variance; the first MAX_DIMS rows are drawn.
    prior : float, optional
        Variance of every dimension under the prior: a dotted line.
    """
    shown = table.head(MAX_DIMS)
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "x": shown["name"],
            "y": shown[column],
            "marker": {"color": colour},
            "name": title,
            "hovertemplate": f"%{{x}}, {title}: %{{y:.3f}}<extra></extra>",
        }
        for column, title, colour in (
            ("posterior_variance", "E[σ²]: within an image", DISTORTION),
            ("mean_variance", "Var[μ]: between images", RATE),
        )
    ]
    line_axis = {}
    if prior is not None:
        ends = [-0.5, len(shown) - 0.5]
        line = {
            "type": "scatter",
            "x": ends,
            "y": [prior, prior],
            "mode": "lines",
            "hoverinfo": "skip",
            "xaxis": "x2",
            "line": DOTTED,
            "name": "variance of the prior",
        }
        traces.append(line)
        line_axis = {"xaxis2": {"overlaying": "x", "range": ends, "visible": False}}
    return drawn(
        traces, height, "latent dimension, sorted by KL", "variance of q(z_j)",
        across={"type": "category"}, barmode="stack", **line_axis,
    )  # fmt: skip


def class_layers(
    table: pd.DataFrame, prior: pd.DataFrame, prior_name: str, title: str, height: int = 380
) -> go.Figure:
    """The density of one latent dimension, in layers of its classes that add up to the whole.

    Parameters
    ----------
    table : DataFrame
        Columns z, density, label, name: each class's part at the same values of z.
    prior : DataFrame
        Columns z, density.
    title : str
        Name of the dimension.
    """
    layers = [
        {
            "type": "scatter",
            "x": layer["z"],
            "y": layer["density"],
            "mode": "lines",
            "stackgroup": "classes",
            "line": {"width": 0, "color": class_colour(layer["label"].iloc[0])},
            "fillcolor": class_colour(layer["label"].iloc[0]),
            "name": inert(layer["name"].iloc[0]),
            "hovertemplate": "%{fullData.name}: %{y:.3f} at %{x:.2f}<extra></extra>",
        }
        for _, layer in table.groupby("label")
    ]
    curve = prior_curve(prior, prior_name)
    return drawn([*layers, curve], height, title, "density", legend={"traceorder": "normal"})
