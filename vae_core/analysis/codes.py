"""Codes: the posterior of every image of a split, the one thing all analysis starts from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.distributions import Distribution

from vae_core.config import POSTERIORS
from vae_core.data.dataset import Split
from vae_core.objective import blocks
from vae_core.posteriors import Posterior
from vae_core.vae import VAE


@dataclass(frozen=True)
class Codes:
    """Posterior parameters and labels of n images.

    Attributes
    ----------
    params : Tensor, (n, *sites, P)
        What the encoder said, in the family's own parametrisation.
    labels : Tensor, (n,)
    family : str
        Key of POSTERIORS.
    latent_shape : (*sites, C)
    index : Tensor, (n,)
        Position of each image in its split, kept through any selection; 0 ... n-1 at first.
    """

    params: Float[Tensor, "n *sites P"]
    labels: Int[Tensor, " n"]
    family: str
    latent_shape: tuple[int, ...]
    index: Int[Tensor, " n"] = field(default_factory=lambda: torch.arange(0))

    def __post_init__(self) -> None:
        if len(self.index) != len(self.labels):
            object.__setattr__(self, "index", torch.arange(len(self.labels)))

    def __len__(self) -> int:
        return len(self.labels)

    def posterior(self) -> Posterior:
        """q(z|x) of all images at once: batch_shape (n,)."""
        family: type[Posterior] = POSTERIORS[self.family]
        return family.from_params(self.params)

    def prior(self) -> Distribution:
        """p(z): batch_shape ()."""
        family: type[Posterior] = POSTERIORS[self.family]
        return family.prior(self.latent_shape, self.params)

    def take(self, index: Int[Tensor, " m"]) -> Codes:
        """The codes of these images, in this order."""
        return replace(
            self, params=self.params[index], labels=self.labels[index], index=self.index[index]
        )

    @cached_property
    def mean(self) -> Float[Tensor, " n *latent"]:
        """Posterior means, (n, *latent)."""
        return self.posterior().mean

    @cached_property
    def variance(self) -> Float[Tensor, " n *latent"]:
        """Posterior variances, (n, *latent); zero for a point mass."""
        return self.posterior().variance


def encode_dataset(vae: VAE, split: Split) -> Codes:
    """Encode every image of a split, in order.

    Dynamic binarisation is resolved by one draw with a fixed seed.

    Raises
    ------
    DataError
        When the images are not of the shape the model was built for.
    """
    like = next(vae.parameters())
    generator = torch.Generator(like.device).manual_seed(0)
    with torch.no_grad():
        params = [
            vae.encode_params(split.batch(block, generator, like.device).to(like.dtype)).cpu()
            for block in blocks(len(split))
        ]
    return Codes(torch.cat(params), split.labels, vae.config.posterior, vae.latent_shape)
