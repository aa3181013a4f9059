"""What the Posteriors page draws: the plane and two marginals, once for all who ask alike."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go

from pages.ui.drawing import charts
from pages.ui.library import cached
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


@cached.per_run(max_entries=200)
def plane(run: Run, asked: Asked) -> Drawn:
    """The plane, and how many points are on it."""
    codes, names = cached.codes(run), run.data().class_names
    shown, are_wide = codes.of_class(*asked.classes), asked.layer == charts.WIDTHS
    most = {charts.WIDTHS: charts.MOST_WIDTHS, charts.NOTHING: 0}.get(asked.layer, asked.count)
    of = class_draws(shown, asked.count) if asked.layer == charts.DRAWS else shown
    some, layout = of.first(most), charts.Plane(codes, asked.axes)
    figure = posterior_plane(
        layout.points(some.first(0) if are_wide else some, names),
        layout.outlines(class_posteriors(shown), names) if asked.has_ellipses else [],
        layout.titles,
        prior=layout.prior(),
        corners=layout.corners,
        images=layout.posteriors(some, names) if are_wide else [],
    )
    return Drawn((charts.plain(figure),), len(some))


def marginals(run: Run, asked: Asked) -> Drawn:
    """The densities of the dimensions across and up, and from how many draws.

    Layers and ellipses are the plane's alone.
    """
    return _marginals(run, asked.classes, asked.count, asked.axes)


@cached.per_run(max_entries=200)
def _marginals(run: Run, classes: tuple[int, ...], count: int, axes: tuple[int, int]) -> Drawn:
    codes, names = cached.codes(run), run.data().class_names
    draws = class_draws(codes.of_class(*classes), count)
    titles = cached.rates(run)["name"]
    figures = (
        marginal(
            charts.draws_frame(draws, index, names),
            charts.prior_frame(codes, index),
            codes.family.prior_title,
            titles[index],
        )
        for index in axes
    )
    return Drawn(tuple(map(charts.plain, figures)), len(draws))
