"""Class posteriors q(z|y): mixtures over the images of a class, not one Gaussian."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.codes import Codes


@dataclass(frozen=True)
class ClassPosterior:
    """Moments of q(z|y) = mean over the class's images of q(z|x), over flattened z.

    `mean` and `covariance` are those of the moment-matched Gaussian:
    E[z] = mean of E[z|x], Cov[z] = Cov(E[z|x]) + mean of Cov(z|x).
    """

    label: int
    n_images: int
    mean: Float[Tensor, " d"]
    covariance: Float[Tensor, "d d"]


def class_posteriors(codes: Codes) -> list[ClassPosterior]:
    """The moment-matched Gaussian of every class present, in order of label."""
    return [_moments(int(label), codes.of_class(int(label))) for label in codes.labels.unique()]


def _moments(label: int, codes: Codes) -> ClassPosterior:
    mu = codes.mean.flatten(1).double()
    centred = mu - mu.mean(0)
    between = centred.T @ centred / len(codes)
    return ClassPosterior(label, len(codes), mu.mean(0), between + codes.mean_covariance)


def examples(codes: Codes, count: int = 10) -> Codes:
    """Example images: the first of every class, then the second, until there are enough.

    At most `count`, in order of class and then of position.
    """
    turn = torch.zeros_like(codes.labels)
    for label in codes.labels.unique():
        own = torch.nonzero(codes.labels == label)[:, 0]
        turn[own] = torch.arange(len(own))
    chosen = torch.argsort(turn * (codes.labels.max() + 1) + codes.labels)[:count]
    chosen = chosen.sort().values
    return codes.take(chosen[codes.labels[chosen].argsort(stable=True)])


def class_draws(codes: Codes, n_samples: int, seed: int = 0) -> Codes:
    """Draws from q(z|y) for every class at once: one z for each of `n_samples` images.

    Picks images at random, so classes appear in their proportions, and draws one z from
    each one's posterior.

    Returns
    -------
    Codes
        Of the family "delta": the draws are its locations, with their images' labels and
        positions.
    """
    generator = torch.Generator().manual_seed(seed)
    chosen = codes.take(torch.randint(len(codes), (n_samples,), generator=generator))
    z = chosen.posterior().sample((), generator)
    return Codes(z, chosen.labels, "delta", codes.latent_shape, chosen.index, codes.learned_prior)
