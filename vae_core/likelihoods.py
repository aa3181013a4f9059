"""The families of p(x|z), one class each: decoder output -> distribution over images.

The likelihood scores the image itself, given the decoder's mean; it never scores the
reconstruction. Constants are kept, so that a reported number is a log-density in nats.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal
from torch.nn.functional import binary_cross_entropy_with_logits

from vae_core.config import LIKELIHOODS, ModelConfig

IMAGE_NDIM = 3  # (c, H, W)


class Likelihood(nn.Module, ABC):
    """Maps (..., n_params * c, H, W) to a distribution with event_shape (c, H, W)."""

    title: ClassVar[str]
    n_params: ClassVar[int]  # numbers per pixel and colour channel

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, output: Float[Tensor, "*batch K H W"]) -> Distribution:
        """p(x|z) for a batch of decoder outputs."""


class BernoulliPixels(Distribution):
    """Independent Bernoulli pixels, event_shape (c, H, W), that accept grey values.

    The same as torch's Independent(Bernoulli(logits), 3) without validation, but it sums over
    the pixels before it changes the sign: one pass over all pixels less in each direction.
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        shape = logits.shape
        super().__init__(shape[:-IMAGE_NDIM], shape[-IMAGE_NDIM:], validate_args=False)

    @property
    def mean(self) -> Tensor:
        """Probability that each pixel is on."""
        return self.logits.sigmoid()

    @property
    def variance(self) -> Tensor:
        """p (1 - p)."""
        return self.mean * (1.0 - self.mean)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Pixels that are 0 or 1."""
        return torch.bernoulli(self.mean.detach().expand(*sample_shape, *self.logits.shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """Minus the binary cross-entropy, summed over the pixels."""
        logits = self.logits
        if logits.shape != value.shape:  # never so in training, where the copies would cost
            logits, value = torch.broadcast_tensors(logits, value)
        nats = binary_cross_entropy_with_logits(logits, value, reduction="none")
        return -nats.sum((-3, -2, -1))


@LIKELIHOODS.register("bernoulli")
class BernoulliLikelihood(Likelihood):
    """Each pixel is on with probability sigmoid(output): binary cross-entropy, summed.

    On grey pixels this is a loss, not a normalised density, and its floor is the entropy of
    the grey level (0.693 nats at 0.5), not 0. `validate_args=False` admits grey, here only.
    """

    title = "Bernoulli"
    n_params = 1

    def forward(self, output: Float[Tensor, "*batch K H W"]) -> Distribution:
        """Independent Bernoulli pixels with logits `output`."""
        return BernoulliPixels(output)


@LIKELIHOODS.register("gaussian")
class GaussianLikelihood(Likelihood):
    """x = output + sigma * noise with one fixed sigma for all pixels.

    -log p(x|z) = D log sigma + D/2 log 2 pi + ||x - output||^2 / (2 sigma^2).
    """

    title = "Gaussian"
    n_params = 1

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.sigma = config.sigma_value

    def forward(self, output: Float[Tensor, "*batch K H W"]) -> Distribution:
        """Independent normal pixels around `output`."""
        return Independent(Normal(output, self.sigma, validate_args=False), IMAGE_NDIM, False)
