"""One of K codebook entries at every site: the discrete posterior of a VQ-VAE."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.config import POSTERIORS
from vae_core.posteriors.base import Posterior

COMMITMENT = 0.25  # van den Oord et al. (2017), Eq. 3


@POSTERIORS.register("codebook")
class CodebookEntry(Posterior):
    """z is the codebook's entry nearest to what the encoder gives, with certainty.

    q(z|x) has all its mass at one of K vectors, and p(z) is uniform over them, so the rate is ln K
    for every site, whatever the image. The entries are a part of the prior, which finds the nearest
    one: the parameters are that entry (C).

    The nearest entry has no derivative: the decoder's gradient is handed to the encoder as if there
    were none (straight-through), and `penalty` holds what the encoder gives near its entry.
    """

    title = "codebook (VQ)"
    prior_title = "the codebook"
    draw_tex = r"z=e_k,\quad k=\operatorname{argmin}_j\lVert \mathrm{enc}(x)-e_j\rVert"
    rate_tex = r"\mathrm{KL}\big(q(z\mid x)\,\|\,p(z)\big)=\text{sites}\cdot\ln K"
    has_density = False
    has_entries = True

    def __init__(self, entry: Tensor, event_ndim: int, encoded: Tensor | None = None) -> None:
        self.entry, self.encoded = entry, encoded
        self._set_shape(entry, event_ndim)

    @staticmethod
    def n_params(channels: int) -> int:
        """The entry, C."""
        return channels

    @classmethod
    def from_params(cls, params: Float[Tensor, "n *sites C"]) -> CodebookEntry:
        """This entry at every site; where the encoder's own points were, is not known."""
        return cls(params, params.ndim - 1)

    @classmethod
    def prior(cls, latent_shape: tuple[int, ...], like: Tensor) -> CodebookEntry:
        """The entry 0: a codebook is learned, and a part of the model's prior."""
        zero = torch.zeros(latent_shape, dtype=like.dtype, device=like.device)
        return cls(zero, len(latent_shape))

    @property
    def mean(self) -> Tensor:
        """The entry."""
        return self.entry

    @property
    def variance(self) -> Tensor:
        """Zero."""
        return torch.zeros_like(self.entry)

    @property
    def penalty(self) -> Float[Tensor, " n"] | None:
        """COMMITMENT ||enc(x) - e_k||^2, of which only the encoder has a gradient."""
        if self.encoded is None:
            return None
        away = (self.encoded - self.entry.detach()).square()
        return COMMITMENT * away.flatten(-len(self.event_shape)).sum(-1)

    def marginals(self) -> CodebookEntry:
        """Every dimension by itself."""
        return CodebookEntry(self.entry, 0)

    def rsample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """The entry, as often as asked."""
        return self.entry.expand(*sample_shape, *self.entry.shape)

    def scaled(self, factor: float) -> CodebookEntry:
        """A point has no width."""
        return self
