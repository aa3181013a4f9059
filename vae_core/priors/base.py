"""Base class of priors p(z), and the rate of a posterior against any of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import constraints, kl_divergence

from vae_core.config import POSTERIORS, ModelConfig
from vae_core.data.dataset import Split
from vae_core.errors import ConfigError
from vae_core.posteriors import LatentDistribution, Posterior

Encode = Callable[[Tensor], Tensor]  # images (n, c, H, W) -> parameters of q(z|x)
Shapes = dict[str, tuple[int, ...]]


class LearnedPrior(LatentDistribution, ABC):
    """p(z) as training has made it: batch_shape (), event_shape `latent`.

    It is made of a few tensors, which travel with the codes of a model. The class attributes are
    words and formulas that pages show, in place of those of a family.
    """

    is_of_classes: ClassVar[bool] = False  # whether component y is the prior of label y
    prior_title: ClassVar[str] = "p(z)"
    rest_title: ClassVar[str | None] = "beyond the marginals"
    bars_note: ClassVar[str] = (
        "Each bar is against the learned prior's own density of that dimension. Under it the "
        "dimensions depend on each other, so the bars do not add up to the rate: the rest may be "
        "of either sign."
    )
    rate_tex: ClassVar[str] = (
        r"\mathrm{KL}\big(q(z\mid x)\,\|\,p(z)\big)"
        r"=\mathbb E_{q(z\mid x)}\big[\log q(z\mid x)-\log p(z)\big]"
    )

    @property
    def components(self) -> Posterior | None:
        """What it is a mixture of, batch_shape (K,); None for one that is no mixture."""
        return None

    @property
    def weights(self) -> Float[Tensor, " K"] | None:
        """Of the components, which add up to 1."""
        return None

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """What it is made of, without gradient: `Prior.of_tensors` makes it again."""

    @abstractmethod
    def to(self, like: Tensor) -> LearnedPrior:
        """The same on the device and in the precision of `like`, without gradient."""

    def without_labels(self) -> LearnedPrior:
        """p(z) of which no label makes p(z|y)."""
        return self


class Prior(nn.Module, ABC):
    """The part of a model that p(z) is read from.

    Attributes
    ----------
    title : what it is called
    tex : its density, in LaTeX
    is_learned : whether it has weights of its own: its KL then has, as a rule, no closed form,
        and its dimensions depend on each other
    wants_labels : whether each image is charged against the prior of its label
    is_on_simplex : whether its samples may lie on a simplex
    lr_factor : learning rate of its weights, times the network's
    """

    title: ClassVar[str]
    tex: ClassVar[str]
    is_learned: ClassVar[bool] = True
    wants_labels: ClassVar[bool] = False
    is_on_simplex: ClassVar[bool] = False
    lr_factor: ClassVar[float] = 1.0

    def __init__(self, config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
        super().__init__()

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        """Raise ConfigError where the prior does not go with the rest of the model."""
        family: type[Posterior] = POSTERIORS[config.posterior]
        if not cls.is_learned:
            return
        if family.has_entries:
            raise ConfigError(
                f"prior: z is an entry of a codebook, which is its prior, and a {cls.title} lies "
                "in all of space; choose prior codebook, or posterior diagonal."
            )
        if not family.has_density:
            raise ConfigError(
                f"prior: a {family.title} has no density, so no rate that a {cls.title} could be "
                "learned from; choose prior standard, or posterior diagonal."
            )
        if family.support is constraints.simplex and not cls.is_on_simplex:
            raise ConfigError(
                f"prior: a {cls.title} lies in all of space, a {family.title} on a simplex, "
                "where no z of it would be; choose prior standard or vamp, or posterior diagonal."
            )

    @abstractmethod
    def forward(self, encode: Encode, like: Tensor) -> LatentDistribution:
        """p(z), batch_shape (), on the device and in the precision of `like`."""

    @property
    def pseudo_inputs(self) -> Float[Tensor, "K c H W"] | None:
        """Images whose posteriors make the prior; None where it is made of none."""
        return None

    def posterior_params(self, output: Float[Tensor, "n *sites P"]) -> Float[Tensor, "n *sites P"]:
        """Parameters of q(z|x) from the encoder's output: itself, where z may be anywhere."""
        return output

    def posterior(self, family: type[Posterior], output: Float[Tensor, "n *sites P"]) -> Posterior:
        """q(z|x) from the encoder's output."""
        return family.from_params(self.posterior_params(output))

    def observe(self, q: Posterior) -> None:
        """See the posteriors of a batch in training: nothing comes of it, for most."""

    def begin(self, train: Split, generator: torch.Generator) -> None:
        """Take from the training images what it is to begin with: nothing, for most."""

    @classmethod
    def shapes(cls, config: ModelConfig) -> Shapes:
        """Shapes of `LearnedPrior.tensors`; empty for the family's own prior."""
        return {}

    @classmethod
    def of_tensors(cls, config: ModelConfig, tensors: dict[str, Tensor]) -> LearnedPrior | None:
        """The prior that is made of these tensors; None for the family's own."""
        return None


class KeptPrior(Prior):
    """p(z) of a model of which the rest is not at hand: always the same."""

    title = "kept prior"
    tex = r"p(z)"

    def __init__(
        self, config: ModelConfig, image_shape: tuple[int, int, int], kept: LearnedPrior
    ) -> None:
        super().__init__(config, image_shape)
        self.kept = kept

    def forward(self, encode: Encode, like: Tensor) -> LearnedPrior:
        """What was kept, on the device and in the precision of `like`."""
        return self.kept.to(like)


def closed_rate(q: Posterior, p: LatentDistribution) -> Float[Tensor, " n"] | None:
    """KL(q || p) in nats per image, where the pair has a closed form."""
    try:
        rate: Tensor = kl_divergence(q, p)
    except NotImplementedError:
        return None
    return rate


def log_ratio(q: Posterior, p: LatentDistribution, z: Float[Tensor, ...]) -> Float[Tensor, ...]:
    """log q(z|x) - log p(z) of samples (*samples, n, *latent) of q: their mean is the rate."""
    return q.log_prob(z) - p.log_prob(z)


def rate(q: Posterior, p: LatentDistribution, z: Float[Tensor, ...]) -> Float[Tensor, " n"]:
    """KL(q || p) in nats per image: in closed form, or by these samples of q.

    Parameters
    ----------
    q : Posterior
        Of n images.
    p : LatentDistribution
        batch_shape () or (n,).
    z : Tensor, (*samples, n, *latent)
    """
    closed = closed_rate(q, p)
    return _mean_over_samples(log_ratio(q, p, z), 1) if closed is None else closed


def rate_per_dim(
    q: Posterior, p: LatentDistribution, z: Float[Tensor, ...]
) -> Float[Tensor, " n *latent"]:
    """KL of the marginals of q and p, (n, *latent): in closed form, or by samples of q.

    Under a learned prior dimensions depend on each other, so that these do not add up.
    """
    each, every = q.marginals(), p.marginals()
    try:
        closed: Tensor = kl_divergence(each, every)
    except NotImplementedError:
        return _mean_over_samples(each.log_prob(z) - every.log_prob(z), 1 + len(q.event_shape))
    return closed


def _mean_over_samples(values: Tensor, ndim: int) -> Tensor:
    """The mean over all axes but the last `ndim`."""
    return values.flatten(0, -ndim - 1).mean(0) if values.ndim > ndim else values
