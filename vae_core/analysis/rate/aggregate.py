"""The aggregate posterior q(z) = mean over the images of q(z|x): its draws and its density.

The decoder is trained on draws of q(z); sampling draws from the prior in its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vae_core.codes import Codes
from vae_core.errors import ConfigError

BLOCK = 1 << 21  # values in a block of pairs: 16 MB in float64


class AggregatePosterior:
    """The aggregate posterior q(z) = 1/N sum_n q(z|x_n) over the images of some codes.

    In float64 throughout: densities of pairs are differences of terms of size (z / sigma)^2, of
    which float32 keeps seven digits, and a draw in float32 misses its place by z / 10^7, which a
    narrow posterior notices.

    Parameters
    ----------
    codes : Codes
        Of a family with a density.

    Raises
    ------
    ConfigError
        For a point mass, whose q(z) has no density.
    """

    def __init__(self, codes: Codes) -> None:
        if not codes.family.has_density:
            raise ConfigError(
                f"a {codes.family.title} has no density, so neither has the mixture of many; "
                "choose a run with another posterior."
            )
        self.codes = codes.double()
        self.q = self.codes.posterior()

    def sample(
        self, n_samples: int, generator: torch.Generator
    ) -> tuple[Float[Tensor, " m *latent"], Int[Tensor, " m"]]:
        """Draws of z, one each from the posteriors of images taken in turn, and which these are.

        Images are drawn equally often, to within one. In float64.
        """
        turns = -(-n_samples // len(self.codes))
        order = [torch.randperm(len(self.codes), generator=generator) for _ in range(turns)]
        index = torch.cat(order)[:n_samples]
        return self.codes.take(index).posterior().sample((), generator), index

    def log_prob(self, z: Float[Tensor, " m *latent"]) -> Float[Tensor, " m"]:
        """log q(z), in nats."""
        return self.log_probs(z, None)[0]

    def log_probs(
        self, z: Float[Tensor, " m *latent"], index: Int[Tensor, " m"] | None
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, " m"], Float[Tensor, " m"]]:
        """log q(z); the same without image `index` of each z; log q(z|x_index).

        The latter two are nan without an index. In blocks of at most BLOCK pairs.
        """
        return self._sums(z.double(), index, self.q.log_prob_pairs)

    def dim_log_probs(
        self, z_j: Float[Tensor, " m"], j: int, index: Int[Tensor, " m"] | None
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, " m"], Float[Tensor, " m"]]:
        """As `log_probs`, of dimension j of z.flatten() alone, at m values."""
        pairs = partial(self.q.marginal_log_prob_pairs, j=j)
        return self._sums(z_j.double(), index, pairs)

    def dim_log_prob(self, z_j: Float[Tensor, " m"], j: int) -> Float[Tensor, " m"]:
        """log q(z_j) of dimension j of z.flatten(), at m values."""
        return self.dim_log_probs(z_j, j, None)[0]

    def marginal_log_prob(
        self, z: Float[Tensor, " m *latent"], dims: Sequence[int] | None = None
    ) -> Float[Tensor, "m d"]:
        """log q(z_j) of every latent dimension alone, (m, d).

        `dims` names the columns wanted, indices into z.flatten(); all by default.
        """
        flat = z.flatten(1)
        wanted = range(flat.shape[1]) if dims is None else dims
        return torch.stack([self.dim_log_prob(flat[:, j], j) for j in wanted], 1)

    def _sums(
        self, z: Tensor, index: Tensor | None, log_prob_pairs: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        n, rows = len(self.codes), max(1, BLOCK // len(self.codes))
        found: list[tuple[Tensor, ...]] = []
        for start in range(0, len(z) or 1, rows):  # once for no draws, too
            pairs = log_prob_pairs(z[start : start + rows])
            if index is None:
                whole = pairs.logsumexp(1)
                own = others = torch.full_like(whole, math.nan)
            else:
                whole, others, own = _with_and_without(pairs, index[start : start + rows])
            found.append((whole - math.log(n), others - math.log(max(1, n - 1)), own))
        whole, others, own = (torch.cat(parts) for parts in zip(*found, strict=True))
        return whole, others, own


def _with_and_without(pairs: Tensor, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """logsumexp of each row; without its column `index`; that column. One exponential a pair."""
    at = torch.arange(len(pairs)), index
    own, peak = pairs[at], pairs.amax(1)
    shares = (pairs - peak[:, None]).exp_()
    mine = shares[at]
    shares[at] = 0.0
    rest = shares.sum(1)
    others = rest.log() + peak
    if len(alone := torch.nonzero(rest == 0.0)[:, 0]):  # the others underflow beside it
        far = pairs[alone]
        far[torch.arange(len(alone)), index[alone]] = -torch.inf
        others[alone] = far.logsumexp(1)
    return (rest + mine).log() + peak, others, own


def aggregate_posterior(codes: Codes) -> AggregatePosterior:
    """q(z) over these codes. Raises ConfigError for a point mass."""
    return AggregatePosterior(codes)
