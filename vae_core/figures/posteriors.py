"""Posteriors against the prior: a plane to scale, and one-dimensional marginals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.text import inert
from vae_core.figures.theme import DOTTED, NOTHING, PRIOR, class_colour, drawn, ink_on

ANGLES = np.linspace(0.0, 2.0 * np.pi, 97)
SAME, BESIDE = 0.25, 0.6  # of a name's height: centres that are one, names that need a line
TOGETHER = "#6a737d"  # of what is of several classes: their name, their ellipse
CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)])


@dataclass(frozen=True)
class Ellipse:
    """A Gaussian in the plane, by its moments."""

    label: int
    name: str
    mean: NDArray[np.float64]  # (2,)
    covariance: NDArray[np.float64]  # (2, 2)

    def contour(self, n_sigma: float) -> NDArray[np.float64]:
        """Points at Mahalanobis distance `n_sigma` from the mean, (2, m)."""
        values, vectors = np.linalg.eigh(self.covariance)
        axes = vectors * np.sqrt(np.maximum(values, 0.0))
        points: NDArray[np.float64] = self.mean[:, None] + n_sigma * axes @ CIRCLE
        return points


def posterior_plane(
    points: pd.DataFrame,
    ellipses: Sequence[Ellipse],
    axes: tuple[str, str],
    height: int = 620,
    prior: pd.DataFrame | None = None,
    corners: Mapping[str, tuple[float, float]] = NOTHING,
    images: Sequence[Ellipse] = (),
) -> go.Figure:
    """The plane of two latent dimensions, one unit as long across as up.

    Parameters
    ----------
    points : DataFrame
        Columns x, y, label, name, index (of the image in its split).
    ellipses : sequence of Ellipse
        Drawn at 1 and 2 sigma, on a triangle at 1, and named at their centre.
    axes : two axis titles
    prior : DataFrame, optional
        Columns x, y: draws from the prior, in grey. Without them the prior is N(0, I), drawn
        as rings at 1, 2 and 3 sigma.
    corners : mapping, optional
        Where three proportions are 1, by their names: draw this triangle instead of axes.
    images : sequence of Ellipse
        One posterior each, drawn thin at 1 sigma.
    """
    centres = np.array([image.mean for image in images]).reshape(-1, 2)
    shown = np.vstack([points[["x", "y"]], centres, *([] if prior is None else [prior])])
    low, high = _square(shown, 3.4 if prior is None else 0.0)
    radii = (1, 2, 3) if prior is None else ()
    traces = [
        *([] if prior is None else [_cloud(prior)]),
        *(_dots(group) for _, group in points.groupby("label")),
        *_field(images),
        *(_line(radius * CIRCLE, {"color": PRIOR, "width": 2, "dash": "dot"}) for radius in radii),
    ]
    gap = 0.045 * float((high - low)[0])
    are_one = _are_one(ellipses, SAME * gap)
    for ellipse in ellipses[:1] if are_one else ellipses:
        for n_sigma, width in ((1, 3),) if corners else ((1, 3), (2, 1.5)):
            colour = TOGETHER if are_one else class_colour(ellipse.label)
            line = {"color": colour, "width": width}
            traces.append(_line(ellipse.contour(n_sigma), line))
    notes = [_ring_name(radius) for radius in radii] + _names(ellipses, gap)
    # One square for everything: on a narrow screen it shrinks instead of showing more plane.
    across: dict[str, Any] = {"range": [low[0], high[0]], "constrain": "domain"}
    up: dict[str, Any] = {
        **{"range": [low[1], high[1]], "constrain": "domain", "constraintoward": "top"},
        **{"scaleanchor": "x", "scaleratio": 1},
    }
    if corners:
        outline = np.array([*corners.values()])[[0, 1, 2, 0]].T
        traces.append(_line(outline, {"color": PRIOR, "width": 2}))
        notes += _corner_names(corners)
        across |= {"visible": False, "range": [-0.12, 1.12]}
        up |= {"visible": False, "range": [-0.17, 1.07]}
    return drawn(traces, height, *axes, across=across, up=up, annotations=notes)


def _line(points: NDArray[np.float64], line: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A line through points, (2, m), without a text on hovering."""
    shape = {"type": "scatter", "x": points[0], "y": points[1], "mode": "lines", "line": line}
    return shape | {"hoverinfo": "skip", "showlegend": False} | more


def _cloud(prior: pd.DataFrame) -> dict[str, Any]:
    return {
        **{"type": "scattergl", "x": prior["x"], "y": prior["y"], "mode": "markers"},
        "name": "prior",
        "marker": {"size": 4, "color": PRIOR, "opacity": 0.55},
        "hoverinfo": "skip",
        "showlegend": True,
    }


def _dots(group: pd.DataFrame) -> dict[str, Any]:
    """The images of one class."""
    return {
        **{"type": "scattergl", "x": group["x"], "y": group["y"], "mode": "markers"},
        "customdata": group["index"],
        "name": inert(group["name"].iloc[0]),
        "marker": {"size": 5, "opacity": 0.5, "color": class_colour(group["label"].iloc[0])},
        "hovertemplate": "%{fullData.name}, test image %{customdata}<br>"
        "(%{x:.2f}, %{y:.2f})<extra></extra>",
        "showlegend": False,
    }


def _field(images: Sequence[Ellipse]) -> Iterator[dict[str, Any]]:
    """The posteriors of many images, one line per class with gaps in it."""
    gap = np.full((2, 1), np.nan)
    for label in sorted({image.label for image in images}):
        own = [image for image in images if image.label == label]
        points = np.hstack([part for image in own for part in (image.contour(1.0), gap)])
        yield _line(points, {"color": class_colour(label), "width": 1.5}, name=inert(own[0].name))


def _names(ellipses: Sequence[Ellipse], gap: float) -> list[dict[str, Any]]:
    """The name of each at its centre, or beside it with a line to it where another is.

    Classes whose centres are one place to the eye have one name together.
    """
    groups = _together([ellipse.mean for ellipse in ellipses], SAME * gap)
    centres = [np.mean([ellipses[k].mean for k in group], axis=0) for group in groups]
    names = []
    for group, centre, place in zip(groups, centres, _spread(centres, gap), strict=True):
        label, is_one = ellipses[group[0]].label, len(group) == 1
        is_beside = bool(np.linalg.norm(place - centre) > BESIDE * gap)
        x, y = centre if is_beside else place
        tag = class_colour(label) if is_one else TOGETHER
        beside = {"ax": place[0], "ay": place[1], "axref": "x", "ayref": "y"}
        names.append(
            {
                **{"x": x, "y": y},
                **(beside if is_beside else {}),
                "text": f"<b>{_joint_name([inert(ellipses[k].name) for k in group], ellipses)}</b>",
                "showarrow": is_beside,
                "arrowhead": 0,
                "arrowwidth": 1.5,
                "arrowcolor": class_colour(label) if is_one else PRIOR,
                "font": {"size": 17, "color": ink_on(tag)},
                "bgcolor": tag,
                "borderpad": 2,
            }
        )
    return names


def _are_one(ellipses: Sequence[Ellipse], near: float) -> bool:
    """Whether all classes' contours at 2 sigma are one to the eye: then it is of none of them."""
    outlines = [_outline(ellipse) for ellipse in ellipses]
    return len(outlines) > 2 and all(
        float(np.abs(outline - outlines[0]).max()) < near for outline in outlines
    )


def _outline(ellipse: Ellipse) -> NDArray[np.float64]:
    """Where it is, and twice its standard deviations across, up and between."""
    (xx, xy), (_, yy) = ellipse.covariance
    squares = np.array([xx, yy, (xx + yy) / 2.0 + xy])
    return np.concatenate([ellipse.mean, 2.0 * np.sqrt(np.maximum(squares, 0.0))])


def _joint_name(names: list[str], all_of: Sequence[Ellipse]) -> str:
    """What classes at one place are called."""
    if len(names) > 2 and len(names) == len(all_of):
        return f"all {len(names)} classes"
    return ", ".join(names)


def _together(centres: Sequence[NDArray[np.float64]], near: float) -> list[list[int]]:
    """Which centres are nearer than this to the first of their group; in their order."""
    groups: list[list[int]] = []
    for k, centre in enumerate(centres):
        for group in groups:
            if np.linalg.norm(centre - centres[group[0]]) < near:
                group.append(k)
                break
        else:
            groups.append([k])
    return groups


def _corner_names(corners: Mapping[str, tuple[float, float]]) -> list[dict[str, Any]]:
    """Below and above the corners: beside them there is no room on a phone."""
    return [
        {
            **{"x": x, "y": y, "text": f"<b>{name} = 1</b>", "showarrow": False},
            **{"yshift": 16 if y else -16, "font": {"size": 16}},
        }
        for name, (x, y) in corners.items()
    ]


def _square(
    points: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of the smallest square around the points and -reach ... reach."""
    around = np.vstack([points, [[-reach, -reach], [reach, reach]]])
    low, high = around.min(0), around.max(0)
    half = 0.52 * (high - low).max()
    return (low + high) / 2 - half, (low + high) / 2 + half


def _spread(centres: list[NDArray[np.float64]], gap: float) -> NDArray[np.float64]:
    """Label positions near the centres, pushed apart until none covers another."""
    places = np.array(centres, float).reshape(-1, 2)
    turn = np.arange(len(places))  # radians: equal centres need a direction to part in
    places += 1e-6 * gap * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    for _ in range(60):
        apart = places[:, None] - places[None]  # (n, n, 2)
        distance = np.linalg.norm(apart, axis=-1) + np.eye(len(places)) * 9 * gap
        push = np.clip(gap - distance, 0.0, None)[..., None] * apart / distance[..., None]
        places = places + 0.5 * push.sum(1)
    return places


def _ring_name(radius: int) -> dict[str, Any]:
    """What is written beside a ring of the prior N(0, I), and how much of it the ring holds.

    In a plane that is 1 - exp(-r^2 / 2): 39, 86 and 99%, not the 68, 95 and 99.7% of a line.
    """
    at = radius * np.sqrt(0.5)
    share = 1.0 - np.exp(-0.5 * radius**2)
    return {
        "x": at,
        "y": -at,
        "text": f"prior {radius}σ: {share:.0%}",
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "top",
        "font": {"size": 14, "color": PRIOR},
    }


def marginal(
    draws: pd.DataFrame,
    prior: pd.DataFrame,
    prior_name: str,
    title: str,
    height: int = 260,
    bins: int = 60,
) -> go.Figure:
    """Density of one latent dimension by class, stacked, against its prior.

    Parameters
    ----------
    draws : DataFrame
        Columns z, label, name: draws from the aggregate posterior.
    prior : DataFrame
        Columns z, density: the prior's curve, over the width that is worth showing.
    prior_name : str
    """
    low = min(prior["z"].min(), draws["z"].min() if len(draws) else np.inf)
    high = max(prior["z"].max(), draws["z"].max() if len(draws) else -np.inf)
    edges = np.linspace(low, high, bins + 1)
    centres, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    layers = [
        {
            "type": "bar",
            "x": centres,
            "y": np.histogram(group["z"], edges)[0] / (len(draws) * width),
            "width": width,
            "marker": {"color": class_colour(group["label"].iloc[0]), "line": {"width": 0}},
            "name": inert(group["name"].iloc[0]),
            "hovertemplate": "%{fullData.name}: %{y:.3f} at %{x:.2f}<extra></extra>",
            "showlegend": False,
        }
        for _, group in draws.groupby("label")
    ]
    curve = prior_curve(prior, prior_name)
    return drawn([*layers, curve], height, title, "density", barmode="stack", bargap=0)


def prior_curve(prior: pd.DataFrame, name: str) -> dict[str, Any]:
    """The density of a latent dimension under the prior of this name; columns z, density."""
    return {
        "type": "scatter",
        "x": prior["z"],
        "y": prior["density"],
        "mode": "lines",
        "line": DOTTED,
        "name": f"prior {name}",
        "hoverinfo": "skip",
    }
