"""The Gaussian likelihood: one standard deviation sigma for all pixels of an image."""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vae_core.config import LIKELIHOODS, SIGMA_MAX, SIGMA_MIN, ModelConfig
from vae_core.likelihoods.base import PIXELS, Likelihood, Pixels


class GaussianPixels(Pixels):
    """Normal pixels around `loc`, one standard deviation for all pixels of an image.

    Parameters
    ----------
    loc : Tensor, (*batch, c, H, W)
    log_sigma : Tensor, () or (*batch)
    """

    def __init__(self, loc: Tensor, log_sigma: Tensor) -> None:
        self.loc, self.log_sigma = loc, log_sigma
        super().__init__(loc)

    @property
    def mean(self) -> Tensor:
        """The decoder's output; it may leave [0, 1]."""
        return self.loc

    def sample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """Grey levels with noise; they may leave [0, 1]."""
        loc = self.loc.detach()
        shape = (*sample_shape, *loc.shape)
        eps = torch.randn(shape, generator=generator, dtype=loc.dtype, device=loc.device)
        return loc + self.log_sigma.detach().exp()[..., None, None, None] * eps

    def log_prob(self, value: Tensor) -> Tensor:
        """-D log sigma - D/2 log 2 pi - ||x - loc||^2 / (2 sigma^2)."""
        squares = (value - self.loc).square().sum(PIXELS)
        return self._log_density(squares, self.log_sigma)

    def log_prob_pairs(self, x: Float[Tensor, "n c H W"]) -> Float[Tensor, "m n"]:
        """As a product of matrices, in float64: squares of distances lose digits."""
        loc, x = self.loc.flatten(1).double(), x.flatten(1).double()
        squares = loc.square().sum(1, keepdim=True) - 2.0 * loc @ x.T + x.square().sum(1)
        log_sigma = self.log_sigma.double()
        width = log_sigma[:, None] if log_sigma.ndim else log_sigma
        return self._log_density(squares.clamp(min=0.0), width).to(self.loc.dtype)

    def _log_density(self, squares: Tensor, log_sigma: Tensor) -> Tensor:
        size = self.event_shape.numel()
        constant = size * (log_sigma + 0.5 * math.log(2.0 * math.pi))
        return -0.5 * squares * (-2.0 * log_sigma).exp() - constant


class SelfScaledPixels(GaussianPixels):
    """Gaussian pixels in training with the analytic sigma: that of the batch being scored.

    Scoring changes nothing: the running mean, with which draws are made, is brought up to date
    by `GaussianLikelihood.observe`.
    """

    def log_prob(self, value: Tensor) -> Tensor:
        """With sigma^2 = mean squared error over all pixels, the best there is.

        Its gradient through sigma vanishes there, so sigma is taken as a constant.
        """
        squares = (value - self.loc).square().sum(PIXELS)
        return self._log_density(squares, 0.5 * _variance(squares.detach(), self).log())


@LIKELIHOODS.register("gaussian")
class GaussianLikelihood(Likelihood):
    """x = output + sigma * noise, one sigma for all pixels of an image.

    -log p(x|z) = D log sigma + D/2 log 2 pi + ||x - output||^2 / (2 sigma^2).

    `sigma` is its source:
    fixed : `sigma_value`, as it is.
    learned : a parameter beside the weights, begun at `sigma_value`.
    analytic : in training, the square root of each batch's mean squared error, which is the
        best (Rybkin et al. 2021); its running mean is kept and frozen for everything else.
    per-image : one more map of the decoder, whose mean is log(sigma / sigma_value): a
        function of z.
    """

    title = "Gaussian"
    measure = "density of pixel values"
    is_density = True
    has_sigma = True
    log_sigma: Tensor
    measured: Tensor  # share of the running mean that was measured: 0, then towards 1
    FORGETTING = 0.1  # of the running mean, per batch, once there were many: the weights move on

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.kind = config.sigma
        self.n_params = 2 if config.sigma == "per-image" else 1
        log_sigma = torch.tensor(math.log(config.sigma_value))
        if config.sigma == "learned":
            self.log_sigma = nn.Parameter(log_sigma)
        else:
            self.register_buffer("log_sigma", log_sigma, persistent=config.sigma == "analytic")
        if config.sigma == "analytic":
            self.register_buffer("measured", torch.tensor(0.0))

    def forward(self, output: Float[Tensor, "*batch K H W"]) -> GaussianPixels:
        """Independent normal pixels around `output`, or around its first half."""
        if self.kind == "per-image":
            loc, width = output.chunk(2, dim=-3)
            return GaussianPixels(loc, _limited(self.log_sigma + width.mean(PIXELS)))
        if self.kind == "analytic" and self.training:
            return SelfScaledPixels(output, self.log_sigma)
        return GaussianPixels(output, _limited(self.log_sigma))

    @torch.no_grad()
    def observe(self, x: Float[Tensor, "n c H W"], p: Pixels) -> None:
        """With the analytic sigma, count this batch's mean squared error in the running mean.

        Old batches count less and less; the first one replaces the value it began with.
        """
        if self.kind != "analytic":
            return
        mse = _variance((x - p.mean).square().sum(PIXELS), p)
        self.measured += self.FORGETTING * (1.0 - self.measured)
        kept = (2.0 * self.log_sigma).exp()
        kept = kept + self.FORGETTING / self.measured * (mse - kept)
        self.log_sigma.copy_(0.5 * kept.log())

    @classmethod
    def pixel_variance(cls, mean: Tensor) -> Tensor:
        """1, in units of sigma^2, whatever the mean."""
        return torch.ones_like(mean)

    @property
    def sigma(self) -> float | None:
        """The shared sigma; None when every image has its own."""
        return None if self.kind == "per-image" else float(_limited(self.log_sigma.detach()).exp())

    @property
    def description(self) -> str:
        """Its name, its sigma, and the setting that this is from."""
        sigma = self.sigma
        return f"{self.title} with {f'σ = {sigma:.3g}' if sigma else 'σ'} ({self.kind})"

    def lines(self) -> tuple[str, ...]:
        """A normal density; sigma is a number here, or read from the decoder's second map."""
        score = "distortion = -td.Normal(x_hat, sigma).log_prob(x).sum()"
        if self.kind != "per-image":
            return "x_hat = output", f"sigma = {self.sigma:.9g}", score
        base = float(self.log_sigma.detach())
        width = f"sigma = torch.exp({base:.9g} + width.mean((-3, -2, -1), keepdim=True))"
        return "x_hat, width = output.chunk(2, dim=-3)", width, score

    def page_facts(self) -> dict[str, Any]:
        """Where sigma is from, and its logarithm."""
        return {"sigma": self.kind, "log_sigma": float(self.log_sigma.detach())}


def _variance(squares: Tensor, p: Pixels) -> Tensor:
    """The mean squared error per pixel of a whole batch, (), from the errors of its images."""
    mse = squares.mean() / p.event_shape.numel()
    return mse.clamp(SIGMA_MIN**2, SIGMA_MAX**2)


def _limited(log_sigma: Tensor) -> Tensor:
    return log_sigma.clamp(math.log(SIGMA_MIN), math.log(SIGMA_MAX))
