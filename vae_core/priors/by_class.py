"""A Gaussian prior for each label."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor, nn

from vae_core.config import PRIORS, ModelConfig
from vae_core.data.dataset import Split
from vae_core.errors import ConfigError
from vae_core.posteriors import DiagonalGaussian, LatentDistribution
from vae_core.priors.base import Encode, Prior, Shapes
from vae_core.priors.mixture import Mixture, mixture_shapes


class ClassMixture(Mixture):
    """p(z) = sum_y pi_y p(z|y), component y being the prior of label y."""

    is_of_classes = True
    bars_note = (
        "Each bar is against the prior of the image's own class. With the rest, which is 0 where "
        "the dimensions of q(z|x) are independent, they add up to the rate."
    )
    rate_tex = (
        r"\mathrm{KL}\big(q(z\mid x)\,\|\,p(z\mid y)\big)"
        r"=\mathbb E_{q(z\mid x)}\big[\log q(z\mid x)-\log p(z\mid y)\big]"
    )

    def given(self, labels: Int[Tensor, " n"] | None) -> LatentDistribution:
        """p(z|y) for the label of each image: batch_shape (n,). p(z) without labels."""
        if labels is None:
            return self
        return self.family.from_params(self.params[labels.to(self.params.device)])

    def without_labels(self) -> Mixture:
        """The mixture, against which any image may be charged."""
        return Mixture(self.family, self.params, self.log_weights)


@PRIORS.register("class")
class ClassPrior(Prior):
    """p(z|y) = N(z; m_y, diag s_y^2): a learned Gaussian for each label y.

    Each image is charged against the prior of its own label, in closed form where q is Gaussian:
    the bound is then one on log p(x|y). Without a label, p(z) is the mixture of them all by the
    share pi_y of each label among the training images.
    """

    title = "Gaussian for each class"
    tex = r"p(z\mid y)=\mathcal N\big(z;m_y,\operatorname{diag}s_y^2\big)"
    wants_labels = True
    lr_factor = 10.0  # all begin at the origin, and their classes move away within a few epochs
    shares: Tensor

    def __init__(self, config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
        super().__init__(config, image_shape)
        count, latent = config.prior_components, config.latent_shape
        self.loc = nn.Parameter(torch.zeros(count, *latent))
        self.logvar = nn.Parameter(torch.zeros(count, *latent))
        self.register_buffer("shares", torch.full((count,), 1.0 / count))

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        """Raise ConfigError for a decoder that takes the label, too."""
        super().check(config)
        if config.is_conditional:
            raise ConfigError(
                "prior: with labels conditional the decoder is given the class, and z has no need "
                "of a prior for each; choose prior standard, mixture or flow, or labels unused."
            )

    def begin(self, train: Split, generator: torch.Generator) -> None:
        """Count the labels.

        Raises
        ------
        ConfigError
            When there are more of them than Gaussians.
        """
        needed, count = int(train.labels.max()) + 1, len(self.shares)
        if needed > count:
            raise ConfigError(
                f"prior-components: the class prior has one Gaussian for each label, and labels "
                f"go up to {needed - 1}; expected at least {needed}, got {count}."
            )
        counts = train.labels.bincount(minlength=count)
        self.shares.copy_(counts / len(train))

    def forward(self, encode: Encode, like: Tensor) -> ClassMixture:
        """The mixture over the labels."""
        params = torch.cat([self.loc, self.logvar], -1)
        return ClassMixture(DiagonalGaussian, params, self.shares.log())

    @classmethod
    def shapes(cls, config: ModelConfig) -> Shapes:
        """A diagonal Gaussian for each label, and the labels' shares."""
        return mixture_shapes(config, DiagonalGaussian)

    @classmethod
    def of_tensors(cls, config: ModelConfig, tensors: dict[str, Tensor]) -> ClassMixture:
        """The mixture of these Gaussians."""
        return ClassMixture(DiagonalGaussian, tensors["params"], tensors["log_weights"])
