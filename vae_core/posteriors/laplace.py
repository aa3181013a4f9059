"""The Laplace posterior and prior, with sharp peaks and heavy tails."""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch import distributions as td
from torch.nn.functional import hardtanh

from vae_core.config import POSTERIORS
from vae_core.posteriors.base import Posterior
from vae_core.posteriors.diagonal import LOGVAR_MAX, LOGVAR_MIN

NODE_STEP, NODE_ENDS = 0.3, (-9, 11)  # of v, and its ends in steps: see `Laplace.nodes`


@POSTERIORS.register("laplace")
class Laplace(Posterior):
    """q(z|x) = prod_j Laplace(mu_j, b_j) against Laplace(0, 1/sqrt 2), of variance 1.

    The peak and the heavy tails of the prior favour codes that are mostly near 0 and now and
    then far out: the penalty is |mu| far from 0, in place of the Gaussian's mu^2.
    KL = |mu|/b0 + (b/b0) exp(-|mu|/b) - ln(b/b0) - 1 per dimension, b0 = 1/sqrt 2.
    """

    title = "Laplace"
    prior_title = "Laplace(0, 1/√2)"
    draw_tex = r"z=\mu(x)+b(x)\,\varepsilon,\quad \varepsilon\sim\mathrm{Laplace}(0,1)"
    rate_tex = (
        r"\mathrm{KL}=\sum_j \frac{|\mu_j|}{b_0}+\frac{b_j}{b_0}e^{-|\mu_j|/b_j}"
        r"-\ln\frac{b_j}{b_0}-1,\quad b_0=\tfrac1{\sqrt2}"
    )
    rate_line = (
        "kl = (2**0.5 * (mu.abs() + b * torch.exp(-mu.abs() / b)) - (2**0.5 * b).log() - 1).sum()"
    )

    def __init__(self, loc: Tensor, scale: Tensor, event_ndim: int) -> None:
        self.loc, self.scale = loc, scale
        self._set_shape(loc, event_ndim)

    @staticmethod
    def n_params(channels: int) -> int:
        """A location and a log-variance per channel: 2 C."""
        return 2 * channels

    @classmethod
    def draw_lines(cls, channels: int) -> tuple[str, ...]:
        """As a Gaussian's, with b in place of sigma."""
        return (
            "mu, logvar = params.chunk(2, dim=-1)",
            "b = torch.exp(0.5 * logvar) / 2**0.5",
            "eps = td.Laplace(0.0, 1.0).sample(mu.shape)",
            "z = mu + b * eps",
        )

    @classmethod
    def from_params(cls, params: Float[Tensor, "n *sites P"]) -> Laplace:
        """The first half of the last axis is mu, the second log variance; variance = 2 b^2."""
        loc, logvar = params.chunk(2, dim=-1)
        scale = (0.5 * hardtanh(logvar, LOGVAR_MIN, LOGVAR_MAX)).exp() * math.sqrt(0.5)
        return cls(loc, scale, params.ndim - 1)

    @classmethod
    def prior(cls, latent_shape: tuple[int, ...], like: Tensor) -> Laplace:
        """Laplace(0, 1/sqrt 2) for every dimension: variance 1."""
        loc = torch.zeros(latent_shape, dtype=like.dtype, device=like.device)
        return cls(loc, torch.full_like(loc, math.sqrt(0.5)), len(latent_shape))

    @property
    def mean(self) -> Tensor:
        """mu."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """2 b^2."""
        return 2.0 * self.scale.square()

    def marginals(self) -> td.Laplace:
        """Laplace(mu_j, b_j)."""
        return td.Laplace(self.loc, self.scale, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """log q(z|x), summed over the latent dimensions."""
        log_prob: Tensor = self.marginals().log_prob(value)
        return log_prob.sum(self._event_axes)

    def rsample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """z = mu + b * eps, eps the difference of two exponential draws."""
        shape, like = (2, *sample_shape, *self.loc.shape), self.loc
        draws = torch.empty(shape, dtype=like.dtype, device=like.device)
        plus, minus = draws.exponential_(generator=generator)
        z: Tensor = self.loc + self.scale * (plus - minus)
        return z

    def nodes(self) -> tuple[Tensor, Tensor] | None:
        """Equal steps of v on either side of the peak, |eps| = exp(v - e^-v).

        They crowd at the peak and reach far out: a sum over them is exact to nine digits (double
        exponential quadrature, Takahasi & Mori 1974).
        """
        size = math.prod(self.event_shape)
        if size > 2:
            return None
        v = NODE_STEP * torch.arange(NODE_ENDS[0], NODE_ENDS[1] + 1, dtype=torch.float64)
        away = (v - (-v).exp()).exp()
        share = away * (1.0 + (-v).exp()) * (-away).exp()
        eps, share = torch.cat([-away.flip(0), away]), torch.cat([share.flip(0), share])
        places = torch.cartesian_prod(*[eps] * size).reshape(-1, size)
        shares = torch.cartesian_prod(*[share / share.sum()] * size).reshape(-1, size).prod(1)
        flat = self.loc.reshape(-1, size)
        z = flat + places[:, None].to(flat.dtype) * self.scale.reshape(-1, size)
        weights = shares[:, None].to(flat.dtype).expand(-1, len(flat))
        return z.reshape(len(places), *self.loc.shape), weights

    @classmethod
    def params_of(
        cls, mean: Float[Tensor, " n *latent"], variance: Float[Tensor, " n *latent"]
    ) -> Float[Tensor, " n *sites P"]:
        """The mean, and the logarithm of the variance."""
        return torch.cat([mean, variance.clamp(min=math.exp(LOGVAR_MIN)).log()], -1)

    def scaled(self, factor: float) -> Laplace:
        """Laplace(mu, factor b)."""
        return Laplace(self.loc, factor * self.scale, len(self.event_shape))


@td.register_kl(Laplace, Laplace)
def _kl_laplace(q: Laplace, p: Laplace) -> Tensor:
    per_number: Tensor = td.kl_divergence(q.marginals(), p.marginals())
    return per_number.sum(q._event_axes)
