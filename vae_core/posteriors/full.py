"""Full-covariance Gaussian posteriors, by their Cholesky factor.

Sigma = L L^T with a positive diagonal is positive definite for every output of the encoder, and
z = mu + L eps is differentiable. The two families here differ in how they parametrise L.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import CorrCholeskyTransform, Normal, register_kl

from vae_core.config import POSTERIORS
from vae_core.errors import ConfigError
from vae_core.posteriors.diagonal import (
    LOGVAR_MAX,
    LOGVAR_MIN,
    DiagonalGaussian,
    NormalPrior,
    normal_pairs,
)

_FROM_L = ("eps = torch.randn_like(mu)", "z = mu + (L @ eps[..., None])[..., 0]")
MAX_PARAMS = 8192  # per site: 126 channels; the last layer and every L grow with their square


class CholeskyGaussian(NormalPrior):
    """N(mu, L L^T) at every site, L lower triangular.

    KL(q || N(0, I)) = 0.5 (||L||_F^2 + ||mu||^2 - d) - sum log L_ii. It is the sum of the
    marginals' KLs and -0.5 log det of the correlation matrix, the price of correlation.

    Parameters
    ----------
    loc : Tensor, (n, *sites, C)
    log_diagonal : Tensor, (n, *sites, C)
        Logarithm of the diagonal of L.
    scale_tril : Tensor, (n, *sites, C, C)
        L.
    """

    rest_title = "correlation"
    is_correlated = True
    draw_tex = r"z=\mu(x)+L(x)\,\varepsilon,\quad \varepsilon\sim\mathcal N(0,I)"
    rate_tex = (
        r"\mathrm{KL}\big(q(z\mid x)\,\|\,\mathcal N(0,I)\big)"
        r"=\underbrace{\sum_j \tfrac12\big(\mu_j^2+\sigma_j^2-\ln\sigma_j^2-1\big)}"
        r"_{\text{marginals}}\;\underbrace{-\tfrac12\ln\det\Omega}_{\text{correlation}}"
    )

    def __init__(
        self, loc: Tensor, log_diagonal: Tensor, scale_tril: Tensor, event_ndim: int
    ) -> None:
        self.loc, self.log_diagonal, self.scale_tril = loc, log_diagonal, scale_tril
        self._set_shape(loc, event_ndim)

    @staticmethod
    def n_params(channels: int) -> int:
        """Means, diagonal and the triangle below it: C (C + 3) / 2."""
        n = channels * (channels + 3) // 2
        if n > MAX_PARAMS:
            raise ConfigError(
                f"posterior: a full covariance over C = {channels} channels takes C (C + 3) / 2 "
                f"= {n} numbers per image and site, more than {MAX_PARAMS}; at most "
                f"{_largest(MAX_PARAMS)} channels fit. Choose fewer, or posterior diagonal."
            )
        return n

    @staticmethod
    def starts_at_zero(channels: int) -> slice:
        """Everything below the diagonal: no correlation to begin with."""
        return slice(2 * channels, None)

    def factor(self) -> Float[Tensor, " n *sites C C"]:
        """L."""
        return self.scale_tril

    @property
    def variance(self) -> Tensor:
        """The diagonal of L L^T."""
        return self.scale_tril.square().sum(-1)

    def mean_covariance(self) -> Float[Tensor, "*sites C C"]:
        """Mean over the batch of L L^T."""
        factor = self.scale_tril
        return torch.einsum("n...ij,n...kj->...ik", factor, factor) / len(factor)

    def marginals(self) -> Normal:
        """N(mu_j, Sigma_jj)."""
        return Normal(self.loc, self.variance.sqrt(), validate_args=False)

    def conditional(self, j: int, before: Float[Tensor, "n {j}"]) -> Normal:
        """N(mu_j + L_j,<j L_<j^-1 (z_<j - mu_<j), L_jj^2), of those before it at the same site."""
        channels = self.loc.shape[-1]
        site, c = divmod(j, channels)
        mu = self.loc.reshape(len(self.loc), -1, channels)[:, site]
        factor = self.scale_tril.reshape(len(mu), -1, channels, channels)[:, site]
        centred = (before[:, j - c :] - mu[:, :c])[..., None]
        eps = torch.linalg.solve_triangular(factor[:, :c, :c], centred, upper=False)[..., 0]
        mean = mu[:, c] + (factor[:, c, :c] * eps).sum(-1)
        return Normal(mean, factor[:, c, c], validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """log q(z|x) = -0.5 ||L^-1 (z - mu)||^2 - sum log L_ii - d/2 log 2 pi."""
        centred = value - self.loc
        # One solve per image for all that is asked of it: L is never copied.
        count = centred.numel() // max(1, self.loc.numel())
        sides = centred.reshape(count, *self.loc.shape).movedim(0, -1)  # (n, *sites, C, count)
        solved = torch.linalg.solve_triangular(self.scale_tril, sides, upper=False)
        standard = solved.movedim(-1, 0).reshape(centred.shape)
        per_number = 0.5 * standard.square() + self.log_diagonal + 0.5 * math.log(2 * math.pi)
        log_prob: Tensor = -per_number.sum(self._event_axes)
        return log_prob

    def log_prob_pairs(self, z: Float[Tensor, " m *latent"]) -> Float[Tensor, "m n"]:
        """As products of matrices, site by site: quadratic in z, so linear in z and z z^T."""
        middle = self.loc.mean(0)
        channels = self.loc.shape[-1]
        mu, z, log_diagonal = (  # (n, sites, C)
            t.reshape(len(t), -1, channels)
            for t in (self.loc - middle, z - middle, self.log_diagonal)
        )
        factor = self.scale_tril.reshape(*mu.shape, channels)
        total = z.new_zeros(len(z), len(mu))
        identity = torch.eye(channels, dtype=z.dtype, device=z.device)
        for site in range(mu.shape[1]):
            root = torch.linalg.solve_triangular(factor[:, site], identity, upper=False)
            precision = root.mT @ root  # (n, C, C)
            pull = (precision @ mu[:, site, :, None])[..., 0]
            constant = -0.5 * (pull * mu[:, site]).sum(-1) - log_diagonal[:, site].sum(-1)
            outer = torch.einsum("mi,mj->mij", z[:, site], z[:, site]).flatten(1)
            total += torch.addmm(constant, z[:, site], pull.T)
            total.addmm_(outer, precision.flatten(1).T, alpha=-0.5)
        return total - 0.5 * self.event_shape.numel() * math.log(2.0 * math.pi)

    def marginal_log_prob_pairs(self, z_j: Float[Tensor, " m"], j: int) -> Float[Tensor, "m n"]:
        """As products of matrices."""
        variance = self.variance.flatten(1)[:, j]
        return normal_pairs(z_j, self.loc.flatten(1)[:, j], variance.log())

    def rsample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """z = mu + L eps, eps ~ N(0, I)."""
        loc = self.loc
        shape = (*sample_shape, *loc.shape)
        eps = torch.randn(shape, generator=generator, dtype=loc.dtype, device=loc.device)
        return loc + (self.scale_tril @ eps[..., None])[..., 0]

    def scaled(self, factor: float) -> FullGaussian:
        """N(mu, factor^2 L L^T)."""
        log_diagonal = self.log_diagonal + math.log(factor)
        return FullGaussian(self.loc, log_diagonal, factor * self.scale_tril, len(self.event_shape))


@POSTERIORS.register("full")
class FullGaussian(CholeskyGaussian):
    """q(z|x) = N(mu(x), L(x) L(x)^T), the encoder's outputs being L itself.

    C means, C logarithms of L's diagonal, then the rows of L below it.
    """

    title = "full-covariance Gaussian"
    rate_line = "kl = (0.5 * (mu**2 + (L**2).sum(-1) - 1) - log_diagonal).sum()"

    @classmethod
    def draw_lines(cls, channels: int) -> tuple[str, ...]:
        """L from its diagonal and what is below."""
        c, below = channels, channels * (channels - 1) // 2
        factor = "L = torch.exp(log_diagonal).diag_embed()"
        return (
            f"mu, log_diagonal, below = params.split([{c}, {c}, {below}], dim=-1)",
            f"{factor}\nL[(..., *torch.tril_indices({c}, {c}, -1))] = below" if below else factor,
            *_FROM_L,
        )

    @classmethod
    def from_params(cls, params: Float[Tensor, " n *sites P"]) -> FullGaussian:
        """mu, log L_ii (clamped), then L_21, L_31, L_32, ..."""
        loc, log_diagonal, below = _split(params)
        log_diagonal = log_diagonal.clamp(0.5 * LOGVAR_MIN, 0.5 * LOGVAR_MAX)
        rows, columns = torch.tril_indices(loc.shape[-1], loc.shape[-1], -1, device=loc.device)
        factor = torch.diag_embed(log_diagonal.exp())
        factor[..., rows, columns] = below
        return cls(loc, log_diagonal, factor, params.ndim - 1)


@POSTERIORS.register("full-correlation")
class FullCorrelationGaussian(CholeskyGaussian):
    """q(z|x) = N(mu, diag(sigma) Omega diag(sigma)), Omega a correlation matrix.

    As many parameters as for L itself: C means, C log-variances of the marginals, and
    C (C - 1) / 2 that torch's CorrCholeskyTransform turns into Omega's Cholesky factor, so
    L = diag(sigma) L_Omega. The encoder parametrises sigma and correlation separately.
    """

    title = "full-covariance Gaussian (σΩσ)"
    rate_line = "kl = (0.5 * (mu**2 + (L**2).sum(-1) - 1) - L.diagonal(0, -2, -1).log()).sum()"

    @classmethod
    def draw_lines(cls, channels: int) -> tuple[str, ...]:
        """L from the standard deviations and the correlations."""
        c, below = channels, channels * (channels - 1) // 2
        correlation = "td.CorrCholeskyTransform()(below)" if below else "torch.eye(1)"
        return (
            f"mu, logvar, below = params.split([{c}, {c}, {below}], dim=-1)",
            "std = torch.exp(0.5 * logvar)",
            f"L = std[..., None] * {correlation}",
            *_FROM_L,
        )

    @classmethod
    def from_params(cls, params: Float[Tensor, " n *sites P"]) -> FullCorrelationGaussian:
        """mu, log sigma^2 (clamped), then the unconstrained correlations."""
        loc, logvar, below = _split(params)
        log_sigma = 0.5 * logvar.clamp(LOGVAR_MIN, LOGVAR_MAX)
        correlation = CorrCholeskyTransform()(below) if below.shape[-1] else 1.0
        factor = correlation * log_sigma.exp()[..., None]
        log_diagonal = factor.diagonal(dim1=-2, dim2=-1).log()
        return cls(loc, log_diagonal, factor, params.ndim - 1)


def _split(params: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """C means, C entries of the diagonal, and the C (C - 1) / 2 below it."""
    channels = _largest(params.shape[-1])
    loc, diagonal, below = params.split(
        [channels, channels, params.shape[-1] - 2 * channels], dim=-1
    )
    return loc, diagonal, below


def _largest(n_params: int) -> int:
    """Most channels C with C (C + 3) / 2 <= n_params."""
    return (math.isqrt(8 * n_params + 9) - 3) // 2


@register_kl(CholeskyGaussian, DiagonalGaussian)
def _kl_cholesky(q: CholeskyGaussian, p: DiagonalGaussian) -> Tensor:
    precision = (-p.logvar).exp()
    squares = (q.loc - p.loc).square() + q.variance  # (n, *sites, C); ||L||^2 row by row
    terms = 0.5 * (squares * precision + p.logvar - 1.0) - q.log_diagonal
    return terms.sum(q._event_axes)
