"""The linear VAE of the data (probabilistic PCA): a reference for sigma and beta."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.data.dataset import Split
from vae_core.evaluate import blocks


def pixel_moments(split: Split) -> tuple[Float[Tensor, " D"], Float[Tensor, "D D"]]:
    """Mean and covariance of the pixels as the model sees them, in float64.

    Pixels that are drawn anew in every batch vary by the draws, too: E[g] - E[g^2] of each.
    """
    size = split.pixels[:1].numel()
    total, products = torch.zeros(size).double(), torch.zeros(size, size).double()
    for block in blocks(len(split)):
        x = split.pixels[block].flatten(1).float() / split.levels
        total += x.double().sum(0)
        products += (x.T @ x).double()
    mean, second = total / len(split), products / len(split)
    if split.redraw:
        second.diagonal().copy_(mean)  # a pixel that is 0 or 1 is its own square
    return mean, second - mean.outer(mean)


def data_spectrum(split: Split) -> Float[Tensor, " D"]:
    """Eigenvalues of the pixels' covariance, largest first.

    Of those that the model sees: of dynamic binarisation with the variance of its draws.
    """
    spectrum: Tensor = torch.linalg.eigvalsh(pixel_moments(split)[1])
    return spectrum.flip(0)


def directions_used(spectrum: Float[Tensor, " D"], sigma: float) -> int:
    """How many latent dimensions a linear Gaussian VAE uses: those above the water line.

    Probabilistic PCA keeps a direction if and only if its eigenvalue exceeds sigma^2; the
    KL of the others is 0 (Lucas et al. 2019).
    """
    return int((spectrum > sigma**2).sum())
