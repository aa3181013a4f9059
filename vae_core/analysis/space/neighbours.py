"""Nearest codes of a point of latent space."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from vae_core.codes import Codes


def nearest_codes(codes: Codes, z: Float[Tensor, "*latent"], count: int) -> Codes:
    """The images whose posterior means lie nearest to z, the nearest first.

    Parameters
    ----------
    z : Tensor, (*latent,)
    count : int
        At most so many.
    """
    distance = (codes.mean - z).flatten(1).square().sum(1)
    return codes.take(distance.topk(min(count, len(codes)), largest=False).indices)
