"""The standard prior: the one that each family of posteriors has of its own."""

from __future__ import annotations

from torch import Tensor

from vae_core.config import POSTERIORS, PRIORS, ModelConfig
from vae_core.posteriors import Posterior
from vae_core.priors.base import Encode, Prior


@PRIORS.register("standard")
class StandardPrior(Prior):
    """N(0, I) for the Gaussian families; `Posterior.prior` for any. It has no weights."""

    title = "standard prior"
    tex = r"p(z)=\mathcal N(z;0,I)"
    is_learned = False
    is_on_simplex = True

    def __init__(self, config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
        super().__init__(config, image_shape)
        self.family: type[Posterior] = POSTERIORS[config.posterior]
        self.latent_shape = config.latent_shape

    def forward(self, encode: Encode, like: Tensor) -> Posterior:
        """The family's own prior over one latent."""
        return self.family.prior(self.latent_shape, like)
