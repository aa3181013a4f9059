"""Latent traversals: decoded pictures along one latent dimension, or over the labels."""

from __future__ import annotations

from jaxtyping import Float, Int
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


def every_label(
    vae: VAE, z: Float[Tensor, " n *latent"], labels: Int[Tensor, " k"]
) -> Float[Tensor, "n k c H W"]:
    """Decode each z with each of these labels, for a conditional model: n hands, k digits."""
    count = len(labels)
    pictures = decode_mean(vae.given(labels.repeat(len(z))), z.repeat_interleave(count, 0))
    sheet: Tensor = pictures.unflatten(0, (len(z), count))
    return sheet
