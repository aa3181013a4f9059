"""What cells of a feature map see and paint, in pixels; and how far they go together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from vae_core.figures.theme import DISTORTION, PRIOR, RATE, styled

SEES, PAINTS = "Oranges", "Blues"


@dataclass(frozen=True)
class PixelMap:
    """One picture of a number per pixel.

    Attributes
    ----------
    values : array, (H, W)
    title : str
    unit : str
    scale : name of a colour scale
    window : first and last row, first and last column of a frame around pixels, if any
    """

    values: NDArray[np.float32]
    title: str
    unit: str
    scale: str
    window: tuple[int, int, int, int] | None = None


def pixel_maps(maps: list[PixelMap], height: int = 400) -> go.Figure:
    """Pictures of equal size side by side, each with its own scale and its frame."""
    figure = make_subplots(1, len(maps), subplot_titles=[m.title for m in maps])
    for k, one in enumerate(maps, start=1):
        rows, columns = one.values.shape
        figure.add_heatmap(
            z=one.values, colorscale=one.scale, zmin=0.0, showscale=False, row=1, col=k,
            hovertemplate=f"row %{{y}}, column %{{x}}: %{{z:.3g}} {one.unit}<extra></extra>",
        )  # fmt: skip
        if one.window:
            top, bottom, left, right = one.window
            figure.add_shape(
                type="rect", x0=max(left, 0) - 0.5, x1=min(right, columns - 1) + 0.5,
                y0=max(top, 0) - 0.5, y1=min(bottom, rows - 1) + 0.5, row=1, col=k,
                line={"color": PRIOR, "width": 3, "dash": "dot"},
            )  # fmt: skip
    styled(figure, height, "", "")
    return _square(figure, len(maps))


def all_cells(maps: NDArray[np.float32], scale: str, unit: str, height: int = 460) -> go.Figure:
    """The maps of all cells, each where its cell is, on one scale.

    Parameters
    ----------
    maps : array, (h, w, H, W)
    """
    h, w, rows, columns = maps.shape
    board = np.full((h * (rows + 1) - 1, w * (columns + 1) - 1), np.nan, np.float32)
    for i in range(h):
        for j in range(w):
            top, left = i * (rows + 1), j * (columns + 1)
            board[top : top + rows, left : left + columns] = maps[i, j]
    bar = {"title": {"text": unit, "side": "right"}}
    figure = go.Figure(
        go.Heatmap(z=board, colorscale=scale, zmin=0.0, colorbar=bar, hoverinfo="skip")
    )
    return _square(styled(figure, height, "", ""), 1)


def _square(figure: go.Figure, n: int) -> go.Figure:
    """Pixels as squares, row 0 at the top, no ticks."""
    hidden = {"showticklabels": False, "ticks": "", "showgrid": False, "zeroline": False}
    figure.update_xaxes(constrain="domain", **hidden)
    figure.update_yaxes(autorange="reversed", constrain="domain", **hidden)
    for k in range(1, n + 1):
        number = "" if k == 1 else str(k)
        figure.layout[f"yaxis{number}"].update(scaleanchor=f"x{number}")
    return figure


def correlation_by_distance(table: pd.DataFrame, height: int = 380) -> go.Figure:
    """|Correlation| of two cells against how far they are from each other.

    Parameters
    ----------
    table : DataFrame
        See `analysis.cell_correlation`.
    """
    figure = go.Figure()
    for column, name, colour in (
        ("mean_correlation", "means μ, over the images", RATE),
        ("noise_correlation", "z − μ, given the image", DISTORTION),
    ):
        if table[column].isna().all():
            continue  # points have no noise
        figure.add_scatter(
            x=table["distance"], y=table[column], mode="lines+markers", name=name,
            line={"color": colour, "width": 3}, marker={"size": 9}, customdata=table["n_pairs"],
            hovertemplate="%{x:.2f} cells apart: %{y:.3f}, %{customdata} pairs<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=table["distance"], y=table["chance"], mode="lines", hoverinfo="skip",
        line={"color": PRIOR, "width": 3, "dash": "dot"}, name="by chance alone",
    )  # fmt: skip
    figure.update_yaxes(range=[0.0, 1.05])
    return styled(figure, height, "distance between cells", "mean |correlation|")
