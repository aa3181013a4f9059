"""Figures of the Posteriors page: the plane and two marginals, drawn once for all readers."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from pages.ui.drawing import charts, plane_frames
from pages.ui.drawing.latent_figure import gaussian_shares, latent_figure
from pages.ui.drawing.numbers import percent
from pages.ui.library import cached
from vae_core import Codes, Run
from vae_core.analysis import Estimate, class_draws, class_posteriors
from vae_core.analysis.collapse import is_collapsed
from vae_core.analysis.plane import LatentPlane, within_ellipses
from vae_core.figures import marginal

MEANS, DRAWS, WIDTHS, NOTHING = "means", "draws of z", "posteriors, 1σ", "none"
LAYERS = (MEANS, DRAWS, WIDTHS, NOTHING)
MAX_WIDTHS = 150
RINGS = (
    "The rings at 1σ, 2σ and 3σ hold 39%, 86% and 98.9% of the draws of N(0, I) in a plane, not "
    "the 68%, 95% and 99.7% of a line."
)


@dataclass(frozen=True)
class Asked:
    """What is to be shown: of which classes, of how many images, on which dimensions; and how."""

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
    shown, are_wide = codes.of_class(*asked.classes), asked.layer == WIDTHS
    most = {WIDTHS: MAX_WIDTHS, NOTHING: 0}.get(asked.layer, asked.count)
    of = class_draws(shown, asked.count) if asked.layer == DRAWS else shown
    some, layout = of.first(most), LatentPlane.of(codes, asked.axes)
    figure = latent_figure(
        layout,
        codes,
        plane_frames.points(layout, some.first(0) if are_wide else some, names),
        plane_frames.class_ellipses(layout, class_posteriors(shown), names)
        if asked.has_ellipses
        else [],
        plane_frames.image_ellipses(layout, some, names) if are_wide else [],
    )
    return Drawn((charts.plain(figure),), len(some))


def marginals(run: Run, asked: Asked) -> Drawn:
    """The densities of the dimensions across and up, if there are two, and from how many draws.

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
            plane_frames.draws_frame(draws, index, names),
            plane_frames.prior_frame(codes, index),
            codes.family.prior_title,
            titles[index],
        )
        for index in dict.fromkeys(axes)
    )
    return Drawn(tuple(map(charts.plain, figures)), len(draws))


@cached.per_run(max_entries=200)
def coverage(run: Run, asked: Asked) -> tuple[Estimate, Estimate]:
    """How many draws of the q(z|y) shown lie within 1 and 2 sigma of their ellipses."""
    codes = cached.codes(run)
    return within_ellipses(codes.of_class(*asked.classes), LatentPlane.of(codes, asked.axes))


def coverage_note(found: tuple[Estimate, Estimate], shape: LatentPlane) -> str:
    """What the ellipses hold of their classes, beside what they would hold of Gaussians."""
    one, two = map(percent, found)
    what, of = ("bars", "bar") if shape.is_line else ("ellipses", "ellipse")
    gaussian = gaussian_shares(shape.is_line)
    if shape.is_triangle:
        return f"The 1σ {of} of q(z|y) holds {one} of its draws."
    return f"The {what} of q(z|y) at 1σ and 2σ hold {one} and {two} of its draws, {gaussian}."


def advice(codes: Codes, outlines: str) -> str:
    """What to try with the classes, and why; `outlines` are "Ellipses" or "Bars"."""
    matched = (
        f"{outlines} match the mean and covariance of q(z|y), a mixture that is not itself "
        "Gaussian."
    )
    if is_collapsed(codes):
        return (
            "**Collapsed.** q(z|x) is the prior for every image, and so is q(z|y) for every class: "
            "z carries no information."
        )
    if len(codes.labels.unique()) == 1:
        return (
            "All images are of one class: their mixture is the aggregate posterior q(z), which "
            f"should match the prior. {matched}"
        )
    return (
        "**Try this:** choose one class. One class need not look like the prior. Every image pays "
        "for its own distance (KL), but what should match the prior is the mixture of all classes, "
        f"q(z). {matched}"
    )


def notes(run: Run, asked: Asked) -> str:
    """What rings and ellipses hold, where they are drawn."""
    codes = cached.codes(run)
    layout = LatentPlane.of(codes, asked.axes)
    said = []
    if codes.family.is_rotation_invariant and not layout.is_line:
        said.append(RINGS)
    if asked.has_ellipses:
        said.append(coverage_note(coverage(run, asked), layout))
    return " ".join(said)


def pick_axes(order: list[int], names: list[str]) -> tuple[int, int]:
    """Which two latent dimensions span the plane; the two most informative to begin with."""
    if len(names) == 2:
        return 0, 1
    if len(names) == 1:
        return 0, 0
    options = [names[j] for j in order]
    across = st.selectbox("Across", options, index=0, key="across", bind="query-params")
    up = st.selectbox("Up", options, index=1, key="up", bind="query-params")
    return names.index(across), names.index(up)
