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
    """What is to be shown: of which classes, of how many images, on which numbers; and how."""

    classes: tuple[int, ...]
    count: int
    axes: tuple[int, int]
    layer: str
    has_ellipses: bool


@dataclass(frozen=True)
class Drawn:
    """Figures, and how many images, or draws, they are of."""

    figures: tuple[go.Figure, ...]
    n: int


def plane(run: Run, asked: Asked) -> Drawn:
    """The plane, and how many points are on it."""
    return _plane(cached.version(run), asked, run)


def marginals(run: Run, asked: Asked) -> Drawn:
    """The density of the number across and of that up, and from how many draws."""
    return _marginals(cached.version(run), asked.classes, asked.count, asked.axes, run)


@st.cache_resource(max_entries=200, show_spinner=False)
def _plane(version: str, asked: Asked, _run: Run) -> Drawn:
    codes, names = cached.codes(_run), _run.data()["class_names"]
    shown, are_wide = charts.of_classes(codes, asked.classes), asked.layer == charts.WIDTHS
    most = {charts.WIDTHS: charts.MAX_WIDTHS, charts.NOTHING: 0}.get(asked.layer, asked.count)
    of = class_draws(shown, asked.count) if asked.layer == charts.DRAWS else shown
    some, layout = charts.first(of, most), charts.Plane(codes, asked.axes)
    figure = posterior_plane(
        layout.points(charts.first(some, 0) if are_wide else some, names),
        layout.outlines(class_posteriors(shown), names) if asked.has_ellipses else [],
        layout.titles,
        prior=layout.prior(),
        corners=layout.corners,
        images=layout.posteriors(some, names) if are_wide else [],
    )
    return Drawn((charts.plain(figure),), len(some))


@st.cache_resource(max_entries=200, show_spinner=False)
def _marginals(
    version: str, classes: tuple[int, ...], count: int, axes: tuple[int, int], _run: Run
) -> Drawn:
    codes, names = cached.codes(_run), _run.data()["class_names"]
    draws = class_draws(charts.of_classes(codes, classes), count)
    titles = cached.rates(_run)["name"]
    figures = (
        marginal(
            charts.draws_frame(draws, index, names),
            charts.prior_frame(codes, index),
            codes.kind.prior_title,
            titles[index],
        )
        for index in axes
    )
    return Drawn(tuple(map(charts.plain, figures)), len(draws))
