"""Base classes of likelihoods p(x|z): a distribution over images, and the module making it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Distribution

from vae_core.config import ModelConfig
from vae_core.errors import ConfigError

IMAGE_NDIM = 3  # (c, H, W)
PIXELS = (-3, -2, -1)


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

    def below(self, k: Tensor) -> Tensor:
        """P(level < k) of every pixel, for families of `n_levels` levels: from 0 to 1.

        Parameters
        ----------
        k : Tensor, of a shape that goes with (*batch, c, H, W)
            0, 1, ..., n_levels.

        Raises
        ------
        ConfigError
            For a density, whose pixels have no levels.
        """
        raise ConfigError("a density of pixel values has no levels: it gives no probabilities.")

    def log_prob_pairs(self, x: Float[Tensor, "n c H W"]) -> Float[Tensor, "m n"]:
        """log p(x_i|z_k) of every image under every one of m latents, batch_shape (m,).

        Families whose log-density is linear in the image do it as a product of matrices.
        """
        return torch.stack([self.log_prob(image) for image in x], 1)


class Likelihood(nn.Module, ABC):
    """Maps (..., n_params * c, H, W) to a distribution with event_shape (c, H, W)."""

    title: ClassVar[str]
    measure: ClassVar[str]  # what log p(x|z) is the logarithm of; others are not comparable
    n_params: int = 1  # parameters per pixel and colour channel
    has_sigma: ClassVar[bool] = False  # whether the settings of sigma have an effect
    is_density: ClassVar[bool] = False  # of pixel values in [0, 1], and no probability
    is_normalised_on_grey: ClassVar[bool] = True  # whether it is one of grey levels, too
    n_levels: ClassVar[int | None] = None  # values of a pixel, where it is a probability of them
    is_unbounded: ClassVar[bool] = False  # whether pixels of one value earn nats without bound

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()

    @classmethod
    def is_normalised_on(cls, binarisation: str) -> bool:
        """Whether it is a probability or a density of such pixels, a name in BINARISATIONS."""
        return cls.is_normalised_on_grey or binarisation != "grey"

    @abstractmethod
    def forward(self, output: Float[Tensor, "*batch K H W"]) -> Pixels:
        """p(x|z) for a batch of decoder outputs."""

    def observe(self, x: Float[Tensor, "n c H W"], p: Pixels) -> None:
        """Update the statistics that the family keeps in training: none, for most.

        Training calls it once per step; scoring never changes a model.

        Parameters
        ----------
        x : Tensor, (n, c, H, W)
        p : Pixels, (*samples, n)
            p(x|z) of this batch.
        """

    @property
    def sigma(self) -> float | None:
        """The one standard deviation of all pixels, for families that have one."""
        return None

    @classmethod
    def pixel_variance(cls, mean: Tensor) -> Tensor | None:
        """Variance of pixels with this mean, in units of sigma^2 where there is one.

        The noise that the law of collapse measures the data by. None where it is no function of
        the mean alone, or the law is not known.
        """
        return None

    @property
    def description(self) -> str:
        """What it is, in words: its name, and its sigma where it has one."""
        return self.title

    def lines(self) -> tuple[str, ...]:
        """How the decoder's `output` becomes x_hat and distortion, in PyTorch: to read and to run.

        As `Posterior.draw_lines`; x is the image, (n, c, H, W). Empty where there are none.
        """
        return ()

    def page_facts(self) -> dict[str, Any]:
        """What a page needs, besides the name, to turn the decoder's output into pixels."""
        return {}
