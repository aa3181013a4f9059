"""Interpolation between two latents, and arithmetic with class means."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import constraints

from vae_core.codes import Codes
from vae_core.errors import ConfigError
from vae_core.posteriors import Posterior

WALKS = ("linear", "spherical")
ALIGNED = 1e-8  # sine of an angle below which float64 does not resolve the direction of the turn


def walks_of(family: type[Posterior]) -> tuple[str, ...]:
    """The kinds of walk a family's latents allow: only straight ones stay on a simplex."""
    return WALKS[:1] if family.support is constraints.simplex else WALKS


def interpolate(
    start: Float[Tensor, "*latent"],
    end: Float[Tensor, ...],
    steps: int,
    how: str = "linear",
    family: type[Posterior] | None = None,
) -> Float[Tensor, " steps *latent"]:
    """Latents evenly spaced on the way from start to end, both included as they are.

    Linear is the chord: it cuts through the inside of the sphere, and between two draws of
    N(0, I) in many dimensions its middle is shorter, by the square root of 2, than almost
    any draw. Spherical turns about the origin at constant angular speed, over all dimensions
    of z at once (Shoemake 1985; White 2016), while the norm changes linearly from that of the
    one end to that of the other: ends of one norm keep it. On parallel ends it is the chord.

    Where no turn leads from one end to the other, there is none: with an end at the origin,
    and in one dimension, spherical is linear. Exactly opposite ends leave the
    direction open; it is then that of the axis along which start is smallest.

    Parameters
    ----------
    start, end : Tensor, (*latent,)
    steps : int
        At least 2.
    how : "linear" or "spherical"
    family : class of Posterior, optional
        Whose latents these are. On a simplex a walk must be linear.

    Returns
    -------
    Tensor, (steps, *latent)

    Raises
    ------
    ConfigError
        For another `how`, too few steps, ends that differ in shape, or a spherical walk on a
        simplex.
    """
    if how not in WALKS:
        raise ConfigError(f"a walk is one of {', '.join(WALKS)}; got {how!r}.")
    if steps < 2:
        raise ConfigError(f"a walk needs at least 2 steps, its ends; got {steps}.")
    if start.shape != end.shape:
        raise ConfigError(
            f"expected two ends of one shape; got {tuple(start.shape)} and {tuple(end.shape)}."
        )
    if family is not None and how not in walks_of(family):
        raise ConfigError(
            f"the latent dimensions of a {family.title} add up to 1, and a turn about the origin "
            "leaves that simplex; choose a linear walk, which stays on it."
        )
    t = torch.linspace(0.0, 1.0, steps, dtype=torch.float64, device=start.device)[:, None]
    a, b = start.flatten().double(), end.flatten().double()
    walk = torch.lerp(a, b, t) if how == "linear" else _turn(a, b, t)
    walk = walk.to(start.dtype).reshape(steps, *start.shape)
    walk[0], walk[-1] = start, end
    return walk


def _turn(a: Float[Tensor, " d"], b: Float[Tensor, " d"], t: Float[Tensor, "n 1"]) -> Tensor:
    """From a to b in the plane of both: cos(t angle) u + sin(t angle) w, u along a, w across."""
    norm_a, norm_b = a.norm(), b.norm()
    if len(a) < 2 or norm_a == 0 or norm_b == 0:
        return torch.lerp(a, b, t)
    u, v = a / norm_a, b / norm_b
    angle = 2.0 * torch.atan2((u - v).norm(), (u + v).norm())  # accurate near 0 and pi
    across = v - (v @ u) * u
    if across.norm() < ALIGNED:
        across = torch.zeros_like(u)
        across[u.abs().argmin()] = 1.0
        across -= (across @ u) * u
    across /= across.norm()
    direction: Tensor = torch.cos(t * angle) * u + torch.sin(t * angle) * across
    length: Tensor = torch.lerp(norm_a, norm_b, t)
    return length * direction


def class_mean(codes: Codes, label: int) -> Float[Tensor, "*latent"]:
    """The mean of q(z|y): where the posterior means of a class lie on average.

    Raises
    ------
    ConfigError
        When no image is of this class.
    """
    own = codes.labels == label
    if not own.any():
        known = ", ".join(map(str, codes.labels.unique().tolist()))
        raise ConfigError(f"expected one of the labels {known}; got {label}.")
    return codes.mean[own].double().mean(0).to(codes.mean.dtype)


def class_arithmetic(codes: Codes, a: int, b: int, c: int) -> Float[Tensor, "*latent"]:
    """The mean of class a, less that of b, plus that of c.

    On a simplex the result still adds up to 1, but entries may be negative: these are set to
    0 and the others scaled down to add up to 1 again.
    """
    z = class_mean(codes, a) - class_mean(codes, b) + class_mean(codes, c)
    return codes.family.onto_support(z)
