"""One look for every figure: a colour per class and a colour per quantity, everywhere.

The class colours are Petroff's ten (arXiv 2107.02270), chosen for colour-vision deficiency
and kept as they are in light and dark; classes are labelled directly as well. Backgrounds
are transparent and text takes the page's colour.
"""

from __future__ import annotations

import plotly.graph_objects as go

CLASS_COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip

DISTORTION = "#3f90da"
RATE = "#e76300"
CORRELATION = "#a96b59"
NEGATIVE_ELBO = "#832db6"
PRIOR = "#8a8f98"
INACTIVE = "#b8bcc4"
BRIGHTER, DARKER = "#e76300", "#3f90da"

CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["toImage", "select2d", "lasso2d", "autoScale2d"],
}


def class_colour(label: int) -> str:
    """The colour of a class; repeats after ten."""
    return CLASS_COLOURS[label % len(CLASS_COLOURS)]


def styled(figure: go.Figure, height: int, x: str, y: str) -> go.Figure:
    """Common margins and axis titles. Units belong in `x` and `y`."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": 15},
        hoverlabel={"font": {"size": 14}},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0.0, "title": None},
    )
    grid = {
        "showgrid": True,
        "gridcolor": "rgba(138,143,152,.25)",
        "zerolinecolor": "rgba(138,143,152,.6)",
        "tickfont": {"size": 14},
        "title_font": {"size": 15},
    }
    figure.update_xaxes(title_text=x, automargin=True, **grid)
    figure.update_yaxes(title_text=y, automargin=True, **grid)
    return figure
