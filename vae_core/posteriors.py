"""The families of q(z|x), one class each: how parameters become a distribution over z.

A latent has shape (*sites, C), channels last. A family acts on the last axis; sites are
independent given x. An encoder gives a family `n_params(C)` numbers per site.
To add a family, write one class here and register it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal, kl_divergence, register_kl
from torch.nn.functional import hardtanh

from vae_core.config import POSTERIORS

LOGVAR_MIN, LOGVAR_MAX = -30.0, 20.0


class Posterior(Distribution, ABC):
    """A distribution over latents: batch_shape (n,), event_shape (*sites, C)."""

    title: ClassVar[str]
    has_rate: ClassVar[bool] = True  # whether KL(q || prior) is finite

    @staticmethod
    @abstractmethod
    def n_params(channels: int) -> int:
        """Numbers per site that parametrise the family over `channels` channels."""

    @classmethod
    @abstractmethod
    def from_params(cls, params: Float[Tensor, "n *sites P"]) -> Posterior:
        """q(z|x) for a batch, from the encoder's output."""

    @classmethod
    @abstractmethod
    def prior(cls, latent_shape: tuple[int, ...], like: Tensor) -> Distribution:
        """The matching p(z): batch_shape (), on the device and in the precision of `like`."""

    @abstractmethod
    def marginals(self) -> Distribution:
        """q(z_j|x) for every number z_j: batch_shape (n, *sites, C), event_shape ()."""

    @abstractmethod
    def rsample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """Differentiable draws, (*sample_shape, n, *sites, C).

        Unlike torch's own, takes a generator: training resumes exactly only when its noise
        is not shared with whatever else draws random numbers in the process.
        """

    def sample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """Draws without gradient, (*sample_shape, n, *sites, C)."""
        with torch.no_grad():
            return self.rsample(sample_shape, generator).detach()


@POSTERIORS.register("diagonal")
class DiagonalGaussian(Posterior):
    """q(z|x) = N(mu(x), diag sigma(x)^2), the posterior of Kingma & Welling (2014).

    Every latent number has a mean and a variance of its own; none are correlated given x.
    KL(q || N(0, I)) = 0.5 sum(mu^2 + sigma^2 - log sigma^2 - 1).

    The same as torch's Independent(Normal(loc, scale), event_ndim), but quick to make: one is
    made at every step of training.
    """

    title = "diagonal Gaussian"
    arg_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(self, loc: Tensor, logvar: Tensor, event_ndim: int) -> None:
        self.loc, self.logvar, self.scale = loc, logvar, (0.5 * logvar).exp()
        self.is_standard = False
        batch_ndim = loc.ndim - event_ndim
        super().__init__(loc.shape[:batch_ndim], loc.shape[batch_ndim:], validate_args=False)

    @staticmethod
    def n_params(channels: int) -> int:
        """A mean and a log-variance per channel: 2 C."""
        return 2 * channels

    @classmethod
    def from_params(cls, params: Float[Tensor, "n *sites P"]) -> DiagonalGaussian:
        """The first half of the last axis is mu, the second log sigma^2, clamped."""
        loc, logvar = params.chunk(2, dim=-1)
        # hardtanh is clamp with a quicker gradient
        return cls(loc, hardtanh(logvar, LOGVAR_MIN, LOGVAR_MAX), params.ndim - 1)

    @classmethod
    def prior(cls, latent_shape: tuple[int, ...], like: Tensor) -> DiagonalGaussian:
        """N(0, I)."""
        return _standard_normal(latent_shape, like.dtype, like.device)

    @property
    def mean(self) -> Tensor:
        """mu."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """sigma^2."""
        return self.scale.square()

    def marginals(self) -> Normal:
        """N(mu_j, sigma_j^2)."""
        return Normal(self.loc, self.scale, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """log q(z|x), summed over the latent numbers."""
        log_prob: Tensor = self.marginals().log_prob(value)
        return log_prob.sum(self._event_axes)

    def entropy(self) -> Tensor:
        """-E log q(z|x), summed over the latent numbers."""
        entropy: Tensor = self.marginals().entropy()
        return entropy.sum(self._event_axes)

    def rsample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """z = mu + sigma * eps, eps ~ N(0, I): the reparameterisation trick."""
        loc = self.loc
        shape = (*sample_shape, *loc.shape)
        eps = torch.randn(shape, generator=generator, dtype=loc.dtype, device=loc.device)
        return torch.addcmul(loc, self.scale, eps)

    @property
    def _event_axes(self) -> tuple[int, ...]:
        return tuple(range(-len(self.event_shape), 0))


@register_kl(DiagonalGaussian, DiagonalGaussian)
def _kl_diagonal(q: DiagonalGaussian, p: DiagonalGaussian) -> Tensor:
    if p.is_standard:
        # Few steps, for it is part of every step of training: mu^2 + sigma^2 - log sigma^2.
        terms = torch.addcmul(q.loc.square(), q.scale, q.scale) - q.logvar
        return 0.5 * (terms.sum(q._event_axes) - q.event_shape.numel())
    return kl_divergence(q.marginals(), p.marginals()).sum(q._event_axes)


@cache  # asked for at every step of training
def _standard_normal(
    latent_shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> DiagonalGaussian:
    with torch.inference_mode(False):  # kept for training, whoever asks first
        loc = torch.zeros(latent_shape, dtype=dtype, device=device)
        prior = DiagonalGaussian(loc, torch.zeros_like(loc), len(latent_shape))
        prior.is_standard = True
        return prior


@POSTERIORS.register("delta")
class PointMass(Posterior):
    """z = mu(x) with certainty: a deterministic auto-encoder.

    Its KL to any prior with a density is infinite, so it has no rate and no ELBO.
    The normal prior is kept for drawing: it is what one would sample from by mistake.
    """

    title = "point mass"
    has_rate = False
    arg_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(self, loc: Tensor, event_ndim: int) -> None:
        self.loc = loc
        batch_ndim = loc.ndim - event_ndim
        super().__init__(loc.shape[:batch_ndim], loc.shape[batch_ndim:], validate_args=False)

    @staticmethod
    def n_params(channels: int) -> int:
        """The location alone: C."""
        return channels

    @classmethod
    def from_params(cls, params: Float[Tensor, "n *sites P"]) -> PointMass:
        """The encoder's output is the location."""
        return cls(params, params.ndim - 1)

    @classmethod
    def prior(cls, latent_shape: tuple[int, ...], like: Tensor) -> DiagonalGaussian:
        """N(0, I), to which nothing in training pulls the codes."""
        return DiagonalGaussian.prior(latent_shape, like)

    @property
    def mean(self) -> Tensor:
        """The location."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """Zero."""
        return torch.zeros_like(self.loc)

    def marginals(self) -> PointMass:
        """A point mass for every number."""
        return PointMass(self.loc, 0)

    def rsample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """The location, as often as asked."""
        return self.loc.expand(*sample_shape, *self.loc.shape)


@register_kl(PointMass, Distribution)
def _kl_point_mass(q: PointMass, p: Distribution) -> Tensor:
    return q.loc.new_full(q.batch_shape, torch.inf)


def kl_per_dim(q: Distribution, p: Distribution) -> Float[Tensor, " n *latent"]:
    """KL between the marginals of q and p for every latent number.

    For a diagonal Gaussian these add up to KL(q || p); for a family with correlations they
    fall short of it by the price of the correlation.

    Parameters
    ----------
    q : Distribution
        A posterior for a batch, event_shape `latent`.
    p : Distribution
        The matching prior, batch_shape ().

    Returns
    -------
    Tensor, (n, *latent)
        Nats per image; infinity for a point mass.
    """
    return kl_divergence(_marginals(q), _marginals(p))


def _marginals(distribution: Distribution) -> Distribution:
    if isinstance(distribution, Posterior):
        return distribution.marginals()
    return distribution.base_dist if isinstance(distribution, Independent) else distribution
