"""Walks through latent space: what the decoder makes of a changed z."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.vae import VAE


def decode_mean(vae: VAE, z: Float[Tensor, " n *latent"]) -> Float[Tensor, "n c H W"]:
    """The decoder's mean picture for each z, clipped to [0, 1]."""
    with torch.no_grad():
        return vae.decode(z).mean.clamp(0.0, 1.0)


def traverse(
    vae: VAE, z: Float[Tensor, "*latent"], index: int, values: Float[Tensor, " n"]
) -> Float[Tensor, "n c H W"]:
    """Decode z with number `index` of z.flatten() set to each value in turn.

    On a simplex the other numbers give way.

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
