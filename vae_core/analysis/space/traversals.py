"""Latent traversals: decoded pictures along one latent dimension."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from vae_core.vae import VAE, decode_mean


def traverse(
    vae: VAE, z: Float[Tensor, "*latent"], index: int, values: Float[Tensor, " n"]
) -> Float[Tensor, "n c H W"]:
    """Decode z with dimension `index` of z.flatten() set to each value in turn.

    On a simplex the other dimensions change too.

    Parameters
    ----------
    z : Tensor, (*latent,)
    index : int
    values : Tensor, (n,)

    Returns
    -------
    Tensor, (n, c, H, W)
    """
    return decode_mean(vae, vae.family.move(z, index, values))
