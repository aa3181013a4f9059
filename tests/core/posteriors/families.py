"""Posteriors with random parameters, and which families a claim is about."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import kl_divergence

from vae_core.config import POSTERIORS
from vae_core.posteriors import Posterior, kl_per_dim
from vae_core.posteriors.dirichlet import ALPHA_MIN

# Without those whose prior is always a part of the model: entries of a codebook.
WITH_OWN_PRIOR = [name for name, family in POSTERIORS.items() if not family.has_entries]
WITH_RATE = [name for name in WITH_OWN_PRIOR if POSTERIORS[name].has_rate]
WITH_DENSITY = [name for name, family in POSTERIORS.items() if family.has_density]
ADDITIVE = [name for name in WITH_RATE if POSTERIORS[name].is_additive]

# What an encoder says of an image that it knows nothing about. Zeros but for these.
AT_PRIOR = {"dirichlet": math.log(math.expm1(1.0 - ALPHA_MIN))}


def random_params(
    name: str,
    latent: tuple[int, ...],
    n: int = 4,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """What an encoder might say about n images."""
    shape = (n, *latent[:-1], POSTERIORS[name].n_params(latent[-1]))
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def draw(name: str, latent: tuple[int, ...], n: int = 4, seed: int = 0) -> Posterior:
    """q(z|x) of a family for n images, with random parameters in float64."""
    return POSTERIORS[name].from_params(random_params(name, latent, n, seed))


def prior(name: str, latent: tuple[int, ...]) -> Posterior:
    return POSTERIORS[name].prior(latent, torch.zeros((), dtype=torch.float64))


def kl_rest(q: Posterior, p: Posterior) -> Float[Tensor, " n"]:
    """KL(q || p) less the marginals' KLs, in nats per image.

    Where the prior's dimensions are independent this is KL(q || product of q's marginals),
    never negative: what the family's correlations cost. On a simplex it has no such
    meaning and may be negative.
    """
    parts = kl_per_dim(q, p)
    return kl_divergence(q, p) - parts.flatten(len(q.batch_shape)).sum(-1)
