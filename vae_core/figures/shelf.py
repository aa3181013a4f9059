"""Published numbers beside ours: differences in units of what is accepted."""

from __future__ import annotations

from functools import partial

import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.text import inert
from vae_core.figures.theme import BRIGHTER, DARKER, PRIOR, drawn

REACH = 2.0  # times what is accepted; what is farther is drawn there
ROW = 17  # pixels


def shelf_points(table: pd.DataFrame) -> go.Figure:
    """A point for every row, from source to source; those within what is accepted in the band.

    Parameters
    ----------
    table : DataFrame
        Columns name, title, published_text, ours_text, share (difference over what is
        accepted), holds.
    """
    place = pd.Series(range(len(table) - 1, -1, -1), table.index)
    traces = []
    for holds, colour, name in ((True, DARKER, "as published"), (False, BRIGHTER, "differs")):
        some = table[table["holds"] == holds]
        if some.empty:
            continue
        told = some[["title", "published_text", "ours_text"]].map(partial(inert, most=100))
        traces.append(
            {
                **{"type": "scatter", "mode": "markers", "name": name},
                **{"x": some["share"].clip(-REACH, REACH), "y": place[some.index]},
                "marker": {"size": 10, "color": colour, "symbol": "circle" if holds else "x"},
                "customdata": told.to_numpy(),
                "hovertemplate": "%{customdata[0]}: published %{customdata[1]}, ours "
                "%{customdata[2]}<extra></extra>",
            }
        )
    band = {
        **{"type": "rect", "x0": -1.0, "x1": 1.0, "y0": 0, "y1": 1},
        **{"xref": "x", "yref": "y domain", "fillcolor": PRIOR, "opacity": 0.15},
        "line": {"width": 0},
    }
    up = {
        **{"range": [-1, len(table)], "tickvals": place, "ticktext": table["name"].map(inert)},
        **{"tickfont": {"size": 12}, "zeroline": False},
    }
    return drawn(
        traces, 110 + ROW * len(table), "difference ÷ what is accepted",
        across={"range": [-1.1 * REACH, 1.1 * REACH], "dtick": 1}, up=up, shapes=[band],
    )  # fmt: skip
