"""Helper of the Posteriors page: marginals, and what is said of the plane."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from pages.ui.components.lens_state import LensState, renewed
from pages.ui.drawing import charts, plane_frames
from pages.ui.drawing.latent_figure import gaussian_shares
from pages.ui.drawing.numbers import percent
from pages.ui.library import cached
from vae_core import Codes, Run
from vae_core.analysis import Estimate, class_draws, latent_names
from vae_core.analysis.diagnosis.collapse import is_collapsed
from vae_core.analysis.space.plane import LatentPlane, within_ellipses
from vae_core.figures import marginal

RINGS = (
    "The rings at 1σ, 2σ and 3σ hold 39%, 86% and 98.9% of the samples of N(0, I) in a plane, not "
    "the 68%, 95% and 99.7% of a line."
)
LEARNED = "Grey: samples of the learned prior."
ENTRIES = "Grey circles: the entries of the codebook."
COMPONENTS = "Dashed: its components at 1σ, the wider the line the more weight."
OF_IMAGES = {"points": "means", "samples": "samples of z", "widths": "posteriors"}  # by layer
OLD = ("points", "ellipses", "across", "up")  # parameters that links had


@dataclass(frozen=True)
class Asked:
    """What is shown: of which classes, of how many images, on which dimensions; and how."""

    classes: tuple[int, ...]
    count: int
    axes: tuple[int, int]
    layers: tuple[str, ...]

    @classmethod
    def of(cls, run: Run, state: LensState) -> Asked:
        """What the plane shows in this state."""
        axes = (0, 1) if cached.codes(run).is_triangle else (*state.axes, *state.axes)[:2]
        classes = state.classes or tuple(cached.labels(run))
        return cls(classes, state.count, (axes[0], axes[1]), state.layers)

    @property
    def has_ellipses(self) -> bool:
        """Whether the classes' moments are drawn."""
        return "classes" in self.layers


@dataclass(frozen=True)
class Drawn:
    """Figures, and how many draws they are of."""

    figures: tuple[go.Figure, ...]
    n: int


def follow_old_address(run: Run) -> None:
    """Links of earlier versions lead to the same view: their parameters become the lens'."""
    query = st.query_params
    if not any(name in query for name in OLD):
        return
    names = latent_names(cached.codes(run).latent_shape)
    new = renewed(query.to_dict(), names)
    for name in OLD:
        query.pop(name, None)
    for name in ("layers", "axes"):
        if name in new:
            query[name] = new[name]


def marginals(run: Run, asked: Asked) -> Drawn:
    """The densities of the dimensions across and up, if there are two, and from how many draws."""
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
            codes.prior_title,
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
        return f"The 1σ {of} of q(z|y) holds {one} of its samples."
    return f"The {what} of q(z|y) at 1σ and 2σ hold {one} and {two} of its samples, {gaussian}."


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
    if codes.family.has_entries:
        return (
            "**Try this:** choose one class. Each image lies on one of the entries, and costs the "
            "same, wherever that is. Points of many images lie on each other: the page KL counts "
            "them. Ellipses match the mean and covariance of a class."
        )
    if codes.learned_prior is not None and codes.learned_prior.is_of_classes:
        return (
            "**Try this:** choose one class. Each has a prior p(z|y) of its own, dashed in its "
            f"colour, and its images pay for the distance to that. {matched}"
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
    if codes.is_rotation_invariant and not layout.is_line:
        said.append(RINGS)
    elif codes.family.has_entries:
        cells = {j // codes.latent_shape[-1] for j in asked.axes}
        said.append(ENTRIES if len(cells) == 1 else LEARNED)
    elif (learned := codes.learned_prior) is not None:
        said.append(LEARNED if learned.components is None else f"{LEARNED} {COMPONENTS}")
    if asked.has_ellipses:
        said.append(coverage_note(coverage(run, asked), layout))
    return " ".join(said)


def caption(run: Run, asked: Asked) -> str:
    """Of what the plane and the marginals are, and what their rings and ellipses hold."""
    n = len(cached.codes(run).of_class(*asked.classes))
    shown = min(n, asked.count)
    layers = [f"{shown:,} {words}" for name, words in OF_IMAGES.items() if name in asked.layers]
    drawn = f" {' and '.join(layers)} shown;" if layers else ""
    return (
        f"Test split, {n:,} images;{drawn} marginals from {marginals(run, asked).n:,} samples of "
        f"z, one for each of as many images drawn at random. {notes(run, asked)}"
    )
