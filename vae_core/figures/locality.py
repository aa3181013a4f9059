"""Locality of a feature map's cells: sensitivity and effect per pixel, and their correlation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.theme import DISTORTION, DOTTED, RATE, drawn, panels, squares

SEES, PAINTS = "Oranges", "Blues"
HIDDEN = {
    **{"showticklabels": False, "ticks": "", "showgrid": False, "zeroline": False},
    "constrain": "domain",
}


BAR = {  # below what it is the scale of: beside a square it would stand far off
    **{"orientation": "h", "x": 0.5, "y": -0.02, "yanchor": "top", "thickness": 12},
    **{"nticks": 4, "exponentformat": "power", "tickfont": {"size": 14}},
}


def _bar(unit: str, length: float) -> dict[str, Any]:
    return BAR | {"len": length, "title": {"text": unit, "side": "bottom", "font": {"size": 15}}}


@dataclass(frozen=True)
class PixelMap:
    """A map of one value per pixel, or a picture.

    Attributes
    ----------
    values : array, (H, W), or (H, W, 3) for a picture in colour, from 0 to 1
    title : str
    unit : str
    scale : name of a colour scale
    most : value at its end; that of the pixels unless given
    window : first and last row, first and last column of a frame around pixels, if any
    """

    values: NDArray[np.float32]
    title: str
    unit: str
    scale: str
    window: tuple[int, int, int, int] | None = None
    most: float | None = None


def picture(image: NDArray[np.float32], window: tuple[int, int, int, int] | None) -> PixelMap:
    """An image as it is, (c, H, W) with one channel or three."""
    values = image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)
    return PixelMap(values, "the first of the images", "grey value", "gray", window, 1.0)


def pixel_map(one: PixelMap, height: int = 420) -> go.Figure:
    """A picture, or a map above its scale, with its frame."""
    if one.values.ndim == 3:
        drawn_as: dict[str, Any] = {"type": "image", "z": np.round(255.0 * one.values)}
        told = "%{z}"
    else:
        drawn_as = {"type": "heatmap", "z": one.values, "colorscale": one.scale, "zmin": 0.0}
        drawn_as |= {"zmax": one.most, "colorbar": _bar(one.unit, 0.6)}
        told = f"%{{z:.3g}} {one.unit}"
    drawn_as["hovertemplate"] = f"row %{{y}}, column %{{x}}: {told}<extra></extra>"
    return drawn(
        [drawn_as], height, across=HIDDEN, margin={"t": 36, "b": 64},
        up=HIDDEN | {"autorange": "reversed", "constraintoward": "top"},  # to its title
        shapes=[_frame(one)] if one.window else [],
        on=panels(1, 1, subplot_titles=(one.title,)), **squares(1),
    )  # fmt: skip


def _frame(one: PixelMap) -> dict[str, Any]:
    """The window around some of its pixels, as far as it is inside the picture."""
    assert one.window
    (rows, columns), (top, bottom, left, right) = one.values.shape[:2], one.window
    return {
        **{"type": "rect", "x0": max(left, 0) - 0.5, "x1": min(right, columns - 1) + 0.5},
        **{"y0": max(top, 0) - 0.5, "y1": min(bottom, rows - 1) + 0.5, "line": DOTTED},
    }


def all_cells(maps: NDArray[np.float32], scale: str, unit: str, height: int = 540) -> go.Figure:
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
    heat = {
        **{"type": "heatmap", "z": board, "colorscale": scale, "zmin": 0.0},
        "colorbar": _bar(unit, 0.4),
        "hoverinfo": "skip",
    }
    return drawn(
        [heat], height, across=HIDDEN, margin={"b": 64},
        up=HIDDEN | {"autorange": "reversed", "constraintoward": "top"}, **squares(1),
    )  # fmt: skip


def correlation_by_distance(table: pd.DataFrame, height: int = 380) -> go.Figure:
    """|Correlation| of two cells against their distance.

    Parameters
    ----------
    table : DataFrame
        See `analysis.cell_correlation`.
    """
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "x": table["distance"],
            "y": table[column],
            "mode": "lines+markers",
            "name": name,
            "line": {"color": colour, "width": 3},
            "marker": {"size": 9},
            "customdata": table["n_pairs"],
            "hovertemplate": "%{x:.2f} cells apart: %{y:.3f}, %{customdata} pairs<extra></extra>",
        }
        for column, name, colour in (
            ("mean_correlation", "means μ, over the images", RATE),
            ("noise_correlation", "z − μ, given the image", DISTORTION),
        )
        if table[column].notna().any()  # points have no noise
    ]
    chance = {
        "type": "scatter",
        "x": table["distance"],
        "y": table["chance"],
        "mode": "lines",
        "hoverinfo": "skip",
        "line": DOTTED,
        "name": "by chance alone",
    }
    return drawn(
        [*traces, chance], height, "distance between cells", "mean |correlation|",
        up={"range": [0.0, 1.05]},
    )  # fmt: skip
