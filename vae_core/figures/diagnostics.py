"""Diagnostics of every latent dimension: KL, effect, activity, information about the label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import (
    DISTORTION,
    DOTTED,
    INACTIVE,
    NEGATIVE_ELBO,
    PRIOR,
    RATE,
    axes,
    drawn,
    named,
    panels,
)

FLOOR = 1e-10  # of the prior's variance: what is less is drawn here
MAX_NAMES = 24  # bars that are labelled one by one


def dimension_evidence(table: pd.DataFrame, height: int = 460) -> go.Figure:
    """KL and effect on the picture of every dimension, one above the other; unused ones hatched.

    Parameters
    ----------
    table : DataFrame
        Columns name, kl, picture_change, unused; see `analysis.Collapse`. KLs that are
        infinite are left out.
    """
    rows = [("picture_change", "change of the picture", DISTORTION, "RMS per pixel")]
    if np.isfinite(table["kl"]).all():
        rows.insert(0, ("kl", "KL", RATE, "nats per image"))
    bars = [
        {
            "type": "bar",
            "x": shown["name"],
            "y": shown[column],
            "marker": {
                "color": INACTIVE if unused else colour,
                "pattern": {"shape": "/" if unused else ""},
            },
            "name": f"unused ({len(shown)})" if unused else title,
            "showlegend": not unused or row == 1,
            "hovertemplate": f"%{{x}}, {title}: %{{y:.3g}} {unit}<extra></extra>",
            **axes(row),
        }
        for row, (column, title, colour, unit) in enumerate(rows, start=1)
        for unused, shown in table.groupby("unused")
    ]
    names = {"type": "category", "categoryorder": "array", "categoryarray": table["name"].tolist()}
    titles = named("x", len(rows), title={"text": "latent dimension, most informative first"})
    for row, (_, title, _, unit) in enumerate(rows, start=1):
        titles |= named("y", row, title={"text": f"{title},<br>{unit}"})
    return drawn(
        bars, height, across=names,
        up={"rangemode": "tozero", "autorangeoptions": {"include": [0.0, 0.02]}},
        on=panels(len(rows), 1, shared_xaxes=True, vertical_spacing=0.06),
        bargap=0.2 if len(table) > 4 else 0.6, **titles,
    )  # fmt: skip


def activity(table: pd.DataFrame, threshold: float, height: int = 460) -> go.Figure:
    """Variance of every dimension's mean over the images, on a logarithmic axis.

    Above, a histogram of these; below, each of them against its KL. A dotted line
    at the threshold.

    Parameters
    ----------
    table : DataFrame
        Columns name, kl, mean_variance (of the prior's), active. Without finite KLs only the
        histogram is drawn.
    threshold : float
    """
    variance = table["mean_variance"].clip(lower=FLOOR)
    exponents = np.log10(variance)
    low, high = np.floor(min(exponents.min(), -3)), max(exponents.max(), 0.0)
    edges = np.arange(low, high + 0.5, 0.25)
    finite = bool(np.isfinite(table["kl"]).all())
    bars: list[dict[str, Any]] = []
    dots: list[dict[str, Any]] = []
    for active, colour in ((True, RATE), (False, INACTIVE)):
        own = table["active"] == active
        if not own.any():
            continue
        counts, _ = np.histogram(exponents[own], edges)
        name = f"{'active' if active else 'inactive'} ({own.sum()})"
        bar = {
            "type": "bar",
            "x": 10.0 ** edges[:-1],
            "offset": 0,
            "y": counts,
            "width": 10.0 ** edges[1:] - 10.0 ** edges[:-1],
            "marker": {"color": colour, "pattern": {"shape": "" if active else "/"}},
            "name": name,
            "hovertemplate": f"%{{y}} {name.split()[0]} near %{{x:.2g}}<extra></extra>",
            **axes(1),
        }
        bars.append(bar)
        dot = {
            "type": "scatter",
            "x": variance[own],
            "y": table["kl"][own],
            "text": table["name"][own],
            "customdata": table["mean_variance"][own],
            "mode": "markers",
            "marker": {"color": colour, "size": 11, "symbol": "circle" if active else "x"},
            "showlegend": False,
            "hovertemplate": "%{text}: Var μ %{customdata:.3g}, KL %{y:.3g} nats<extra></extra>",
            **axes(2),
        }
        dots.append(dot)
    rows = 2 if finite else 1
    line = {"type": "line", "x0": threshold, "x1": threshold, "y0": 0, "y1": 1, "line": DOTTED}
    value = {
        **{
            "x": np.log10(threshold),
            "y": 1.0,
            "yref": "paper",
            "text": f"active above {threshold:g}",
        },
        **{"xanchor": "left", "yanchor": "top", "xshift": 6, "showarrow": False},
        "font": {"size": 15, "color": PRIOR},
    }
    most = max(max(bar["y"]) for bar in bars)
    whole = 1 if most < 6 else None  # no fractions on the axis
    settings = named("x", rows, title={"text": "Var μ over the images, of the prior's"})
    over = [0.0, 1.3 * most]  # room for what the line is, above the bars
    settings |= named("y", 1, title={"text": "dimensions"}, dtick=whole, range=over)
    if finite:
        top = max(float(table["kl"].max()), 0.1)
        whole_dots = [-0.07 * top, 1.1 * top]  # at the ends, too
        settings |= named("y", 2, title={"text": "KL, nats per image"}, range=whole_dots)
    refs = [axes(row) for row in range(1, rows + 1)]
    return drawn(
        [*bars, *dots] if finite else bars, height, barmode="overlay",
        across={
            "type": "log",
            "range": [edges[0], edges[-1]],
            "dtick": 1 if edges[-1] - edges[0] < 7 else 2,
            "exponentformat": "power",
        },
        on=panels(
            rows, 1, shared_xaxes=True, vertical_spacing=0.05,
            row_heights=(0.4, 0.6) if finite else (1.0,),
        ),
        shapes=[line | {"xref": at["xaxis"], "yref": f"{at['yaxis']} domain"} for at in refs],
        annotations=[value], **settings,
    )  # fmt: skip


def label_bars(table: pd.DataFrame, entropy: float, height: int = 420) -> go.Figure:
    """Information of every dimension about the class; the two that make the gap stand out.

    Parameters
    ----------
    table : DataFrame
        Columns name, information, standard_error, the largest first; MAX_NAMES are drawn.
    entropy : float
        H(y): a dotted line that no bar can pass.
    """
    shown = table.head(MAX_NAMES)
    bars = []
    for rows, colour, title in (
        (shown.iloc[:2], NEGATIVE_ELBO, "the two that say most"),
        (shown.iloc[2:], INACTIVE, "the others"),
    ):
        if rows.empty:
            continue
        bar = {
            "type": "bar",
            "x": rows["name"],
            "y": rows["information"],
            "error_y": {"array": rows["standard_error"], "thickness": 1.5, "color": PRIOR},
            "marker": {"color": colour},
            "name": title,
            "hovertemplate": "%{x}: %{y:.3f} nats<extra></extra>",
        }
        bars.append(bar)
    line = {
        **{"type": "line", "x0": 0, "x1": 1, "xref": "x domain", "line": DOTTED},
        **{"y0": entropy, "y1": entropy, "yref": "y"},
    }
    value = {
        **{"x": 1, "xref": "x domain", "xanchor": "right", "y": entropy, "yref": "y"},
        **{"text": f"H(y) = {entropy:.2f}", "yanchor": "bottom", "showarrow": False},
        "font": {"size": 15, "color": PRIOR},
    }
    return drawn(
        bars, height, "latent dimension, what says most first", "I(z_j; y), nats",
        across={"type": "category"},
        up={"range": [min(0.0, float(shown["information"].min())), 1.1 * entropy]},
        shapes=[line], annotations=[value], bargap=0.2 if len(shown) > 4 else 0.6,
    )  # fmt: skip
