"""The rate, dimension by dimension: bars, by class, and cell by cell of a feature map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from vae_core.figures.theme import CORRELATION, INACTIVE, RATE, styled

PER_IMAGE = "nats per image"
SCALE = "Oranges"


def kl_bars(
    table: pd.DataFrame,
    rest: tuple[str, float] | None = None,
    height: int = 420,
    ordered: bool = True,
) -> go.Figure:
    """One bar per latent number, the most informative first; inactive ones hatched grey.

    Parameters
    ----------
    table : DataFrame
        Columns name, kl, active; see `analysis.rate_table`.
    rest : (name, nats), optional
        One more bar, for what the marginals leave over.
    ordered : bool
        Whether to sort the bars; otherwise they come in the table's order.
    """
    figure = go.Figure()
    if ordered:
        table = table.sort_values("kl", ascending=False)
    names = table["name"].tolist()
    for active, colour, pattern in ((True, RATE, ""), (False, INACTIVE, "/")):
        rows = table[table["active"] == active]
        if rows.empty:
            continue
        figure.add_bar(
            x=rows["name"],
            y=rows["kl"],
            marker={"color": colour, "pattern": {"shape": pattern}},
            name=f"{'active' if active else 'inactive'} ({len(rows)})",
            hovertemplate="%{x}: %{y:.3f} nats per image<extra></extra>",
        )
    if rest:
        names.append(rest[0])
        figure.add_bar(
            x=[rest[0]],
            y=[rest[1]],
            marker={"color": CORRELATION, "pattern": {"shape": "x"}},
            name=rest[0],
            hovertemplate="%{x}: %{y:.3f} nats per image<extra></extra>",
        )
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=names)
    figure.update_layout(bargap=0.2 if len(names) > 4 else 0.6)
    figure.update_yaxes(autorangeoptions={"include": [0.0, 0.1]})  # next to nothing looks it
    order = "most informative first" if ordered else "in the order they break the stick"
    return styled(figure, height, f"latent number, {order}", f"KL, {PER_IMAGE}")


def kl_by_class(
    kl: NDArray[np.float32], names: Sequence[str], class_names: Sequence[str], height: int = 420
) -> go.Figure:
    """Heat map of mean KL, one row per class and one column per latent number.

    Parameters
    ----------
    kl : array, (classes, d)
    names : d names of latent numbers
    class_names : one name per row
    """
    figure = go.Figure(
        go.Heatmap(
            z=kl,
            name="KL",
            x=list(names),
            y=list(class_names),
            colorscale=SCALE,
            zmin=0.0,
            zmax=float(kl.max()),
            colorbar={"title": {"text": PER_IMAGE, "side": "right"}},
            hovertemplate="class %{y}, %{x}: %{z:.3f} nats per image<extra></extra>",
        )
    )
    figure.update_xaxes(type="category")
    figure.update_yaxes(type="category", autorange="reversed")
    return styled(figure, height, "latent number, most informative first", "class")


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
    figure = go.Figure(
        go.Heatmap(
            z=cells,
            name="KL",
            colorscale=SCALE,
            zmin=0.0,
            zmax=float(cells.max()),
            text=cells,
            texttemplate="%{text:.2f}" if cells.size <= 64 else None,
            colorbar={"title": {"text": PER_IMAGE, "side": "right"}},
            hovertemplate=f"row %{{y}}, column %{{x}}: %{{z:.3f}} {PER_IMAGE}<extra></extra>",
        )
    )
    styled(figure, height, "column", "row")
    figure.update_layout(title={"text": title, "font": {"size": 15}, "x": 0})
    figure.update_xaxes(dtick=1, constrain="domain", showgrid=False, zeroline=False)
    figure.update_yaxes(dtick=1, autorange="reversed", showgrid=False, zeroline=False)
    figure.update_yaxes(scaleanchor="x", constrain="domain", constraintoward="top")
    return figure


def kl_channels(cells: NDArray[np.float32], columns: int = 4, row_height: int = 230) -> go.Figure:
    """One small heat map per channel, all on one colour scale.

    Parameters
    ----------
    cells : array, (h, w, C)
    """
    channels = cells.shape[-1]
    rows = -(-channels // columns)
    figure = make_subplots(rows, columns, subplot_titles=[f"c{c}" for c in range(channels)])
    for c in range(channels):
        figure.add_heatmap(
            z=cells[..., c],
            name="KL",
            coloraxis="coloraxis",
            hovertemplate=f"channel {c}, row %{{y}}, column %{{x}}: %{{z:.3f}} {PER_IMAGE}"
            "<extra></extra>",
            row=c // columns + 1,
            col=c % columns + 1,
        )
    styled(figure, row_height * rows, "", "")
    bar = {"title": {"text": PER_IMAGE, "side": "right"}}
    figure.update_layout(
        coloraxis={"colorscale": SCALE, "cmin": 0.0, "cmax": float(cells.max()), "colorbar": bar}
    )
    figure.update_xaxes(showticklabels=False, constrain="domain", showgrid=False, zeroline=False)
    figure.update_yaxes(showticklabels=False, autorange="reversed", showgrid=False, zeroline=False)
    for k in range(1, channels + 1):
        anchor = "x" if k == 1 else f"x{k}"
        figure.layout["yaxis" if k == 1 else f"yaxis{k}"].update(
            scaleanchor=anchor, constrain="domain"
        )
    return figure
