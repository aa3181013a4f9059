"""Bernoulli likelihoods: of pixels that are 0 or 1, and of grey levels in [0, 1]."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, pad

from vae_core.config import LIKELIHOODS
from vae_core.likelihoods.base import IMAGE_NDIM, PIXELS, Likelihood, Pixels

TOGETHER = 8  # factors whose product is far from overflow


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
        if not logits.requires_grad:  # many latents are scored: half of the time
            signed = (logits * value).sub_(logits.relu())  # nothing large is left to cancel
            return signed.sum(PIXELS) - _sum_of_log1p_exp(logits.flatten(-IMAGE_NDIM))
        if logits.shape != value.shape:  # never so in training, where the copies would cost
            logits, value = torch.broadcast_tensors(logits, value)
        nats = binary_cross_entropy_with_logits(logits, value, reduction="none")
        return -nats.sum(PIXELS)

    def below(self, k: Tensor) -> Tensor:
        """0, 1 - p, 1."""
        return torch.where(k <= 0, 0.0, torch.where(k >= 2, 1.0, (-self.logits).sigmoid()))

    def log_prob_pairs(self, x: Float[Tensor, "n c H W"]) -> Float[Tensor, "m n"]:
        """As a product of matrices: x logits - sum softplus(logits)."""
        logits = self.logits.flatten(1)
        softplus = logits.relu().sum(-1) + _sum_of_log1p_exp(logits)
        return logits @ x.flatten(1).T - softplus[:, None]


def _sum_of_log1p_exp(values: Float[Tensor, "*batch n"]) -> Float[Tensor, "*batch"]:
    """Sum over the last axis of log(1 + e^-|x|): softplus less max(x, 0), a logarithm for eight."""
    terms = values.abs().neg_().exp_().add_(1.0)  # each from 1 to 2
    missing = -terms.shape[-1] % TOGETHER
    if missing:
        terms = pad(terms, (0, missing), value=1.0)
    total: Tensor = terms.unflatten(-1, (-1, TOGETHER)).prod(-1).log_().sum(-1)
    return total


@LIKELIHOODS.register("bernoulli")
class BernoulliLikelihood(Likelihood):
    """Each pixel is on with probability sigmoid(output): binary cross-entropy, summed.

    On grey pixels this is a loss, not a normalised density, and its floor is the entropy of
    the grey level (0.693 nats at 0.5), not 0.
    """

    title = "Bernoulli"
    measure = "Bernoulli cross-entropy"
    is_normalised_on_grey = False
    n_levels = 2

    @classmethod
    def pixel_variance(cls, mean: Tensor) -> Tensor:
        """p (1 - p)."""
        return mean * (1.0 - mean)

    def lines(self) -> tuple[str, ...]:
        """Binary cross-entropy."""
        return (
            "logits = output",
            "x_hat = logits.sigmoid()",
            'distortion = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")',
        )

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
        return (self.logits * value - self._log_norm()).sum(PIXELS)

    def log_prob_pairs(self, x: Float[Tensor, "n c H W"]) -> Float[Tensor, "m n"]:
        """As a product of matrices: x eta - sum A(eta)."""
        norm = self._log_norm().sum(PIXELS)
        return self.logits.flatten(1) @ x.flatten(1).T - norm[:, None]

    def _log_norm(self) -> Tensor:
        """A(eta) of every pixel."""
        is_near, tiny, size = self._near_and_far()
        near = tiny / 2 + tiny**2 / 24 - tiny**4 / 2_880 + tiny**6 / 181_440
        far = self.logits.relu() - (size / -torch.expm1(-size)).log()
        return torch.where(is_near, near, far)

    def _near_and_far(self) -> tuple[Tensor, Tensor, Tensor]:
        """Whether eta is near 0; eta and |eta|, kept finite where they are not used."""
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
    is_density = True
    is_unbounded = True

    def lines(self) -> tuple[str, ...]:
        """The mean and the normaliser by |eta|, in double precision: at 0 they lose digits."""
        return (
            "logits = output",
            "size = logits.abs().double().clamp(min=1e-6)\n"
            "x_hat = 0.5 + logits.sign() * (0.5 - 1 / size + 1 / torch.expm1(size))",
            "log_norm = logits.relu() - torch.log(size / -torch.expm1(-size))\n"
            "distortion = -(logits * x - log_norm).sum()",
        )

    def forward(self, output: Float[Tensor, "*batch K H W"]) -> ContinuousBernoulliPixels:
        """Independent continuous Bernoulli pixels with logits `output`."""
        return ContinuousBernoulliPixels(output)
