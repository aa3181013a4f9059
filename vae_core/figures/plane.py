"""Posteriors against the prior: a plane to scale, and one-dimensional marginals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.theme import PRIOR, class_colour, styled

CIRCLE = np.linspace(0.0, 2.0 * np.pi, 97)


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
        circle = np.stack([np.cos(CIRCLE), np.sin(CIRCLE)])
        points: NDArray[np.float64] = self.mean[:, None] + n_sigma * axes @ circle
        return points


def posterior_plane(
    points: pd.DataFrame,
    ellipses: Sequence[Ellipse],
    axes: tuple[str, str],
    height: int = 620,
    prior: pd.DataFrame | None = None,
    corners: Sequence[str] = (),
    images: Sequence[Ellipse] = (),
) -> go.Figure:
    """The plane of two latent numbers, one unit as long across as up.

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
    corners : three names, optional
        Draw the triangle of `triangle_corners` instead of axes.
    images : sequence of Ellipse
        One posterior each, drawn thin at 1 sigma.
    """
    figure = go.Figure()
    centres = np.array([image.mean for image in images]).reshape(-1, 2)
    shown = np.vstack([points[["x", "y"]], centres, *([] if prior is None else [prior])])
    low, high = _square(shown, 3.4 if prior is None else 0.0)
    if prior is not None:
        figure.add_scattergl(
            x=prior["x"],
            y=prior["y"],
            mode="markers",
            name="prior",
            marker={"size": 4, "color": PRIOR, "opacity": 0.55},
            hoverinfo="skip",
            showlegend=True,
        )
    for _, group in points.groupby("label"):
        figure.add_scattergl(
            x=group["x"],
            y=group["y"],
            customdata=group["index"],
            mode="markers",
            name=str(group["name"].iloc[0]),
            marker={"size": 5, "opacity": 0.5, "color": class_colour(group["label"].iloc[0])},
            hovertemplate="%{fullData.name}, test image %{customdata}<br>"
            "(%{x:.2f}, %{y:.2f})<extra></extra>",
            showlegend=False,
        )
    _field(figure, images)
    notes = [_ring(figure, radius) for radius in ((1, 2, 3) if prior is None else ())]
    for ellipse in ellipses:
        for n_sigma, width in ((1, 3),) if corners else ((1, 3), (2, 1.5)):
            x, y = ellipse.contour(n_sigma)
            figure.add_scatter(
                x=x,
                y=y,
                mode="lines",
                line={"color": class_colour(ellipse.label), "width": width},
                hoverinfo="skip",
                showlegend=False,
            )
    places = _spread([e.mean for e in ellipses], gap=0.045 * (high - low)[0])
    for ellipse, (x, y) in zip(ellipses, places, strict=True):
        notes.append(
            {
                "x": x,
                "y": y,
                "text": f"<b>{ellipse.name}</b>",
                "showarrow": False,
                "font": {"size": 17, "color": "white"},
                "bgcolor": class_colour(ellipse.label),
                "borderpad": 2,
            }
        )
    figure.update_layout(annotations=notes)  # at once: one by one, each goes over all before it
    styled(figure, height, *axes)
    # One square for everything: on a narrow screen it shrinks instead of showing more plane.
    figure.update_xaxes(range=[low[0], high[0]], constrain="domain")
    figure.update_yaxes(range=[low[1], high[1]], constrain="domain", constraintoward="top")
    figure.update_yaxes(scaleanchor="x", scaleratio=1)
    if corners:
        _triangle(figure, corners)
    return figure


def _field(figure: go.Figure, images: Sequence[Ellipse]) -> None:
    """The posteriors of many images, one line per class with gaps in it."""
    gap = np.full((2, 1), np.nan)
    for label in sorted({image.label for image in images}):
        own = [image for image in images if image.label == label]
        x, y = np.hstack([part for image in own for part in (image.contour(1.0), gap)])
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": class_colour(label), "width": 1.5},
            name=own[0].name,
            hoverinfo="skip",
            showlegend=False,
        )


def triangle_corners() -> NDArray[np.float64]:
    """Where the three numbers of a simplex are 1: an equilateral triangle, (3, 2).

    A code z of three proportions lies at z @ corners.
    """
    return np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.75**0.5]])


def _triangle(figure: go.Figure, names: Sequence[str]) -> None:
    corners = triangle_corners()
    outline = np.vstack([corners, corners[:1]])
    figure.add_scatter(
        x=outline[:, 0],
        y=outline[:, 1],
        mode="lines",
        line={"color": PRIOR, "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )
    for (x, y), name, (dx, dy) in zip(corners, names, ((-1, -1), (1, -1), (0, 1)), strict=True):
        figure.add_annotation(
            x=x, y=y, text=f"<b>{name} = 1</b>", showarrow=False, xshift=26 * dx, yshift=14 * dy,
            font={"size": 16},
        )  # fmt: skip
    figure.update_xaxes(visible=False, range=[-0.12, 1.12])
    figure.update_yaxes(visible=False, range=[-0.17, 1.07])


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


def _ring(figure: go.Figure, radius: int) -> dict[str, Any]:
    """A ring of the prior N(0, I); returns its annotation."""
    figure.add_scatter(
        x=radius * np.cos(CIRCLE),
        y=radius * np.sin(CIRCLE),
        mode="lines",
        line={"color": PRIOR, "width": 2, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    at = radius * np.sqrt(0.5)
    return {
        "x": at,
        "y": -at,
        "text": f"prior {radius}σ",
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
    """Density of one latent number by class, stacked, against its prior.

    Parameters
    ----------
    draws : DataFrame
        Columns z, label, name: draws from the aggregate posterior.
    prior : DataFrame
        Columns z, density: the prior's curve, over the width that is worth showing.
    prior_name : str
    """
    figure = go.Figure()
    low = min(prior["z"].min(), draws["z"].min() if len(draws) else np.inf)
    high = max(prior["z"].max(), draws["z"].max() if len(draws) else -np.inf)
    edges = np.linspace(low, high, bins + 1)
    centres, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    for _, group in draws.groupby("label"):
        counts, _ = np.histogram(group["z"], edges)
        figure.add_bar(
            x=centres,
            y=counts / (len(draws) * width),
            width=width,
            marker={"color": class_colour(group["label"].iloc[0]), "line": {"width": 0}},
            name=str(group["name"].iloc[0]),
            hovertemplate="%{fullData.name}: %{y:.3f} at %{x:.2f}<extra></extra>",
            showlegend=False,
        )
    figure.add_scatter(
        x=prior["z"],
        y=prior["density"],
        mode="lines",
        line={"color": PRIOR, "width": 3, "dash": "dot"},
        name=f"prior {prior_name}",
        hoverinfo="skip",
    )
    styled(figure, height, title, "density")
    figure.update_layout(barmode="stack", bargap=0)
    return figure
