"""The guide to the models: in which order they are offered, and one line each of what to see.

The line of a model that ships is written here; that of an own run is made of its settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pages.ui.session.training_words import beyond_beta
from vae_core.config import POSTERIORS, RunConfig, shape_in_words
from vae_core.data.sources import SOURCES
from vae_core.runs.run import Run

YOURS = "Yours, newest first"


@dataclass(frozen=True)
class Group:
    """Models that ship, under one heading: what to see in each, by the name of its folder."""

    title: str
    lines: Mapping[str, str]


GROUPS = (
    Group("Start here", {
        "mnist-2d": "Two latent dimensions: all codes on one plane, to drag z across.",
        "mnist-20d": "Twenty latent dimensions: sharper pictures, at a higher KL term.",
        "mnist-map": "The latent is a grid of cells: move one, and see which pixels change.",
    }),
    Group("Other ideas", {
        "mnist-conv-2d": "A convolutional network in front of the same two dimensions.",
        "mnist-full-2d": "Two dimensions that may be correlated in q(z|x): its ellipses tilt.",
        "mnist-dirichlet-3": "z is three proportions that add up to 1: a triangle, not a plane.",
        "mnist-dirichlet-10": "z is ten proportions that add up to 1: which does a digit mix?",
        "mnist-gaussian-10d": "A Gaussian likelihood, a density: the negative ELBO is below 0.",
        "mnist-ones-2d": "Images of 1s alone: z tells how a 1 is written.",
        "digits-2d": "Small digits of 8 × 8 pixels, which need no download.",
        "digits-map": "A feature map of four cells, on the small digits.",
    }),
    Group("Other priors, and labels", {
        "mnist-class-2d": "A Gaussian prior for each digit: where do they come to lie?",
        "mnist-mixture-2d": "A prior of ten Gaussians, learned with the rest, on one plane.",
        "mnist-mixture-20d": "A learned prior in 20 dimensions: a lower KL term than N(0, I) has.",
        "mnist-vamp-2d": "VampPrior: the prior is made of the posteriors of ten learned images.",
        "mnist-flow-2d": "A normalising flow as the prior, learned with a convolutional network.",
        "mnist-codebook": "A codebook: each of 16 cells is one of 64 entries, to be swapped.",
        "mnist-conditional-2d": "The label is given: the same hand writes all ten digits.",
    }),
    Group("Broken on purpose", {
        "mnist-ae-2d": "The KL term is left out: each image has a point in place of a posterior.",
        "mnist-collapsed": "The KL term weighs too much: z tells nothing of the image.",
    }),
)  # fmt: skip
ORDER = tuple(name for group in GROUPS for name in group.lines)


def settings_line(config: RunConfig) -> str:
    """What an own run is, so that runs of one name differ: data, family, latent, loss."""
    data, model, train = config.data, config.model, config.train
    said = [SOURCES[data.name].title if data.name in SOURCES else data.name]
    if data.classes:
        said[0] += f" {', '.join(map(str, data.classes))}"
    shape = shape_in_words(model.latent_shape)
    said.append(f"{POSTERIORS[model.posterior].title}, latent {shape}")
    if model.is_conditional:
        known = f", {model.labelled:,} known" if model.is_semi_supervised else ""
        said.append(f"given the label{known}")
    if POSTERIORS[model.posterior].has_rate:
        how = "" if train.reduction == "sum/sum" else f" ({train.reduction})"
        said.append(f"β = {train.beta:g}{how}")
    said.extend(beyond_beta(train))
    said.append("1 epoch" if train.epochs == 1 else f"{train.epochs} epochs")
    if train.seed:
        said.append(f"seed {train.seed}")
    return ", ".join(said)


def own_line(run: Run) -> str:
    """The settings of an own run, and when it was made."""
    return f"{settings_line(run.config)}. Made {run.created[:16].replace('T', ' ')} UTC."
