"""Locality of a feature map's cells: sensitivity and effect per pixel, and their correlation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.theme import DISTORTION, DOTTED, RATE, axes, drawn, panels, squares

SEES, PAINTS = "Oranges", "Blues"
HIDDEN = {
    **{"showticklabels": False, "ticks": "", "showgrid": False, "zeroline": False},
    "constrain": "domain",
}


@dataclass(frozen=True)
class PixelMap:
    """A map of one value per pixel.

    Attributes
    ----------
    values : array, (H, W)
    title : str
        Lines apart by <br>: on a phone there is room for a dozen letters.
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
    pictures = [
        {
            "type": "heatmap",
            "z": one.values,
            "colorscale": one.scale,
            "zmin": 0.0,
            "showscale": False,
            "hovertemplate": f"row %{{y}}, column %{{x}}: %{{z:.3g}} {one.unit}<extra></extra>",
            **axes(k),
        }
        for k, one in enumerate(maps, start=1)
    ]
    frames = [_frame(one, k) for k, one in enumerate(maps, start=1) if one.window]
    return drawn(
        pictures, height, across=HIDDEN, margin={"t": 48}, shapes=frames,
        up=HIDDEN | {"autorange": "reversed", "constraintoward": "top"},  # to its title
        on=panels(1, len(maps), subplot_titles=tuple(one.title for one in maps)),
        **squares(len(maps)),
    )  # fmt: skip


def _frame(one: PixelMap, panel: int) -> dict[str, Any]:
    """The window around some of its pixels, as far as it is inside the picture."""
    assert one.window
    (rows, columns), (top, bottom, left, right) = one.values.shape, one.window
    return {
        **{"type": "rect", "x0": max(left, 0) - 0.5, "x1": min(right, columns - 1) + 0.5},
        **{"y0": max(top, 0) - 0.5, "y1": min(bottom, rows - 1) + 0.5, "line": DOTTED},
        **{f"{axis[0]}ref": name for axis, name in axes(panel).items()},
    }


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
    heat = {
        **{"type": "heatmap", "z": board, "colorscale": scale, "zmin": 0.0, "colorbar": bar},
        "hoverinfo": "skip",
    }
    return drawn([heat], height, across=HIDDEN, up=HIDDEN | {"autorange": "reversed"}, **squares(1))


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
