"""The discretised logistic likelihood: a probability for each of 256 grey levels."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from vae_core.config import LIKELIHOODS
from vae_core.likelihoods.base import PIXELS, Likelihood, Pixels

LEVELS = 256
LOG_SCALE_MIN, LOG_SCALE_MAX = -7.0, 3.0  # of a logistic, image being 1 wide


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

    def below(self, k: Tensor) -> Tensor:
        """F at the edge between levels k - 1 and k."""
        loc, sharpness = self._in_levels()
        inside = ((k - 0.5 - loc) * sharpness).sigmoid()
        return torch.where(k <= 0, 0.0, torch.where(k >= LEVELS, 1.0, inside))

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
    n_levels = LEVELS

    def lines(self) -> tuple[str, ...]:
        """The mass of each level, by the logistic distribution's values at its edges."""
        last = LEVELS - 1
        sharp = f"sharp = torch.exp(-log_scale.clamp({LOG_SCALE_MIN}, {LOG_SCALE_MAX})) / {last}"
        mean = f"sum((({last} * loc - k + 0.5) * sharp).sigmoid() for k in range(1, {LEVELS}))"
        score = (
            f"level = (x * {last}).round()",
            f"log_upto = F.logsigmoid((level + 0.5 - {last} * loc) * sharp) * (level < {last})",
            f"log_from = F.logsigmoid(({last} * loc - level + 0.5) * sharp) * (level > 0)",
            f"log_both = torch.log(-torch.expm1(-sharp)) * (level % {last} > 0)",
            "distortion = -(log_upto + log_from + log_both).sum()",
        )
        return (
            "loc, log_scale = output.chunk(2, dim=-3)",
            f"{sharp}\nx_hat = {mean} / {last}",
            "\n".join(score),
        )

    def forward(self, output: Float[Tensor, "*batch K H W"]) -> LogisticPixels:
        """Location and log-scale from the two halves of `output`."""
        loc, log_scale = output.chunk(2, dim=-3)
        return LogisticPixels(loc, log_scale.clamp(LOG_SCALE_MIN, LOG_SCALE_MAX))
