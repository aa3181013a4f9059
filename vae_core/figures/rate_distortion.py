"""The plane of rate and distortion: every run a point, equal ELBOs on lines of slope -1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.text import MAX_NAME, inert, printable
from vae_core.figures.theme import BRIGHTER, NEGATIVE_ELBO, PRIOR, class_colour, drawn

UNIT = "nats per image"
TERMS = ["rate", "distortion"]  # across and up
CANVAS = (640.0, 440.0)  # pixels, about; for what covers what
NARROW = np.array([275.0 / CANVAS[0], 1.0])  # of it, what a phone's is
LETTER, LINE, GAP = 7.6, 18.0, 24.0  # a letter's width, a line's height, twice the space left
SIDES = np.array([(0.5, 0.0), (0.0, 0.5), (0.0, -0.5), (-0.5, 0.0)])  # right, above, below, left


def rate_distortion(
    table: pd.DataFrame,
    chosen: str | None = None,
    epochs: pd.DataFrame | None = None,
    height: int = 520,
) -> go.Figure:
    """Runs on the plane; the runs of one sweep are joined in the order of the table.

    Parameters
    ----------
    table : DataFrame
        Columns run, sweep, rate, distortion, negative_elbo; see `point_table`. Finite. With
        n_seeds, rate_sd and distortion_sd, points of several seeds have bars of ± one of these.
    chosen : str, optional
        Index of the point to highlight.
    epochs : DataFrame, optional
        Columns run, epoch, rate, distortion: the way each run came.
    """
    spread = pd.DataFrame({term: _spread(table, term) for term in TERMS})
    ways = [] if epochs is None else [epochs[TERMS]]
    reached = pd.concat([table[TERMS] - spread, table[TERMS] + spread, *ways])
    x, y = (_range(reached[term]) for term in TERMS)
    traces, notes = _iso_lines(x, y)
    if epochs is not None:
        traces += [_way(str(name), way) for name, way in epochs.groupby("run", sort=False)]
    for k, (name, runs) in enumerate(table.groupby("sweep", sort=False)):
        traces.append(_points(runs, class_colour(k), f"sweep {inert(name)}", "lines+markers"))
    alone = table[table["sweep"].isna()]
    if len(alone):
        traces.append(_points(alone, PRIOR, "other runs", "markers"))
    if chosen in table.index:
        traces.append(_ring(table[table.index == chosen]))
    return drawn(
        traces, height, f"rate, {UNIT}", f"distortion, {UNIT}",
        across={"range": x, "zeroline": False}, up={"range": y, "zeroline": False},
        annotations=notes + _labels(table, x, y, chosen),
    )  # fmt: skip


def _spread(table: pd.DataFrame, term: str) -> pd.Series[float]:
    """Standard deviation of a term over the seeds of each point; 0 for one seed."""
    none = pd.Series(0.0, table.index)
    spread: pd.Series[float] = table.get(f"{term}_sd", none).fillna(0.0)
    return spread


def _seeds(table: pd.DataFrame) -> pd.Series[str]:
    """How many seeds a point is the mean of, to follow its name; empty for one."""
    counts = table.get("n_seeds", pd.Series(1, table.index))
    return counts.map(lambda n: f", mean of {n} seeds" if n > 1 else "")


def _bars(table: pd.DataFrame, term: str) -> dict[str, Any]:
    """Bars of ± one standard deviation over seeds; none where every point is one seed."""
    spread = _spread(table, term)
    return {"type": "data", "array": spread, "thickness": 1.5} if spread.any() else {}


def _range(values: pd.Series[float]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    half = max(1.5, 0.58 * (high - low))  # a few nats at least: less is noise
    return (low + high) / 2 - half, (low + high) / 2 + half


def _iso_lines(
    x: tuple[float, float], y: tuple[float, float]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Lines where rate + distortion is the same, and their annotations, which are the sums."""
    lines, notes = [], []
    low, high = x[0] + y[0], x[1] + y[1]
    step = _round_step((high - low) / 9)
    for total in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step:
        left, right = max(x[0], total - y[1]), min(x[1], total - y[0])
        line = {
            **{"type": "scatter", "x": [left, right], "y": [total - left, total - right]},
            "mode": "lines",
            "line": {"color": NEGATIVE_ELBO, "width": 1, "dash": "dot"},
            "name": "same negative ELBO",
            "legendgroup": "iso",
            "showlegend": bool(total - step < low),
            "hoverinfo": "skip",
        }
        lines.append(line)
        if (right - left) > 0.05 * (x[1] - x[0]):
            beside = ("left", "bottom") if right < x[1] else ("right", "top")  # off the line
            notes.append(
                {
                    **{"x": right, "y": total - right, "text": f"{total:g}"},
                    **{"xanchor": beside[0], "yanchor": beside[1], "showarrow": False},
                    "font": {"size": 13},  # the page's ink: purple is too faint for text
                }
            )
    return lines, notes


def _round_step(step: float) -> float:
    """The next 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= step))


def _way(name: str, way: pd.DataFrame) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": inert(name, MAX_NAME),
        "x": way["rate"],
        "y": way["distortion"],
        "customdata": way["epoch"],
        "mode": "lines+markers",
        "line": {"color": PRIOR, "width": 1.5},
        "marker": {"size": 4},
        "opacity": 0.7,
        "showlegend": False,
        "hovertemplate": "%{fullData.name}, epoch %{customdata}<br>"
        "rate %{x:.2f}, distortion %{y:.2f}<extra></extra>",
    }


def _points(runs: pd.DataFrame, colour: str, name: str, mode: str) -> dict[str, Any]:
    titles = runs["run"].map(lambda title: inert(title, MAX_NAME)) + _seeds(runs)
    return {
        "type": "scatter",
        "x": runs["rate"],
        "y": runs["distortion"],
        "error_x": _bars(runs, "rate"),
        "error_y": _bars(runs, "distortion"),
        "customdata": np.stack([titles, runs["negative_elbo"]], 1),
        "mode": mode,
        "line": {"color": colour, "width": 2.5},
        "marker": {"size": 11, "color": colour},
        "name": name,
        "hovertemplate": "%{customdata[0]}<br>distortion %{y:.2f} + rate %{x:.2f} = negative ELBO "
        f"%{{customdata[1]:.2f}} {UNIT}<extra></extra>",
    }


def _ring(run: pd.DataFrame) -> dict[str, Any]:
    return {
        **{"type": "scatter", "x": run["rate"], "y": run["distortion"], "mode": "markers"},
        "marker": {"symbol": "circle-open", "size": 21, "color": BRIGHTER, "line": {"width": 4}},
        "name": "chosen model",
        "hoverinfo": "skip",
    }


def _labels(
    table: pd.DataFrame, x: tuple[float, float], y: tuple[float, float], chosen: str | None
) -> list[dict[str, Any]]:
    """Each run's name beside its point, where it covers nothing; the others show on hovering.

    The chosen one comes first, and has its name whatever that covers.
    """
    table = table.loc[sorted(table.index, key=lambda at: at != chosen)]
    scale = np.array([CANVAS[0] / (x[1] - x[0]), CANVAS[1] / (y[1] - y[0])])
    points = (table[["rate", "distortion"]].to_numpy(float) - [x[0], y[0]]) * scale
    taken = [_box(point, 13.0, 13.0) for point in points]
    notes: list[dict[str, Any]] = []
    for point, name, at in zip(points, table["run"], table.index, strict=True):
        size = np.array([LETTER * len(printable(name, MAX_NAME)), LINE])
        boxes = [(shift, _box(point + shift, *size)) for shift in SIDES * (size + GAP)]
        inside = [(s, b) for s, b in boxes if (b[0] >= 0).all() and (b[1] <= CANVAS).all()]
        anywhere = [(s, b) for s, b in inside if _is_on_a_phone(point * NARROW + s, size)]
        if at != chosen or anywhere:
            inside = anywhere
        for shift, box in inside:
            is_free = not any(_cover(box, other) for other in taken)
            if is_free or (at == chosen and box is inside[-1][1]):
                taken.append(box)
                run = table.loc[at]
                notes.append(
                    {
                        **{"x": run["rate"], "y": run["distortion"], "text": inert(name, MAX_NAME)},
                        **{"xshift": shift[0], "yshift": shift[1], "showarrow": False},
                        "font": {"size": 14},
                    }
                )
                break
    return notes


def _is_on_a_phone(centre: NDArray[np.float64], size: NDArray[np.float64]) -> bool:
    """Whether a name here is within the sides of a phone's plane, and not over its axis."""
    left, right = _box(centre, *size)[:, 0]
    return bool(left >= 0 and right <= CANVAS[0] * NARROW[0])


def _box(centre: NDArray[np.float64], width: float, height: float) -> NDArray[np.float64]:
    half = np.array([width, height]) / 2
    return np.stack([centre - half, centre + half])


def _cover(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Whether two rectangles share a point."""
    return bool((a[0] < b[1]).all() and (b[0] < a[1]).all())


def sweep_curve(table: pd.DataFrame, setting: str, height: int = 300) -> go.Figure:
    """Negative ELBO against what a sweep changes, the lowest marked.

    Parameters
    ----------
    table : DataFrame
        The values in the column named by the setting, and negative_elbo; see `sweep_table`. With
        n_seeds and negative_elbo_sd, values of several seeds have bars of ± one of these.
    setting : str
    """
    values, nats = table[setting], table["negative_elbo"]
    spread = _spread(table, "negative_elbo")
    curve = {
        **{"type": "scatter", "x": values, "y": nats, "mode": "lines+markers"},
        "line": {"color": NEGATIVE_ELBO, "width": 3},
        "marker": {"size": 9},
        "error_y": _bars(table, "negative_elbo"),
        "text": _seeds(table),
        "showlegend": False,
        "hovertemplate": f"{setting} %{{x}}: %{{y:.2f}} {UNIT}%{{text}}<extra></extra>",
    }
    best = int(np.argmin(nats))
    lowest = {
        **{"type": "scatter", "x": [values.iloc[best]], "y": [nats.iloc[best]]},
        "mode": "markers+text",
        "marker": {
            **{"symbol": "circle-open", "size": 18, "color": NEGATIVE_ELBO},
            "line": {"width": 3},
        },
        "text": [f"lowest at {_shown(values.iloc[best])}"],
        "textposition": f"bottom {_side(best, len(values))}",
        "textfont": {"size": 14},
        "showlegend": False,
        "hoverinfo": "skip",
    }
    low, high = float((nats - spread).min()), float((nats + spread).max())
    span = max(0.1, high - low)
    return drawn(
        [curve, lowest], height, setting, f"negative ELBO, {UNIT}", across=_scale(values),
        up={"range": [low - 0.25 * span, high + 0.08 * span]},
    )  # fmt: skip


def _scale(values: pd.Series[Any]) -> dict[str, Any]:
    """The kind of axis for what a sweep changes."""
    if not pd.api.types.is_numeric_dtype(values):
        return {"type": "category"}
    if values.min() > 0 and values.max() > 10 * values.min():
        return {"type": "log", "tickvals": values, "ticktext": [f"{v:g}" for v in values]}
    return {}


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _side(k: int, n: int) -> str:
    """Where a label below the k-th of n points has room: away from the chart's ends."""
    return "center" if 0 < k < n - 1 or n == 1 else "left" if k else "right"
