"""The point mass: the degenerate posterior of a deterministic auto-encoder."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, register_kl

from vae_core.config import POSTERIORS
from vae_core.posteriors.diagonal import NormalPrior


@POSTERIORS.register("delta")
class PointMass(NormalPrior):
    """z = mu(x) with certainty: a deterministic auto-encoder.

    Its KL to any prior with a density is infinite, so it has no rate and no ELBO.
    The normal prior is kept for draws, although the model was not trained against it.
    """

    title = "point mass"
    draw_tex = r"z=\mu(x)"
    rate_tex = r"\mathrm{KL}\big(\delta_{\mu(x)}\,\|\,\mathcal N(0,I)\big)=\infty"
    has_rate = False
    has_density = False

    def __init__(self, loc: Tensor, event_ndim: int) -> None:
        self.loc = loc
        self._set_shape(loc, event_ndim)

    @staticmethod
    def n_params(channels: int) -> int:
        """The location alone: C."""
        return channels

    @classmethod
    def draw_lines(cls, channels: int) -> tuple[str, ...]:
        """The code is z."""
        return "mu = params", "z = mu"

    @classmethod
    def from_params(cls, params: Float[Tensor, "n *sites P"]) -> PointMass:
        """The encoder's output is the location."""
        return cls(params, params.ndim - 1)

    @property
    def variance(self) -> Tensor:
        """Zero."""
        return torch.zeros_like(self.loc)

    def marginals(self) -> PointMass:
        """A point mass for every dimension."""
        return PointMass(self.loc, 0)

    def rsample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """The location, as often as asked."""
        return self.loc.expand(*sample_shape, *self.loc.shape)

    def scaled(self, factor: float) -> PointMass:
        """A point has no width."""
        return self


@register_kl(PointMass, Distribution)
def _kl_point_mass(q: PointMass, p: Distribution) -> Tensor:
    return q.loc.new_full(q.batch_shape, torch.inf)
