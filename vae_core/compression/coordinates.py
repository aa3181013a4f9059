"""Bins of latents and pixels: what a coder needs, which codes whole numbers alone.

A coordinate of z (`Posterior.conditional`) is cut into 2^BITS bins of the same mass under the
prior. Coding it under the prior takes BITS bits, whatever it is; under q(z|x) it takes less, the
less sure q is, and the difference of the two is the rate, as long as bins are narrower than q.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from vae_core.compression.rans import Bins, Computed, Table, starts
from vae_core.likelihoods import Pixels
from vae_core.posteriors import Posterior
from vae_core.vae import VAE

BITS = 18  # the outermost bins of N(0, 1) begin at 4.5
UNIFORM = Computed(2**BITS, lambda k: k / 2**BITS)  # the prior


class Coordinates:
    """The coordinates of a model's latents, in bins.

    Parameters
    ----------
    vae : VAE
        In double precision.
    """

    def __init__(self, vae: VAE) -> None:
        self.vae = vae
        self.n = vae.family.n_coordinates(vae.latent_shape)
        self._by_prior: dict[tuple[float, ...], tuple[Tensor, Tensor]] = {}
        self._grids = [self._grid(j) for j in range(self.n)]

    def _grid(self, j: int) -> tuple[Tensor, Tensor]:
        """Edges and medians of the bins of coordinate j; made once for coordinates that agree."""
        like = next(self.vae.parameters())
        prior = self.vae.family.prior(self.vae.latent_shape, like)  # no other is coded with
        alone = prior.conditional(j, torch.empty(0, j))
        key = tuple(float(getattr(alone, name)) for name in alone.arg_constraints)
        if key not in self._by_prior:
            mass = torch.arange(2 * 2**BITS + 1, dtype=torch.float64) / (2 * 2**BITS)
            values = alone.icdf(mass)  # edge, median, edge, median, ..., edge
            self._by_prior[key] = values[::2], values[1::2]
        return self._by_prior[key]

    def posterior(self, q: Posterior, j: int, before: Float[Tensor, "n j"]) -> Bins:
        """q(u_j | u_<j, x) of a batch, over the bins of coordinate j."""
        of_one, edges = q.conditional(j, before), self._grids[j][0]

        def below(k: NDArray[np.int64]) -> NDArray[np.float64]:
            mass = of_one.cdf(edges[torch.from_numpy(k)])
            cumulative: NDArray[np.float64] = mass.clamp(0.0, 1.0).numpy()
            return cumulative

        return Computed(2**BITS, below)

    def values(self, bins: NDArray[np.int64], j: int) -> Float[Tensor, " n"]:
        """Coordinate j in these bins: their medians under the prior."""
        return self._grids[j][1][torch.from_numpy(bins)]

    def latents(self, bins: NDArray[np.int64]) -> Float[Tensor, " n *latent"]:
        """z of the bins of all coordinates, (n, n_coordinates)."""
        u = torch.stack([self.values(bins[:, j], j) for j in range(self.n)], 1)
        return self.vae.family.from_coordinates(u, self.vae.latent_shape)


def pixel_bins(pixels: Pixels, n_levels: int) -> list[Bins]:
    """p(x_i|z) of every pixel i of (n,) images, over its levels."""
    k = torch.arange(n_levels + 1, dtype=torch.float64)
    below = pixels.below(k.reshape(-1, 1, 1, 1, 1)).flatten(2).permute(2, 1, 0).numpy()
    table = starts(below, np.arange(n_levels + 1), n_levels)  # (pixels, n, n_levels + 1)
    return [Table(of_pixel) for of_pixel in table]
