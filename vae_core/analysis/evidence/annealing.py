"""Annealed importance sampling of log p(x) by Hamiltonian steps (Neal 2001; Wu et al. 2017).

Chains go from a widened q(z|x) to p(z|x) over densities between the two, and the weights they
gather on the way estimate p(x) without bias: their logarithm is a lower bound in expectation. Run
backwards from an exact draw of p(z|x), which is at hand for images that the model drew itself, the
same gives an upper bound.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import constraints

from vae_core.errors import ConfigError
from vae_core.evaluate import blocks
from vae_core.posteriors import Posterior
from vae_core.vae import VAE

WIDEN = 1.2  # of the q where chains begin
LEAPFROGS = 5
ACCEPTED = 0.7  # of the proposals: the step size follows
AT_ONCE = 2048  # chains


class LogMean(NamedTuple):
    """The logarithm of a mean of weights, in nats, and its standard error, each (n,)."""

    value: Float[Tensor, " n"]
    standard_error: Float[Tensor, " n"]


def log_mean_weight(log_w: Float[Tensor, "k n"]) -> LogMean:
    """log mean exp over draws; the error by the spread of the weights."""
    count = len(log_w)
    value = log_w.logsumexp(0) - math.log(count)
    weights = (log_w - value).exp()
    return LogMean(value, weights.std(0) / math.sqrt(count))


def annealed(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    generator: torch.Generator,
    n_chains: int = 16,
    n_temperatures: int = 100,
    exact: Float[Tensor, " n *latent"] | None = None,
    begin: Float[Tensor, " n *sites P"] | None = None,
) -> LogMean:
    """A bound on log p(x) of each image: lower, or upper where `exact` draws are given.

    Parameters
    ----------
    vae : VAE
        Of a family whose latents are real vectors.
    x : Tensor, (n, c, H, W)
    n_chains, n_temperatures : int
        Chains for each image, and densities on their way, with one Hamiltonian step each.
    exact : Tensor, (n, *latent), optional
        Draws of p(z|x): the z that the model drew x from. The chains then go back from them.
    begin : Tensor, (n, *sites, P), optional
        Parameters of the q at the chains' other end, in place of the encoder's.

    Raises
    ------
    ConfigError
        For a point mass, and for latents on a simplex.
    """
    if not vae.family.has_density or vae.family.support is not constraints.real_vector:
        raise ConfigError(
            "annealed importance sampling moves real vectors with a density; a "
            f"{vae.family.title} has none. Use more importance samples."
        )
    parts = []
    for some in blocks(len(x), max(1, AT_ONCE // n_chains)):
        given = vae.take(some)
        with torch.no_grad():
            q = given.encode(x[some]) if begin is None else vae.family.from_params(begin[some])
        back = None if exact is None else exact[some]
        parts.append(_anneal(given, x[some], q.scaled(WIDEN), generator, n_chains, n_temperatures,
                             back))  # fmt: skip
    log_w = torch.cat(parts, 1)
    if exact is None:
        return log_mean_weight(log_w)
    upper = log_mean_weight(-log_w)
    return LogMean(-upper.value, upper.standard_error)


def _anneal(
    vae: VAE,
    x: Tensor,
    q: Posterior,
    generator: torch.Generator,
    n_chains: int,
    n_temperatures: int,
    exact: Tensor | None,
) -> Tensor:
    """log w of each chain, (n_chains, n); with `exact`, of the same way walked back."""
    spread = q.variance.sqrt()
    begun = q.sample((n_chains,), generator)
    z = begun if exact is None else exact.expand(n_chains, *exact.shape)
    # slow at both ends, where the densities change most
    ramp = torch.linspace(-4.0, 4.0, n_temperatures + 1).sigmoid()
    ramp = (ramp - ramp[0]) / (ramp[-1] - ramp[0])
    betas = ramp.tolist() if exact is None else ramp.flip(0).tolist()
    size = torch.full((n_chains, len(x)), 0.3, dtype=z.dtype)
    log_w = torch.zeros(n_chains, len(x), dtype=torch.float64)
    for before, after in pairwise(betas):
        with torch.no_grad():
            gain = _log_joint(vae, x, z) - q.log_prob(z)
        log_w += (after - before) * gain.double()
        z, size = _hamiltonian(vae, x, z, q, after, size, spread, generator)
    return log_w if exact is None else -log_w


def _log_joint(vae: VAE, x: Tensor, z: Tensor) -> Tensor:
    log_joint: Tensor = vae.decode(z).log_prob(x) + vae.prior().log_prob(z)
    return log_joint


def _hamiltonian(
    vae: VAE,
    x: Tensor,
    z: Tensor,
    q: Posterior,
    beta: float,
    size: Tensor,
    spread: Tensor,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """One step that leaves q^(1 - beta) p(x, z)^beta as it is; the next step sizes."""
    axes = tuple(range(2, z.ndim))
    wide = size.reshape(*size.shape, *[1] * len(axes)) * spread

    def energy_and_force(place: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            place = place.detach().requires_grad_()
            value = beta * _log_joint(vae, x, place) + (1.0 - beta) * q.log_prob(place)
            (force,) = torch.autograd.grad(value.sum(), place)
        return -value.detach(), force

    momentum = torch.randn(z.shape, generator=generator, dtype=z.dtype)
    potential, force = energy_and_force(z)
    start = potential + 0.5 * momentum.square().sum(axes)
    place, speed = z, momentum
    for _ in range(LEAPFROGS):
        speed = speed + 0.5 * wide * force
        place = place + wide * speed
        potential, force = energy_and_force(place)
        speed = speed + 0.5 * wide * force
    lost = potential + 0.5 * speed.square().sum(axes) - start
    chance = (-lost).exp().clamp(max=1.0).nan_to_num(0.0)
    is_taken = torch.rand(chance.shape, generator=generator, dtype=z.dtype) < chance
    moved = torch.where(is_taken.reshape(*is_taken.shape, *[1] * len(axes)), place, z)
    rate = chance.mean(0, keepdim=True)  # of an image's chains
    return moved.detach(), size * torch.where(rate > ACCEPTED, 1.05, 0.92)
