"""How latents lie on a plane: by two of their dimensions, or three proportions on a triangle."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.analysis.classes import class_draws, class_posteriors
from vae_core.analysis.estimates import Estimate
from vae_core.analysis.rate.rates import latent_names
from vae_core.codes import Codes

# Where each of three proportions is 1: an equilateral triangle of side 1.
TRIANGLE = ((0.0, 0.0), (1.0, 0.0), (0.5, 0.75**0.5))


@dataclass(frozen=True)
class LatentPlane:
    """A linear map of z to the plane.

    Attributes
    ----------
    latent_shape : (*sites, C)
    axes : two indices into z.flatten(), across and up
    is_triangle : whether z is three proportions, which lie on TRIANGLE whatever the axes
    """

    latent_shape: tuple[int, ...]
    axes: tuple[int, int]
    is_triangle: bool = False

    @classmethod
    def of(cls, codes: Codes, axes: tuple[int, int]) -> LatentPlane:
        """The plane of some codes."""
        return cls(codes.latent_shape, axes, codes.is_triangle)

    @property
    def is_line(self) -> bool:
        """Whether z is one dimension, which makes no plane."""
        return math.prod(self.latent_shape) == 1

    @property
    def titles(self) -> tuple[str, str]:
        """Names of the dimensions across and up."""
        names = latent_names(self.latent_shape)
        return names[self.axes[0]], names[self.axes[1]]

    @property
    def corners(self) -> dict[str, tuple[float, float]]:
        """Where each proportion is 1, by its name; empty where there is no triangle."""
        names = latent_names(self.latent_shape)
        return dict(zip(names, TRIANGLE, strict=True)) if self.is_triangle else {}

    @property
    def projection(self) -> Float[Tensor, "d 2"]:
        """z.flatten() @ projection is where z lies."""
        if self.is_triangle:
            return torch.tensor(TRIANGLE, dtype=torch.float64)
        identity = torch.eye(math.prod(self.latent_shape), dtype=torch.float64)
        return identity[:, list(self.axes)]

    def place(self, z: Float[Tensor, " n *latent"]) -> Float[Tensor, "n 2"]:
        """Where latents lie."""
        places: Tensor = z.flatten(1).double() @ self.projection
        return places

    def spread(self, covariance: Float[Tensor, "d d"]) -> Float[Tensor, "2 2"]:
        """A covariance of flattened z, on the plane."""
        return self.projection.T @ covariance @ self.projection


def share_within(n_sigma: int, is_line: bool = False) -> float:
    """How much of a Gaussian lies within so many sigma of its mean, in a plane or on a line.

    1 - exp(-r^2 / 2) in a plane, .39 and .86 at 1 and 2 sigma; erf(r / sqrt 2) on a line.
    """
    return math.erf(n_sigma / math.sqrt(2.0)) if is_line else -math.expm1(-0.5 * n_sigma**2)


def within_ellipses(
    codes: Codes, plane: LatentPlane, n_samples: int = 5000, seed: int = 0
) -> tuple[Estimate, Estimate]:
    """How many draws of q(z|y) lie within 1 and 2 sigma of the Gaussian with its moments.

    Both as they fall on the plane, over all classes in their proportions. A class posterior is a
    mixture, so that these need not be the shares of a Gaussian.
    """
    draws = class_draws(codes, n_samples, seed)
    places = plane.place(draws.mean)
    squared = torch.zeros(n_samples, dtype=torch.float64)
    for each in class_posteriors(codes):
        own = draws.labels == each.label
        apart = places[own] - plane.place(each.mean[None])
        inverse = torch.linalg.pinv(plane.spread(each.covariance), hermitian=True)
        squared[own] = ((apart @ inverse) * apart).sum(1)
    shares = [float((squared <= n_sigma**2).double().mean()) for n_sigma in (1, 2)]
    one, two = (Estimate(p, math.sqrt(p * (1.0 - p) / n_samples)) for p in shares)
    return one, two
