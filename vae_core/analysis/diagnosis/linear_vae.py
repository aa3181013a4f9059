"""The linear VAE of the data (probabilistic PCA): a reference for sigma and beta."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.data.dataset import Split
from vae_core.evaluate import blocks


def data_spectrum(split: Split) -> Float[Tensor, " D"]:
    """Eigenvalues of the pixels' covariance, largest first.

    Dynamic binarisation is left out: the eigenvalues are those of the stored grey levels.
    """
    size = split.pixels[:1].numel()
    total, products = torch.zeros(size).double(), torch.zeros(size, size).double()
    for block in blocks(len(split)):
        x = split.pixels[block].flatten(1).float() / split.levels
        total += x.double().sum(0)
        products += (x.T @ x).double()
    mean = total / len(split)
    spectrum: Tensor = torch.linalg.eigvalsh(products / len(split) - mean.outer(mean))
    return spectrum.flip(0)


def directions_used(spectrum: Float[Tensor, " D"], sigma: float) -> int:
    """How many latent dimensions a linear Gaussian VAE uses: those above the water line.

    Probabilistic PCA keeps a direction if and only if its eigenvalue exceeds sigma^2; the
    KL of the others is 0 (Lucas et al. 2019).
    """
    return int((spectrum > sigma**2).sum())
