"""Mixtures of posteriors of one family as a prior, and the mixture of learned Gaussians."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Distribution

from vae_core.config import POSTERIORS, PRIORS, ModelConfig
from vae_core.posteriors import DiagonalGaussian, Posterior
from vae_core.priors.base import Encode, LearnedPrior, Prior, Shapes

BLOCK = 1 << 16  # numbers of a block of dimensions by components: they stay in the cache


class Mixture(LearnedPrior):
    """p(z) = sum_k w_k p_k(z), the components of one family: batch_shape (), event_shape latent.

    Parameters
    ----------
    family : class of Posterior
    params : Tensor, (K, *sites, P)
        Of the components, in the family's parametrisation.
    log_weights : Tensor, (K,)
        log w_k; minus infinity for a component of no weight.
    """

    def __init__(self, family: type[Posterior], params: Tensor, log_weights: Tensor) -> None:
        self.family, self.params, self.log_weights = family, params, log_weights
        self._components = family.from_params(params)
        like = self._components.mean[0]
        self._set_shape(like, like.ndim)

    def tensors(self) -> dict[str, Tensor]:
        """Parameters and weights of the components."""
        return {"params": self.params.detach(), "log_weights": self.log_weights.detach()}

    def to(self, like: Tensor) -> Mixture:
        """The same on the device and in the precision of `like`, without gradient."""
        kept = (t.detach().to(like) for t in (self.params, self.log_weights))
        return type(self)(self.family, *kept)

    @property
    def components(self) -> Posterior:
        """p_k, batch_shape (K,)."""
        return self._components

    @property
    def weights(self) -> Float[Tensor, " K"]:
        """w_k, which add up to 1."""
        return self.log_weights.exp()

    def log_prob(self, value: Float[Tensor, ...]) -> Float[Tensor, ...]:
        """log sum_k w_k p_k(z) of latents (*batch, *latent)."""
        ndim = len(self.event_shape)
        batch = value.shape[:-ndim]
        z = value.reshape(math.prod(batch), *self.event_shape)
        pairs = self.components.log_prob_pairs(z) + self.log_weights
        return pairs.logsumexp(1).reshape(batch)

    def sample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """A component by its weight for each z, then a sample of that."""
        shape = torch.Size(sample_shape)
        with torch.no_grad():
            weights = self.weights.expand(1, -1)
            of = torch.multinomial(weights, shape.numel(), replacement=True, generator=generator)
            z = self.family.from_params(self.params[of[0]]).sample((), generator)
        return z.reshape(*shape, *self.event_shape)

    def _weighted(self, values: Tensor) -> Tensor:
        """The mean over the components, by their weights."""
        return torch.einsum("k,k...->...", self.weights.to(values), values)

    @property
    def mean(self) -> Tensor:
        """sum_k w_k mu_k."""
        return self._weighted(self.components.mean)

    @property
    def variance(self) -> Tensor:
        """The mean of the components' variances, and the variance of their means."""
        apart = (self.components.mean - self.mean).square()
        return self._weighted(self.components.variance + apart)

    def marginals(self) -> MixtureMarginals:
        """A mixture in one dimension for each."""
        return MixtureMarginals(self.components.marginals(), self.log_weights)


class MixtureMarginals(Distribution):
    """Mixtures in one dimension, of the same weights: batch_shape `latent`, event_shape ().

    Parameters
    ----------
    components : Distribution
        batch_shape (K, *latent).
    log_weights : Tensor, (K,)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(self, components: Distribution, log_weights: Tensor) -> None:
        self.components, self.log_weights = components, log_weights
        super().__init__(components.batch_shape[1:], validate_args=False)

    def log_prob(self, value: Float[Tensor, ...]) -> Float[Tensor, ...]:
        """log p(z_j) of every dimension of latents (*batch, *latent), in blocks of them."""
        ndim = len(self.batch_shape)
        flat = value.reshape(-1, *self.batch_shape)
        at_once = max(1, BLOCK // self.components.batch_shape.numel())
        weights = self.log_weights.reshape(-1, *[1] * ndim)
        parts = [
            (self.components.log_prob(some[:, None]) + weights).logsumexp(1)
            for some in flat.split(at_once)
        ]
        return torch.cat(parts).reshape(value.shape)

    @cached_property
    def _moments(self) -> tuple[Tensor, Tensor]:
        weights = self.log_weights.exp()
        means, variances = self.components.mean, self.components.variance
        mean = torch.einsum("k,k...->...", weights, means)
        return mean, torch.einsum("k,k...->...", weights, variances + (means - mean).square())

    @property
    def mean(self) -> Tensor:
        """Of every dimension."""
        return self._moments[0]

    @property
    def variance(self) -> Tensor:
        """Of every dimension."""
        return self._moments[1]


@PRIORS.register("mixture")
class MixturePrior(Prior):
    """p(z) = sum_k w_k N(z; m_k, diag s_k^2): K Gaussians, and their weights, all learned.

    They begin around the origin, at means drawn from N(0, I), with the variance 1 of the
    standard prior.
    """

    title = "mixture of Gaussians"
    tex = r"p(z)=\sum_k w_k\,\mathcal N\big(z;m_k,\operatorname{diag}s_k^2\big)"

    def __init__(self, config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
        super().__init__(config, image_shape)
        count, latent = config.prior_components, config.latent_shape
        self.loc = nn.Parameter(torch.randn(count, *latent))
        self.logvar = nn.Parameter(torch.zeros(count, *latent))
        self.logits = nn.Parameter(torch.zeros(count))

    def forward(self, encode: Encode, like: Tensor) -> Mixture:
        """The mixture as its weights are now."""
        params = torch.cat([self.loc, self.logvar], -1)
        return Mixture(DiagonalGaussian, params, self.logits.log_softmax(0))

    @classmethod
    def shapes(cls, config: ModelConfig) -> Shapes:
        """K diagonal Gaussians and their weights."""
        return mixture_shapes(config, DiagonalGaussian)

    @classmethod
    def of_tensors(cls, config: ModelConfig, tensors: dict[str, Tensor]) -> Mixture:
        """The mixture of these Gaussians."""
        return Mixture(DiagonalGaussian, tensors["params"], tensors["log_weights"])


def mixture_shapes(config: ModelConfig, family: type[Posterior]) -> Shapes:
    """Shapes of `Mixture.tensors` with the components that a config asks for."""
    *sites, channels = config.latent_shape
    count = config.prior_components
    return {"params": (count, *sites, family.n_params(channels)), "log_weights": (count,)}


def own_family(config: ModelConfig) -> type[Posterior]:
    """The family of a model's posteriors."""
    family: type[Posterior] = POSTERIORS[config.posterior]
    return family
