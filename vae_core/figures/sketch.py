"""A sketch of a figure: what of it can be drawn at once, before Plotly has come to the page.

A sketch is the same picture, from the same numbers: bars, lines and points as shapes in the
units of their axes, ticks, titles and names. What the page draws of it stands until Plotly has
drawn the figure itself.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = Mapping[str, Any]
Places = NDArray[np.float64]  # in units of an axis
DIGITS = 5  # of a coordinate: far less than a pixel
MAX_POINTS = 30_000
AIR = 0.05  # of the data's span, beside points
GREY = "#8a8f98"
# What is not drawn: a sketch without it would be another picture.
BEYOND = {"stackgroup", "fill", "xbins", "base", "offset"}


def sketch(figure: Values) -> dict[str, Any] | None:
    """What a page draws at once of a figure as plain values; None where that is not the figure.

    Parameters
    ----------
    figure : mapping
        `data` and `layout`, as `Figure.to_dict` gives them.

    Returns
    -------
    dict or None
        height and top: pixels; legend: [name, colour] of each; panels: each with the `name` of its
        x axis, `x` and `y` (domain, title, range, log: whether that is decades, ticks: [place,
        text] or None, square: whether its unit is as long as the other's) and `shapes`; notes:
        texts in the units of a panel, or of the whole.
    """
    layout, traces = figure["layout"], figure["data"]
    if not traces or any(not _is_drawn(trace) for trace in traces):
        return None
    by_panel: dict[tuple[str, str], list[Values]] = {}
    for trace in traces:
        sides = trace.get("xaxis", "x"), trace.get("yaxis", "y")
        by_panel.setdefault(sides, []).append(trace)
    panels = [_panel(layout, x, y, own) for (x, y), own in sorted(by_panel.items())]
    if sum(len(shape["at"]) for panel in panels for shape in panel["shapes"]) > 2 * MAX_POINTS:
        return None
    named = [t for t in traces if t.get("showlegend") is not False and t.get("name")]
    legend = {_plain(trace["name"]): _colour(trace) for trace in named}
    return {
        "height": layout.get("height", 450),
        "top": layout.get("margin", {}).get("t", 28),
        "legend": [list(entry) for entry in legend.items()] if len(legend) > 1 else [],
        "panels": panels,
        "notes": [_note(each) for each in layout.get("annotations", ()) if _is_placed(each)],
    }


def _is_drawn(trace: Values) -> bool:
    if trace["type"] not in {"bar", "scatter", "scattergl"} or BEYOND & trace.keys():
        return False
    colour = _colour(trace)
    return isinstance(colour, str) or all(isinstance(each, str) for each in colour)


def _colour(trace: Values) -> Any:
    part = "line" if "lines" in trace.get("mode", "") else "marker"
    colour = trace.get(part, {}).get("color") or trace.get("marker", {}).get("color") or GREY
    return colour if isinstance(colour, str) else list(numbers(colour))


def numbers(values: Any) -> NDArray[Any]:
    """An array of a figure, which Plotly may have packed; texts stay texts."""
    if isinstance(values, Mapping):
        flat = np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
        shape = str(values.get("shape", len(flat)))
        return flat.reshape([int(side) for side in shape.split(",")])
    return np.asarray(values if values is not None else [])


def _plain(text: object) -> str:
    """A text without tags; line breaks stay."""
    return html.unescape(re.sub(r"<[^>]*>", "", str(text).replace("<br>", "\n")))


def _panel(layout: Values, x: str, y: str, traces: Sequence[Values]) -> dict[str, Any]:
    found = {}
    for side, name in (("x", x), ("y", y)):
        axis = layout.get(f"{side}axis{name[1:]}", {})
        found[side] = _Axis(axis, [numbers(t.get(side)) for t in traces])
    shapes = []
    stack = _Stack(layout, traces, found["x"], found["y"])
    for trace in traces:
        across, up = _pairs(found["x"].places(trace.get("x")), found["y"].places(trace.get("y")))
        if trace["type"] == "bar":
            shapes.append(stack.bars(trace, across, up))
        else:
            shapes += _marks(trace, across, up)
    has_points = any(shape["kind"] == "dots" for shape in shapes)
    for side, first in (("x", 0), ("y", 1)):
        found[side].fit([shape["at"][first::2] for shape in shapes], has_points)
    facts = {side: axis.facts() for side, axis in found.items()}
    return {"name": x, **facts, "shapes": [_rounded(shape) for shape in shapes]}


def _pairs(across: Places, up: Places) -> tuple[Places, Places]:
    """Both of one length, as a chart takes them: 0, 1, ... where one of them is not given."""
    count = np.arange(float(max(len(across), len(up))))
    across, up = (side if len(side) else count for side in (across, up))
    n = min(len(across), len(up))
    return across[:n], up[:n]


def _rounded(shape: dict[str, Any]) -> dict[str, Any]:
    at = np.asarray(shape["at"], float)
    return shape | {"at": [float(f"{v:.{DIGITS}g}") if np.isfinite(v) else None for v in at]}


class _Axis:
    """One axis: where values lie on it, and from where to where it goes."""

    def __init__(self, layout: Values, values: Sequence[NDArray[Any]]) -> None:
        self.layout = layout
        texts = [str(v) for each in values if each.dtype.kind in "OUS" for v in each]
        self.is_log = layout.get("type") == "log"
        self.names: list[str] = []
        if layout.get("type") == "category" or texts:
            first = map(str, numbers(layout.get("categoryarray")))
            self.names = list(dict.fromkeys([*first, *(str(v) for each in values for v in each)]))
        self.range: list[float] = []

    def places(self, values: Any) -> NDArray[np.float64]:
        """In units of the axis: positions of names, or decades."""
        found = numbers(values)
        if self.names:
            where = {name: k for k, name in enumerate(self.names)}
            return np.array([where[str(v)] for v in found], float)
        given = found.astype(float)
        if self.is_log:
            with np.errstate(divide="ignore", invalid="ignore"):
                given = np.log10(given)
        return given

    def fit(self, places: Sequence[Sequence[float]], has_points: bool) -> None:
        """Take the range that is asked for, else that of what is drawn."""
        if (asked := self.layout.get("range")) is not None:
            self.range = [float(end) for end in asked]
            return
        every = np.concatenate([np.asarray(each, float) for each in places] or [np.zeros(1)])
        include = self.layout.get("autorangeoptions", {}).get("include")
        more = numbers(include).ravel().astype(float) if include is not None else np.zeros(0)
        every = np.concatenate([every[np.isfinite(every)], more])
        if self.layout.get("rangemode") == "tozero":
            every = np.append(every, 0.0)
        low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
        if self.names:
            low, high = min(low, -0.5), max(high, len(self.names) - 0.5)
        air = AIR * (high - low) or 0.5
        beside = air if has_points and not self.names else 0.0
        ends = [low - beside if low else low, high + (beside or (0.0 if self.names else air))]
        self.range = ends[::-1] if self.layout.get("autorange") == "reversed" else ends

    def facts(self) -> dict[str, Any]:
        """What the page needs of it."""
        title = self.layout.get("title") or {}
        text = title if isinstance(title, str) else title.get("text") or ""
        ticks: list[list[Any]] | None = None
        if (given := self.layout.get("tickvals")) is not None:
            at = numbers(given)
            texts = self.layout.get("ticktext")
            shown = numbers(texts) if texts is not None else at
            ticks = [[float(p), _plain(t)] for p, t in zip(self.places(given), shown, strict=True)]
        elif self.names:
            ticks = [[float(k), _plain(name)] for k, name in enumerate(self.names)]
        hidden = self.layout.get("visible") is False or self.layout.get("showticklabels") is False
        return {
            "domain": list(self.layout.get("domain", (0.0, 1.0))),
            "title": "" if self.layout.get("visible") is False else _plain(text),
            "range": self.range,
            "log": self.is_log,
            "ticks": [] if hidden else ticks,
            "grid": self.layout.get("visible") is not False and self.layout.get("showgrid", True),
            "square": "scaleanchor" in self.layout,
        }


class _Stack:
    """Bars of one panel: upon each other, or beside each other."""

    def __init__(self, layout: Values, traces: Sequence[Values], x: _Axis, y: _Axis) -> None:
        bars = [t for t in traces if t["type"] == "bar"]
        self.is_stacked = layout.get("barmode", "group") in {"stack", "relative"}
        self.n = 1 if self.is_stacked else max(len(bars), 1)
        self.k = 0
        self.ends: dict[tuple[float, bool], float] = {}
        at = [y.places(t["y"]) if _is_flat(t) else x.places(t["x"]) for t in bars]
        apart = np.diff(np.unique(np.concatenate([np.zeros(0), *at])))
        unit = float(apart.min()) if len(apart) else 1.0
        self.wide = unit * (1.0 - float(layout.get("bargap", 0.2))) / self.n

    def bars(self, trace: Values, across: Places, up: Places) -> dict[str, Any]:
        """Rectangles x0, y0, x1, y1 of one trace."""
        is_flat = _is_flat(trace)
        at, size = (up, across) if is_flat else (across, up)
        wide = np.broadcast_to(numbers(trace.get("width", self.wide)), at.shape)
        beside = 0.0 if self.is_stacked else (self.k - (self.n - 1) / 2) * self.wide
        self.k += 1
        found: list[float] = []
        for where, value, half in zip(at + beside, size, wide / 2, strict=True):
            key = (float(where), bool(value < 0))
            begin = self.ends.get(key, 0.0) if self.is_stacked else 0.0
            self.ends[key] = end = begin + (float(value) if np.isfinite(value) else 0.0)
            low, high = float(where - half), float(where + half)
            found += [begin, low, end, high] if is_flat else [low, begin, high, end]
        return {"kind": "bars", "colour": _colour(trace), "at": found}


def _is_flat(trace: Values) -> bool:
    return trace.get("orientation") == "h"


def _marks(trace: Values, across: Places, up: Places) -> list[dict[str, Any]]:
    """A line, points, or both; x, y of each."""
    at, mode = np.stack([across, up], 1).ravel().tolist(), trace.get("mode", "lines")
    found: list[dict[str, Any]] = []
    if "lines" in mode:
        line = trace.get("line", {})
        dash = {"dot": [2, 4], "dash": [8, 5]}.get(line.get("dash", ""), [])
        look = {"colour": line.get("color", GREY), "width": line.get("width", 2), "dash": dash}
        found.append({"kind": "line", "at": at, **look})
    if "markers" in mode:
        marker = trace.get("marker", {})
        size, opacity = marker.get("size", 6), marker.get("opacity", 1)
        colour = marker.get("color") or _colour(trace)
        plain = colour if isinstance(colour, str) else list(numbers(colour))
        found.append(
            {
                **{"kind": "dots", "at": at, "colour": plain},
                "size": size if isinstance(size, int | float) else 8,
                "opacity": opacity if isinstance(opacity, int | float) else 1,
            }
        )
    return found


def _is_placed(note: Values) -> bool:
    """Whether a text has words, and stands at numbers."""
    at = (note.get("x"), note.get("y"))
    return bool(note.get("text")) and all(isinstance(each, int | float) for each in at)


def _note(note: Values) -> dict[str, Any]:
    """A text beside a point of a panel, or of the whole figure (panel None)."""
    is_paper = note.get("xref", "x") == "paper"
    x, y = note["x"], note["y"]
    arrow = None
    if note.get("showarrow") and note.get("axref", "pixel") != "pixel":
        arrow, x, y = [note["x"], note["y"]], note["ax"], note["ay"]
    return {
        "panel": None if is_paper else str(note.get("xref", "x")),
        "at": [x, y], "from": arrow, "text": _plain(note["text"]),
        "colour": note.get("font", {}).get("color"), "ground": note.get("bgcolor"),
        "size": note.get("font", {}).get("size", 14),
        "anchor": note.get("xanchor", "auto"),
        "shift": [note.get("xshift", 0), note.get("yshift", 0)],
    }  # fmt: skip
