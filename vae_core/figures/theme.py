"""Theme of all figures: a colour per class and a colour per quantity.

The ten class colours were searched for the largest least difference (OKLab) of any two, as most
people see them and as simulated for protanopia and deuteranopia (Machado et al. 2009); none is
that of a quantity. They are the same in light and dark, and classes are labelled directly as
well. Backgrounds are transparent and text takes the page's colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

CLASS_COLOURS = (
    "#3c69f0", "#c3d200", "#a50000", "#e1a596", "#781ea5",
    "#00e1f0", "#5a9600", "#e14ba5", "#0f5a5a", "#a596ff",
)  # fmt: skip

DISTORTION = "#3f90da"
RATE = "#e76300"
CORRELATION = "#a96b59"
NEGATIVE_ELBO = "#a15ad6"
PRIOR = "#8a8f98"
INACTIVE = "#b8bcc4"
BRIGHTER, DARKER = "#e76300", "#3f90da"

NOTHING: Mapping[str, Any] = MappingProxyType({})
LAYOUT = {
    "margin": {"l": 8, "r": 8, "t": 28, "b": 8},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"size": 15},
    "hoverlabel": {"font": {"size": 14}},
    "dragmode": False,  # a finger on a chart scrolls the page; the tool bar has zoom and pan
    "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0.0},
}
AXIS = {
    "automargin": True,
    "showgrid": True,
    "gridcolor": "rgba(138,143,152,.25)",
    "zerolinecolor": "rgba(138,143,152,.6)",
    "tickfont": {"size": 14},
    "title": {"font": {"size": 15}},
    "exponentformat": "power",  # 10⁻⁶, for "μ" is the mean
    "minexponent": 5,
}
DOTTED = {"color": PRIOR, "width": 3, "dash": "dot"}

CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["toImage", "select2d", "lasso2d", "autoScale2d"],
}


def class_colour(label: int) -> str:
    """The colour of a class; repeats after ten."""
    return CLASS_COLOURS[label % len(CLASS_COLOURS)]


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb", from 0 of black to 1 of white (WCAG 2)."""
    channels = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a: str, b: str) -> float:
    """Contrast of two colours, from 1 to 21 (WCAG 2)."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def ink_on(colour: str) -> str:
    """Black or white, whichever is read better on a colour: at 4.58 or more on any."""
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, colour))


def drawn(
    traces: Sequence[Mapping[str, Any]],
    height: int,
    x: str = "",
    y: str = "",
    across: Mapping[str, Any] = NOTHING,
    up: Mapping[str, Any] = NOTHING,
    on: Mapping[str, Any] = NOTHING,
    **more: Any,
) -> go.Figure:
    """A figure in the theme.

    All at once and of plain values: trace by trace and attribute by attribute, Plotly takes
    several times as long.

    Parameters
    ----------
    traces : what Plotly draws, each with its `type`
    height : pixels
    x, y : str
        Titles of all horizontal and of all vertical axes. Units belong in them.
    across, up : mapping
        More of all horizontal and of all vertical axes.
    on : mapping
        The `panels` that the traces are in, unless all share two axes.
    more : of the layout
    """
    layout: dict[str, Any] = {"xaxis": {}, "yaxis": {}}
    for values in (on, LAYOUT, {"height": height}):
        _put(layout, values)
    for side, title, own in (("xaxis", x, across), ("yaxis", y, up)):
        for axis in [values for name, values in layout.items() if name.startswith(side)]:
            for values in (AXIS, {"title": {"text": title}}, own):
                _put(axis, values)
    _put(layout, more)
    return go.Figure(list(traces), layout)


def _put(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Set these values; those within a mapping one by one."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            _put(into.setdefault(name, {}), value)
        else:
            into[name] = value


@lru_cache(64)
def panels(rows: int, columns: int, **options: Any) -> Mapping[str, Any]:
    """The layout of panels with axes of their own; options of Plotly's `make_subplots`."""
    layout: dict[str, Any] = make_subplots(rows, columns, **options).layout.to_plotly_json()
    layout.pop("template", None)  # the figure's own comes by itself
    return layout


def axes(panel: int) -> dict[str, str]:
    """The axes of a trace in one of the panels, which count from 1, row by row."""
    return {"xaxis": f"x{_number(panel)}", "yaxis": f"y{_number(panel)}"}


def named(side: str, panel: int, **settings: Any) -> dict[str, Any]:
    """Settings of one panel's axis, of side x or y, for the layout."""
    return {f"{side}axis{_number(panel)}": settings}


def squares(n_panels: int) -> dict[str, Any]:
    """In each of the panels, one unit is as long across as up."""
    numbers = map(_number, range(1, n_panels + 1))
    return {f"yaxis{number}": {"scaleanchor": f"x{number}"} for number in numbers}


def _number(panel: int) -> str:
    return "" if panel == 1 else str(panel)
