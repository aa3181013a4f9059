"""The families of p(x|z), one class each: decoder output -> distribution over images.

The likelihood scores the image itself, given the decoder's mean; it never scores the
reconstruction. Constants are kept, so that a reported number is a log-density in nats.
To add a family, write its pixels' distribution and one class that makes it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from vae_core.config import LIKELIHOODS, SIGMA_MAX, SIGMA_MIN, ModelConfig

IMAGE_NDIM = 3  # (c, H, W)
PIXELS = (-3, -2, -1)
LEVELS = 256
LOG_SCALE_MIN, LOG_SCALE_MAX = -7.0, 3.0  # of a logistic, image being 1 wide


class Pixels(Distribution, ABC):
    """Pixels independent given z: event_shape (c, H, W).

    Made at every step of training, so it checks nothing and keeps `output` as it comes.
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(self, like: Tensor) -> None:
        shape = like.shape
        super().__init__(shape[:-IMAGE_NDIM], shape[-IMAGE_NDIM:], validate_args=False)

    @property
    @abstractmethod
    def mean(self) -> Tensor:
        """The picture that is shown, (*batch, c, H, W)."""

    @abstractmethod
    def sample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """Pictures with their pixel noise, (*sample_shape, *batch, c, H, W)."""

    @abstractmethod
    def log_prob(self, value: Tensor) -> Tensor:
        """log p(x|z), summed over pixels, (*batch,)."""


class Likelihood(nn.Module, ABC):
    """Maps (..., n_params * c, H, W) to a distribution with event_shape (c, H, W)."""

    title: ClassVar[str]
    measure: ClassVar[str]  # what log p(x|z) is the logarithm of; others are not comparable
    n_params: int = 1  # numbers per pixel and colour channel

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, output: Float[Tensor, "*batch K H W"]) -> Pixels:
        """p(x|z) for a batch of decoder outputs."""

    @property
    def sigma(self) -> float | None:
        """The one standard deviation of all pixels, for families that have one."""
        return None


class BernoulliPixels(Pixels):
    """The same as torch's Independent(Bernoulli(logits), 3) that accepts grey values.

    It sums over the pixels before it changes the sign: one pass over all pixels less in each
    direction.
    """

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        super().__init__(logits)

    @property
    def mean(self) -> Tensor:
        """Probability that each pixel is on."""
        return self.logits.sigmoid()

    def sample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """Pixels that are 0 or 1."""
        chances = self.mean.detach().expand(*sample_shape, *self.logits.shape)
        return torch.bernoulli(chances, generator=generator)

    def log_prob(self, value: Tensor) -> Tensor:
        """Minus the binary cross-entropy, summed over the pixels."""
        logits = self.logits
        if logits.shape != value.shape:  # never so in training, where the copies would cost
            logits, value = torch.broadcast_tensors(logits, value)
        nats = binary_cross_entropy_with_logits(logits, value, reduction="none")
        return -nats.sum(PIXELS)


@LIKELIHOODS.register("bernoulli")
class BernoulliLikelihood(Likelihood):
    """Each pixel is on with probability sigmoid(output): binary cross-entropy, summed.

    On grey pixels this is a loss, not a normalised density, and its floor is the entropy of
    the grey level (0.693 nats at 0.5), not 0.
    """

    title = "Bernoulli"
    measure = "Bernoulli cross-entropy"

    def forward(self, output: Float[Tensor, "*batch K H W"]) -> BernoulliPixels:
        """Independent Bernoulli pixels with logits `output`."""
        return BernoulliPixels(output)


class ContinuousBernoulliPixels(Pixels):
    """p(x) = exp(eta x - A(eta)) on [0, 1], A(eta) = log((exp(eta) - 1) / eta), eta the logit.

    The same as torch's ContinuousBernoulli, but that keeps lambda off 0 and 1: in float32 it
    no longer integrates to 1 beyond |eta| = 16, where pixels that are always black soon are.
    """

    NEAR = 0.1  # of eta = 0, where the formulas lose digits and a few powers of eta do not

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        super().__init__(logits)

    @property
    def mean(self) -> Tensor:
        """The mean of the density, A'(eta); it is not its parameter lambda."""
        is_near, tiny, size = self._near_and_far()
        near = 0.5 + tiny / 12 - tiny**3 / 720 + tiny**5 / 30_240
        dark = 1.0 / size - 1.0 / size.expm1()  # of the pixel or its negative
        return torch.where(is_near, near, torch.where(self.logits > 0, 1.0 - dark, dark))

    def sample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """Grey levels in [0, 1], by the inverse of the cumulative distribution."""
        eta = self.logits.detach()
        shape = (*sample_shape, *eta.shape)
        u = torch.rand(shape, generator=generator, dtype=eta.dtype, device=eta.device)
        size = eta.abs().clamp(min=1e-6)
        dark = (-torch.log1p(u * torch.expm1(-size)) / size).clamp(0.0, 1.0)
        return torch.where(eta > 0, 1.0 - dark, dark)

    def log_prob(self, value: Tensor) -> Tensor:
        """Minus the cross-entropy, plus the constant that makes it a density on [0, 1]."""
        is_near, tiny, size = self._near_and_far()
        near = tiny / 2 + tiny**2 / 24 - tiny**4 / 2_880 + tiny**6 / 181_440
        far = self.logits.relu() - (size / -torch.expm1(-size)).log()
        return (self.logits * value - torch.where(is_near, near, far)).sum(PIXELS)

    def _near_and_far(self) -> tuple[Tensor, Tensor, Tensor]:
        """Whether eta is near 0; eta and |eta|, tame where not used: so are their gradients."""
        eta, size = self.logits, self.logits.abs()
        is_near = size < self.NEAR
        return is_near, eta.clamp(-self.NEAR, self.NEAR), torch.where(is_near, 1.0, size)


@LIKELIHOODS.register("continuous-bernoulli")
class ContinuousBernoulliLikelihood(Likelihood):
    """p(x|z) = C(lambda) lambda^x (1 - lambda)^(1 - x) on [0, 1], lambda = sigmoid(output).

    What the Bernoulli needs to be a density of grey levels (Loaiza-Ganem & Cunningham 2019).
    """

    title = "continuous Bernoulli"
    measure = "density of pixel values"

    def forward(self, output: Float[Tensor, "*batch K H W"]) -> ContinuousBernoulliPixels:
        """Independent continuous Bernoulli pixels with logits `output`."""
        return ContinuousBernoulliPixels(output)


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

    def _log_density(self, squares: Tensor, log_sigma: Tensor) -> Tensor:
        size = self.event_shape.numel()
        constant = size * (log_sigma + 0.5 * math.log(2.0 * math.pi))
        return -0.5 * squares * (-2.0 * log_sigma).exp() - constant


class SelfScaledPixels(GaussianPixels):
    """Gaussian pixels in training with the analytic sigma: that of the batch being scored.

    Scoring brings the running mean up to date.

    Parameters
    ----------
    loc : Tensor, (*batch, c, H, W)
    log_sigma : Tensor, ()
        Of the running mean; changed in place.
    measured : Tensor, ()
        Share of the running mean that was measured, the rest being what it began with: 0
        before the first batch, then towards 1; changed in place.
    """

    FORGETTING = 0.1  # per batch, once there were many: the weights move on

    def __init__(self, loc: Tensor, log_sigma: Tensor, measured: Tensor) -> None:
        super().__init__(loc, log_sigma)
        self.measured = measured

    def log_prob(self, value: Tensor) -> Tensor:
        """With sigma^2 = mean squared error over all pixels, the best there is.

        Its gradient through sigma vanishes there, so sigma is taken as a constant.
        """
        squares = (value - self.loc).square().sum(PIXELS)
        with torch.no_grad():
            mse = squares.mean() / self.event_shape.numel()
            mse = mse.clamp(SIGMA_MIN**2, SIGMA_MAX**2)
            self.measured += self.FORGETTING * (1.0 - self.measured)
            kept = (2.0 * self.log_sigma).exp()  # the first batch replaces it
            kept = kept + self.FORGETTING / self.measured * (mse - kept)
            self.log_sigma.copy_(0.5 * kept.log())
        return self._log_density(squares, 0.5 * mse.log())


@LIKELIHOODS.register("gaussian")
class GaussianLikelihood(Likelihood):
    """x = output + sigma * noise, one sigma for all pixels of an image.

    -log p(x|z) = D log sigma + D/2 log 2 pi + ||x - output||^2 / (2 sigma^2).

    `sigma` says where it comes from:
    fixed : `sigma_value`, as it is.
    learned : a parameter beside the weights, begun at `sigma_value`.
    analytic : in training, the square root of each batch's mean squared error, which is the
        best (Rybkin et al. 2021); its running mean is kept and frozen for everything else.
    per-image : one more map of the decoder, whose mean is log(sigma / sigma_value): a
        function of z.
    """

    title = "Gaussian"
    measure = "density of pixel values"
    log_sigma: Tensor
    measured: Tensor

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
            return SelfScaledPixels(output, self.log_sigma, self.measured)
        return GaussianPixels(output, _limited(self.log_sigma))

    @property
    def sigma(self) -> float | None:
        """The shared sigma; None when every image has its own."""
        return None if self.kind == "per-image" else float(_limited(self.log_sigma.detach()).exp())


def _limited(log_sigma: Tensor) -> Tensor:
    return log_sigma.clamp(math.log(SIGMA_MIN), math.log(SIGMA_MAX))


class LogisticPixels(Pixels):
    """256 grey levels, each with the mass of a logistic density over its bin.

    The first and the last bin reach to infinity, so the masses add up to 1. An image is
    read as the nearest of the levels 0, 1/255, ..., 1.

    Parameters
    ----------
    loc, log_scale : Tensor, (*batch, c, H, W)
    """

    def __init__(self, loc: Tensor, log_scale: Tensor) -> None:
        self.loc, self.log_scale = loc, log_scale
        super().__init__(loc)

    @property
    def mean(self) -> Tensor:
        """Mean level: sum over k of P(x >= k / 255) / 255."""
        loc, sharpness = self._in_levels()
        total = torch.zeros_like(loc)
        for k in range(1, LEVELS):
            total = total + ((loc - (k - 0.5)) * sharpness).sigmoid()
        return total / (LEVELS - 1)

    def sample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """Levels k / 255."""
        loc, scale = self.loc.detach(), self.log_scale.detach().exp()
        shape = (*sample_shape, *loc.shape)
        u = torch.rand(shape, generator=generator, dtype=loc.dtype, device=loc.device)
        return _nearest_level(loc + scale * u.logit()) / (LEVELS - 1)

    def log_prob(self, value: Tensor) -> Tensor:
        """log(F(upper edge) - F(lower edge)), summed over the pixels."""
        k, (loc, sharpness) = _nearest_level(value), self._in_levels()
        below = logsigmoid((k + 0.5 - loc) * sharpness)
        above = logsigmoid((loc - (k - 0.5)) * sharpness)
        # sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b)), without cancellation
        inside = below + above + (-torch.expm1(-sharpness)).log()
        nats = torch.where(k <= 0, below, torch.where(k >= LEVELS - 1, above, inside))
        return nats.sum(PIXELS)

    def _in_levels(self) -> tuple[Tensor, Tensor]:
        """Location and inverse scale, a level being 1: edges of neighbours are then the same."""
        return (LEVELS - 1) * self.loc, (-self.log_scale).exp() / (LEVELS - 1)


def _nearest_level(x: Tensor) -> Tensor:
    """0, 1, ..., 255."""
    return (x * (LEVELS - 1)).round().clamp(0, LEVELS - 1)


@LIKELIHOODS.register("discretised-logistic")
class LogisticLikelihood(Likelihood):
    """A probability for each of 256 grey levels, so that bits and nats are comparable.

    The decoder gives every pixel a location and a log-scale (Kingma et al. 2016; Salimans et
    al. 2017). Unlike a density, -log p(x|z) is never negative.
    """

    title = "discretised logistic"
    measure = "probability of 256 levels"
    n_params = 2

    def forward(self, output: Float[Tensor, "*batch K H W"]) -> LogisticPixels:
        """Location and log-scale from the two halves of `output`."""
        loc, log_scale = output.chunk(2, dim=-3)
        return LogisticPixels(loc, log_scale.clamp(LOG_SCALE_MIN, LOG_SCALE_MAX))
