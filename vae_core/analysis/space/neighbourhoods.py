"""Trustworthiness and continuity: how far a plane keeps the neighbours of latent space."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.analysis.estimates import Estimate, mean_estimate
from vae_core.errors import ConfigError

NEIGHBOURS = 12
MAX_IMAGES = 1500  # whose distances to each other are taken


@dataclass(frozen=True)
class Neighbourhoods:
    """How well neighbours are kept, from 0 to 1; a plane chosen by chance has about 1/2.

    Attributes
    ----------
    trustworthiness : Estimate
        1 where all who are neighbours on the plane are neighbours in latent space.
    continuity : Estimate
        1 where all neighbours in latent space are neighbours on the plane.
    n_neighbours, n_images : int
    """

    trustworthiness: Estimate
    continuity: Estimate
    n_neighbours: int
    n_images: int


def neighbourhoods(
    z: Float[Tensor, "n d"],
    plane: Float[Tensor, "n 2"],
    n_neighbours: int = NEIGHBOURS,
    seed: int = 0,
) -> Neighbourhoods:
    """Trustworthiness and continuity (Venna and Kaski 2001) of a projection.

    Each intruder among an image's neighbours costs as much as it is ranked behind the true ones;
    the scale is such that the worst projection has 0. The standard error is that of the mean over
    images, as if one image's neighbours told nothing of another's.

    Parameters
    ----------
    z : Tensor, (n, d)
        Codes, a feature map flattened.
    plane : Tensor, (n, 2)
        Their coordinates on the plane.
    n_neighbours : int
        Below half of the images, of which at most MAX_IMAGES are taken, by chance.

    Raises
    ------
    ConfigError
        For too few images.
    """
    if len(z) > MAX_IMAGES:
        some = torch.randperm(len(z), generator=torch.Generator().manual_seed(seed))[:MAX_IMAGES]
        z, plane = z[some], plane[some]
    if not 0 < n_neighbours < len(z) / 2:
        raise ConfigError(
            f"{n_neighbours} neighbours need more than {2 * n_neighbours} images; got {len(z)}."
        )
    here, there = _ranks(z), _ranks(plane)
    n, k = len(z), n_neighbours
    scale = 2.0 / (k * (2 * n - 3 * k - 1))

    def kept(ranks: Tensor, others: Tensor) -> Estimate:
        """One less what the nearest by `others` cost by `ranks`, image by image."""
        cost = torch.where(others < k, (ranks - k + 1).clamp(min=0), 0).sum(1)
        return mean_estimate(1.0 - scale * cost.double())

    return Neighbourhoods(kept(here, there), kept(there, here), k, n)


def _ranks(points: Float[Tensor, "n d"]) -> Tensor:
    """Of each point's others, by their distance: 0 the nearest; its own is n, behind them all."""
    distance = torch.cdist(points.double(), points.double())
    distance.fill_diagonal_(torch.inf)
    ranks = distance.argsort(dim=1, stable=True).argsort(dim=1)
    return ranks.fill_diagonal_(len(points))
