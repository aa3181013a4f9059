"""Posteriors against the prior: a plane to scale, and one-dimensional marginals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    prior_rings: bool = True,
) -> go.Figure:
    """The plane of two latent numbers, one unit as long across as up.

    Parameters
    ----------
    points : DataFrame
        Columns x, y, label, name, index (of the image in its split).
    ellipses : sequence of Ellipse
        Drawn at 1 and 2 sigma, named at their centre.
    axes : two axis titles
    prior_rings : bool
        N(0, I) at 1, 2 and 3 sigma.
    """
    figure = go.Figure()
    low, high = _square(points, 3.4 if prior_rings else 1.0)
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
    for radius in (1, 2, 3) if prior_rings else ():
        _ring(figure, radius)
    for ellipse in ellipses:
        for n_sigma, width in ((1, 3), (2, 1.5)):
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
        figure.add_annotation(
            x=x,
            y=y,
            text=f"<b>{ellipse.name}</b>",
            showarrow=False,
            font={"size": 17, "color": "white"},
            bgcolor=class_colour(ellipse.label),
            borderpad=2,
        )
    styled(figure, height, *axes)
    # One square for everything: on a narrow screen it shrinks instead of showing more plane.
    figure.update_xaxes(range=[low[0], high[0]], constrain="domain")
    figure.update_yaxes(range=[low[1], high[1]], constrain="domain", constraintoward="top")
    figure.update_yaxes(scaleanchor="x", scaleratio=1)
    return figure


def _square(points: pd.DataFrame, reach: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of the smallest square around the points and -reach ... reach."""
    xy = points[["x", "y"]].to_numpy(float).reshape(-1, 2)
    around = np.vstack([xy, [[-reach, -reach], [reach, reach]]])
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


def _ring(figure: go.Figure, radius: int) -> None:
    figure.add_scatter(
        x=radius * np.cos(CIRCLE),
        y=radius * np.sin(CIRCLE),
        mode="lines",
        line={"color": PRIOR, "width": 2, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    at = radius * np.sqrt(0.5)
    figure.add_annotation(
        x=at,
        y=-at,
        text=f"prior {radius}σ",
        showarrow=False,
        xanchor="left",
        yanchor="top",
        font={"size": 14, "color": PRIOR},
    )


def marginal(draws: pd.DataFrame, title: str, height: int = 260, bins: int = 60) -> go.Figure:
    """Density of one latent number by class, stacked, against N(0, 1).

    Parameters
    ----------
    draws : DataFrame
        Columns z, label, name: draws from the aggregate posterior.
    """
    figure = go.Figure()
    reach = float(max(4.0, np.abs(draws["z"]).max())) if len(draws) else 4.0
    edges = np.linspace(-reach, reach, bins + 1)
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
    grid = np.linspace(-reach, reach, 201)
    figure.add_scatter(
        x=grid,
        y=np.exp(-0.5 * grid**2) / np.sqrt(2 * np.pi),
        mode="lines",
        line={"color": PRIOR, "width": 3, "dash": "dot"},
        name="prior N(0, 1)",
        hoverinfo="skip",
    )
    styled(figure, height, title, "density")
    figure.update_layout(barmode="stack", bargap=0)
    return figure
