"""What the Posteriors page draws: the plane and two marginals, once for all who ask alike."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from pages.ui import cached, charts
from vae_core import Run
from vae_core.analysis import class_draws, class_posteriors
from vae_core.figures import marginal, posterior_plane


@dataclass(frozen=True)
class Asked:
    """What is to be shown: of which classes, how, of how many images, on which numbers."""

    classes: tuple[int, ...]
    layer: str
    has_ellipses: bool
    count: int
    axes: tuple[int, int]


@dataclass(frozen=True)
class Positions:
    """The figures, and how many images, points and draws they are of."""

    plane: go.Figure
    marginals: tuple[go.Figure, ...]
    n_shown: int
    n_points: int
    n_draws: int


def positions(run: Run, asked: Asked) -> Positions:
    """The figures for a run."""
    return _positions(cached.version(run), asked, run)


@st.cache_resource(max_entries=200, show_spinner=False)
def _positions(version: str, asked: Asked, _run: Run) -> Positions:
    codes, names = cached.codes(_run), _run.data()["class_names"]
    shown = charts.of_classes(codes, asked.classes)
    draws = class_draws(shown, asked.count)
    most = {charts.WIDTHS: charts.MOST_WIDTHS, charts.NOTHING: 0}.get(asked.layer, asked.count)
    some = charts.first(draws if asked.layer == charts.DRAWS else shown, most)
    layout, are_wide = charts.Plane(codes, asked.axes), asked.layer == charts.WIDTHS
    plane = posterior_plane(
        layout.points(charts.first(some, 0) if are_wide else some, names),
        layout.outlines(class_posteriors(shown), names) if asked.has_ellipses else [],
        layout.titles,
        prior=layout.prior(),
        corners=layout.corners,
        images=layout.posteriors(some, names) if are_wide else [],
    )
    titles = cached.rates(_run)["name"]
    marginals = (
        marginal(
            charts.draws_frame(draws, index, names),
            charts.prior_frame(codes, index),
            codes.kind.prior_title,
            titles[index],
        )
        for index in asked.axes
    )
    return Positions(
        charts.plain(plane), tuple(map(charts.plain, marginals)), len(shown), len(some), len(draws)
    )
