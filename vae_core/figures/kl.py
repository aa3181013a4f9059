"""The rate, dimension by dimension: bars, by class, and cell by cell of a feature map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from vae_core.figures.text import inert
from vae_core.figures.theme import (
    CORRELATION,
    DOTTED,
    INACTIVE,
    RATE,
    axes,
    drawn,
    panels,
    squares,
)

PER_IMAGE = "nats per image"
SCALE = "Oranges"
BAR = {"title": {"text": PER_IMAGE, "side": "right"}}
NAME_HEIGHT = 0.055  # of a name, as a share of the axis
CLASS_HEIGHT = 20  # pixels of a row that has a name


def kl_bars(
    table: pd.DataFrame,
    rest: tuple[str, float] | None = None,
    height: int = 420,
    ordered: bool = True,
) -> go.Figure:
    """One bar per latent dimension, the most informative first; inactive ones hatched grey.

    Parameters
    ----------
    table : DataFrame
        Columns name, kl, active; see `analysis.rate_table`.
    rest : (name, nats), optional
        One more bar: the rate less the sum of the marginals.
    ordered : bool
        Whether to sort the bars; otherwise they come in the table's order.
    """
    if ordered:
        table = table.sort_values("kl", ascending=False)
    names, traces = table["name"].tolist(), []
    for active, colour, pattern in ((True, RATE, ""), (False, INACTIVE, "/")):
        rows = table[table["active"] == active]
        if rows.empty:
            continue
        name = f"{'active' if active else 'inactive'} ({len(rows)})"
        traces.append(_bars(rows["name"], rows["kl"], colour, pattern, name))
    if rest:
        names.append(rest[0])
        traces.append(_bars([rest[0]], [rest[1]], CORRELATION, "x", rest[0]))
    order = "sorted by KL" if ordered else "in the order they break the stick"
    return drawn(
        traces, height, f"latent dimension, {order}", f"KL, {PER_IMAGE}",
        across={"type": "category", "categoryorder": "array", "categoryarray": names},
        up={"autorangeoptions": {"include": [0.0, 0.1]}},  # next to nothing looks it
        bargap=0.2 if len(names) > 4 else 0.6,
    )  # fmt: skip


def _bars(
    names: ArrayLike, nats: ArrayLike, colour: str, pattern: str, name: str
) -> dict[str, Any]:
    return {
        "type": "bar",
        "x": names,
        "y": nats,
        "marker": {"color": colour, "pattern": {"shape": pattern}},
        "name": name,
        "hovertemplate": f"%{{x}}: %{{y:.3f}} {PER_IMAGE}<extra></extra>",
    }


def kl_by_class(
    kl: NDArray[np.float32], names: Sequence[str], class_names: Sequence[str], height: int = 420
) -> go.Figure:
    """Heat map of mean KL, one row per class and one column per latent dimension.

    Parameters
    ----------
    kl : array, (classes, d)
    names : d names of latent dimensions
    class_names : one name per row
        Each is written, for which many make the map higher.
    """
    height = max(height, CLASS_HEIGHT * len(class_names) + 110)
    heat = {
        "type": "heatmap",
        "z": kl,
        "name": "KL",
        "x": list(names),
        "y": [inert(name) for name in class_names],
        "colorscale": SCALE,
        "zmin": 0.0,
        "zmax": float(kl.max()),
        "colorbar": BAR,
        "hovertemplate": f"class %{{y}}, %{{x}}: %{{z:.3f}} {PER_IMAGE}<extra></extra>",
    }
    return drawn(
        [heat], height, "latent dimension, sorted by KL", "class",
        across={"type": "category"}, up={"type": "category", "autorange": "reversed", "dtick": 1},
    )  # fmt: skip


def kl_cells(
    cells: NDArray[np.float32],
    title: str,
    height: int = 360,
) -> go.Figure:
    """Heat map of KL over the cells of a feature map, square cells, row 0 at the top.

    Parameters
    ----------
    cells : array, (h, w)
    """
    heat = {
        "type": "heatmap",
        "z": cells,
        "name": "KL",
        "colorscale": SCALE,
        "zmin": 0.0,
        "zmax": float(cells.max()),
        "text": cells,
        "texttemplate": "%{text:.2f}" if cells.size <= 64 else None,
        "colorbar": BAR,
        "hovertemplate": f"row %{{y}}, column %{{x}}: %{{z:.3f}} {PER_IMAGE}<extra></extra>",
    }
    plain = {"dtick": 1, "constrain": "domain", "showgrid": False, "zeroline": False}
    return drawn(
        [heat], height, "column", "row", across=plain,
        up=plain | {"autorange": "reversed", "scaleanchor": "x", "constraintoward": "top"},
        title={"text": title, "font": {"size": 15}, "x": 0},
    )  # fmt: skip


def kl_channels(cells: NDArray[np.float32], columns: int = 4, row_height: int = 230) -> go.Figure:
    """One small heat map per channel, all on one colour scale.

    Parameters
    ----------
    cells : array, (h, w, C)
    """
    channels = cells.shape[-1]
    rows = -(-channels // columns)
    heats = [
        {
            "type": "heatmap",
            "z": cells[..., c],
            "name": "KL",
            "coloraxis": "coloraxis",
            "hovertemplate": f"channel {c}, row %{{y}}, column %{{x}}: %{{z:.3f}} {PER_IMAGE}"
            "<extra></extra>",
            **axes(c + 1),
        }
        for c in range(channels)
    ]
    top = float(cells.max())
    plain = {"showticklabels": False, "showgrid": False, "zeroline": False, "constrain": "domain"}
    return drawn(
        heats, row_height * rows, across=plain,
        up=plain | {"autorange": "reversed", "constraintoward": "top"},  # to its title
        on=panels(rows, columns, subplot_titles=tuple(f"c{c}" for c in range(channels))),
        coloraxis={"colorscale": SCALE, "cmin": 0.0, "cmax": top, "colorbar": BAR},
        **squares(channels),
    )  # fmt: skip


def kl_over_epochs(
    kl: pd.DataFrame, stacked: bool = True, height: int = 380, chosen: int | None = None
) -> go.Figure:
    """Mean KL of every latent dimension after each epoch.

    Parameters
    ----------
    kl : DataFrame
        Index: epoch. One column per latent dimension, the lowest band first.
    stacked : bool
        Stacked, so that the top edge is the rate; otherwise one line each, for parts that do
        not add up.
    chosen : int, optional
        The epoch with the lowest loss on images not trained on, to mark.
    """
    shades = (RATE, "#f3a25f")
    traces = [
        {
            "type": "scatter",
            "x": kl.index,
            "y": kl[name],
            "stackgroup": "rate" if stacked else None,
            "mode": "lines",
            "line": {"width": 0.6, "color": "white"} if stacked else {"width": 2},
            "fillcolor": shades[position % 2] if stacked else None,
            "name": str(name),
            "showlegend": False,
            "hovertemplate": f"{name}, epoch %{{x}}: %{{y:.3f}} {PER_IMAGE}<extra></extra>",
        }
        for position, name in enumerate(kl.columns)
    ]
    mark: dict[str, Any] = {"annotations": _names_at_end(kl, stacked), "margin": {"r": 56}}
    if chosen is not None:
        mark["shapes"] = [
            {"type": "line", "x0": chosen, "x1": chosen, "y0": 0, "y1": 1, "yref": "paper"}
            | {"line": DOTTED}
        ]
        mark["annotations"].append(
            {"x": chosen, "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False}
            | {"text": f"epoch {chosen}: lowest loss", "xanchor": "auto"}
        )
    return drawn(traces, height, "epoch", f"KL, {PER_IMAGE}", **mark)


def _names_at_end(kl: pd.DataFrame, stacked: bool) -> list[dict[str, Any]]:
    """Names of the dimensions beside their bands or lines, where there is room for a name."""
    if kl.empty:
        return []
    last = kl.iloc[-1].to_numpy(float)
    top = float(kl.sum(axis=1).max() if stacked else kl.to_numpy().max())
    places = last.cumsum() - last / 2 if stacked else last
    free = NAME_HEIGHT * top
    found: list[dict[str, Any]] = []
    for name, place, value in zip(kl.columns, places, last, strict=True):
        is_thin = stacked and value < free
        if is_thin or any(abs(place - other["y"]) < free for other in found):
            continue
        found.append(
            {"x": kl.index[-1], "y": float(place), "text": str(name), "showarrow": False}
            | {"xanchor": "left", "xshift": 4, "font": {"size": 13}}
        )
    return found
