"""Effect of single latent dimensions on the decoded picture."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.posteriors import Posterior
from vae_core.vae import VAE, decode_mean

REACH = 3.0  # prior standard deviations from the prior's mean


def reach(family: type[Posterior]) -> tuple[float, float]:
    """How low and how high a dimension is set: 3 prior standard deviations, or all of its range."""
    return max(-REACH, family.low), min(REACH, family.high)


def picture_change(
    vae: VAE, z: Float[Tensor, " n *latent"], dims: list[int]
) -> Float[Tensor, " k"]:
    """How much the picture changes when one latent dimension goes to either end of its range.

    RMS over images, both ends and all pixels of the difference between decoded mean pictures,
    on the pixels' scale from 0 to 1. Exactly 0 for a dimension that the decoder does not read.
    Arguments as of `squared_changes`.
    """
    return squared_changes(vae, z, dims).mean(0).sqrt()


def squared_changes(
    vae: VAE, z: Float[Tensor, " n *latent"], dims: list[int]
) -> Float[Tensor, "n k"]:
    """The square of `picture_change` image by image, whose spread tells how sure the mean is.

    Parameters
    ----------
    vae : VAE
        Of a conditional model, given the labels of the n.
    z : Tensor, (n, *latent)
        Values of the other dimensions, as far as the family allows.
    dims : list of int
        Indices into z.flatten().

    Returns
    -------
    Tensor, (n, k)
    """
    ends = torch.tensor(reach(vae.family), dtype=z.dtype)
    # In a batch of the same size, so that equal latents give equal pictures to the last bit.
    twice = vae.take(torch.arange(len(z)).repeat_interleave(2))
    before = decode_mean(twice, z.repeat_interleave(2, 0))
    changes = []
    for j in dims:
        moved = torch.cat([vae.family.move(one, j, ends) for one in z])  # (2 n, *latent)
        squares = (decode_mean(twice, moved) - before).square()
        changes.append(squares.unflatten(0, (len(z), 2)).flatten(1).mean(1))
    return torch.stack(changes, 1)
