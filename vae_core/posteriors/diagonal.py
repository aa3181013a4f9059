"""The diagonal Gaussian posterior of Kingma and Welling (2014)."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Normal, kl_divergence, register_kl
from torch.nn.functional import hardtanh

from vae_core.config import POSTERIORS
from vae_core.posteriors.base import Posterior

LOGVAR_MIN, LOGVAR_MAX = -30.0, 20.0


class NormalPrior(Posterior):
    """Families with a mean mu, `loc`, whose prior is N(0, I)."""

    is_rotation_invariant = True
    loc: Tensor

    @classmethod
    def prior(cls, latent_shape: tuple[int, ...], like: Tensor) -> DiagonalGaussian:
        """N(0, I)."""
        return _standard_normal(latent_shape, like.dtype, like.device)

    @property
    def mean(self) -> Tensor:
        """mu."""
        return self.loc

    def factor(self) -> Float[Tensor, " n *sites C C"]:
        """Cholesky factor of the covariance of every site."""
        return self.variance.sqrt().diag_embed()


@POSTERIORS.register("diagonal")
class DiagonalGaussian(NormalPrior):
    """q(z|x) = N(mu(x), diag sigma(x)^2), the posterior of Kingma & Welling (2014).

    Every latent dimension has a mean and a variance of its own; none are correlated given x.
    KL(q || N(0, I)) = 0.5 sum(mu^2 + sigma^2 - log sigma^2 - 1).

    The same as torch's Independent(Normal(loc, scale), event_ndim), but quick to make: one is
    made at every step of training.
    """

    title = "diagonal Gaussian"
    draw_tex = r"z=\mu(x)+\sigma(x)\,\varepsilon,\quad \varepsilon\sim\mathcal N(0,I)"
    rate_tex = (
        r"\mathrm{KL}\big(q(z\mid x)\,\|\,\mathcal N(0,I)\big)"
        r"=\sum_j \tfrac12\big(\mu_j^2+\sigma_j^2-\ln\sigma_j^2-1\big)"
    )
    rate_line = "kl = 0.5 * (mu**2 + std**2 - logvar - 1).sum()"

    def __init__(self, loc: Tensor, logvar: Tensor, event_ndim: int) -> None:
        self.loc, self.logvar, self.scale = loc, logvar, (0.5 * logvar).exp()
        self.is_standard = False
        self._set_shape(loc, event_ndim)

    @staticmethod
    def n_params(channels: int) -> int:
        """A mean and a log-variance per channel: 2 C."""
        return 2 * channels

    @classmethod
    def draw_lines(cls, channels: int) -> tuple[str, ...]:
        """The reparameterisation trick."""
        return (
            "mu, logvar = params.chunk(2, dim=-1)",
            "std = torch.exp(0.5 * logvar)",
            "eps = torch.randn_like(mu)",
            "z = mu + std * eps",
        )

    @classmethod
    def from_params(cls, params: Float[Tensor, "n *sites P"]) -> DiagonalGaussian:
        """The first half of the last axis is mu, the second log sigma^2, clamped."""
        loc, logvar = params.chunk(2, dim=-1)
        # hardtanh is clamp with a quicker gradient
        return cls(loc, hardtanh(logvar, LOGVAR_MIN, LOGVAR_MAX), params.ndim - 1)

    @property
    def variance(self) -> Tensor:
        """sigma^2."""
        return self.scale.square()

    def marginals(self) -> Normal:
        """N(mu_j, sigma_j^2)."""
        return Normal(self.loc, self.scale, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """log q(z|x), summed over the latent dimensions."""
        log_prob: Tensor = self.marginals().log_prob(value)
        return log_prob.sum(self._event_axes)

    def log_prob_pairs(self, z: Float[Tensor, " m *latent"]) -> Float[Tensor, "m n"]:
        """As products of matrices: const_k + z (mu_k / v_k) - 0.5 z^2 (1 / v_k)."""
        mu, logvar, z = self.loc.flatten(1), self.logvar.flatten(1), z.flatten(1)
        middle = mu.mean(0)  # of all: the nearer to it, the fewer digits cancel
        mu, z, precision = mu - middle, z - middle, (-logvar).exp()
        constant = -0.5 * (mu.square() * precision + logvar + math.log(2.0 * math.pi)).sum(1)
        pairs = torch.addmm(constant, z, (mu * precision).T)
        return pairs.addmm_(z.square(), precision.T, alpha=-0.5)

    def marginal_log_prob_pairs(self, z_j: Float[Tensor, " m"], j: int) -> Float[Tensor, "m n"]:
        """As products of matrices."""
        return normal_pairs(z_j, self.loc.flatten(1)[:, j], self.logvar.flatten(1)[:, j])

    def entropy(self) -> Tensor:
        """-E log q(z|x), summed over the latent dimensions."""
        entropy: Tensor = self.marginals().entropy()
        return entropy.sum(self._event_axes)

    def rsample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """z = mu + sigma * eps, eps ~ N(0, I): the reparameterisation trick."""
        loc = self.loc
        shape = (*sample_shape, *loc.shape)
        eps = torch.randn(shape, generator=generator, dtype=loc.dtype, device=loc.device)
        return torch.addcmul(loc, self.scale, eps)

    def scaled(self, factor: float) -> DiagonalGaussian:
        """N(mu, (factor sigma)^2)."""
        logvar = self.logvar + 2.0 * math.log(factor)
        return DiagonalGaussian(self.loc, logvar, len(self.event_shape))


def normal_pairs(
    z: Float[Tensor, " m"], loc: Float[Tensor, " n"], logvar: Float[Tensor, " n"]
) -> Float[Tensor, "m n"]:
    """log N(z_i; loc_k, exp(logvar_k)) for every pair, as products of matrices."""
    return DiagonalGaussian(loc[:, None], logvar[:, None], 1).log_prob_pairs(z[:, None])


@cache  # called at every step of training
def _standard_normal(
    latent_shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> DiagonalGaussian:
    """N(0, I) over a latent, batch_shape ()."""
    with torch.inference_mode(False):  # cached, and used in training too
        loc = torch.zeros(latent_shape, dtype=dtype, device=device)
        prior = DiagonalGaussian(loc, torch.zeros_like(loc), len(latent_shape))
        prior.is_standard = True
        return prior


@register_kl(DiagonalGaussian, DiagonalGaussian)
def _kl_diagonal(q: DiagonalGaussian, p: DiagonalGaussian) -> Tensor:
    if p.is_standard:
        # Few steps, for it is part of every step of training: mu^2 + sigma^2 - log sigma^2.
        terms = torch.addcmul(q.loc.square(), q.scale, q.scale) - q.logvar
        return 0.5 * (terms.sum(q._event_axes) - q.event_shape.numel())
    return kl_divergence(q.marginals(), p.marginals()).sum(q._event_axes)
