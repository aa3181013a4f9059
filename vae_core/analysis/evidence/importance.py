"""Importance weights: bounds on log p(x) from them, and a number that is no bound."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.errors import ConfigError, shown
from vae_core.evaluate import EVALUATION_BLOCK, blocks
from vae_core.objective import MAX_SAMPLES
from vae_core.priors import rate
from vae_core.vae import VAE

RATE_SAMPLES = 64  # of z, for a KL without a closed form


class ImportanceBound(NamedTuple):
    """A lower bound on log p(x), in nats, and the effective sample size of its draws."""

    bound: Float[Tensor, " n"]
    ess: Float[Tensor, " n"]


def iwae_bound(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    n_importance: int,
    widen: float = 1.0,
    generator: torch.Generator | None = None,
) -> ImportanceBound:
    """L_k = log mean_i w_i, w_i = p(x|z_i) p(z_i) / r(z_i), over k draws of r (Burda et al. 2016).

    The proposal r is q(z|x) with its standard deviations times `widen`. In expectation L_k lies
    below log p(x), and never falls with k. Where r = q, L_1 is the ELBO in expectation, and no L_k
    lies below it; for another r it may. The bound is only as good as the few draws that carry the
    weight. The effective sample size (sum w)^2 / sum w^2, from 1 to k, measures how many of the
    draws those are: it knows nothing of a mode that no draw has hit.

    Parameters
    ----------
    vae : VAE
    x : Tensor, (n, c, H, W)
    n_importance : int
        k, draws per image. Decoded in blocks, so memory does not grow with k.
    widen : float
        Proposal scale. Heavier tails make large weights rarer; 1.2 to 1.5 is tighter at large k.
    generator : torch.Generator, optional

    Returns
    -------
    ImportanceBound
        bound and ess, each (n,).

    Raises
    ------
    ConfigError
        For a point mass, which has no density to weight draws by, and values out of range.
    """
    check_proposal(vae, n_importance, widen)
    bounds, sizes = [x.new_zeros(0)], [x.new_zeros(0)]
    for images in image_blocks(len(x), n_importance):
        log_w = log_weights(vae.take(images), x[images], n_importance, widen, generator)
        bounds.append(log_w.logsumexp(0) - math.log(n_importance))
        sizes.append(effective_size(log_w))
    return ImportanceBound(torch.cat(bounds), torch.cat(sizes))


def check_draws(n_samples: int, n_importance: int, widen: float) -> None:
    """Raise ConfigError unless so many draws, and this proposal scale, can be asked for."""
    for name, count in (("n_samples", n_samples), ("n_importance", n_importance)):
        if not 1 <= count <= MAX_SAMPLES:
            raise ConfigError(f"{name} must be from 1 to {MAX_SAMPLES}; got {shown(count)}.")
    if not 0.1 <= widen <= 10.0:
        raise ConfigError(f"widen must be from 0.1 to 10; got {widen}.")


def check_proposal(vae: VAE, n_importance: int, widen: float) -> None:
    """Raise ConfigError unless draws of this model's posteriors can be weighted so."""
    if not vae.family.has_density:
        raise ConfigError(f"a {vae.family.title} has no density: there is no bound on log p(x).")
    check_draws(1, n_importance, widen)


def image_blocks(n_images: int, n_importance: int) -> Iterator[slice]:
    """Slices of the images whose weights fit into memory together."""
    return blocks(n_images, max(1, EVALUATION_BLOCK // n_importance))


@torch.no_grad()
def log_weights(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    n_importance: int,
    widen: float,
    generator: torch.Generator | None,
) -> Float[Tensor, "k n"]:
    """log p(x|z_i) + log p(z_i) - log r(z_i) of k draws of r for each image of a block, in nats."""
    r, p = vae.encode(x).scaled(widen), vae.prior()
    parts = []
    for draws in blocks(n_importance, max(1, EVALUATION_BLOCK // max(1, len(x)))):
        z = r.rsample((draws.stop - draws.start,), generator)
        parts.append(vae.decode(z).log_prob(x) + p.log_prob(z) - r.log_prob(z))
    return torch.cat(parts)


def effective_size(log_w: Float[Tensor, "k n"]) -> Float[Tensor, " n"]:
    """(sum w)^2 / sum w^2: so many equal weights would vary as much, from 1 to k."""
    total = log_w.logsumexp(0)
    return (2.0 * total - (2.0 * log_w).logsumexp(0)).exp()


def at_mean_no_bound(vae: VAE, x: Float[Tensor, "n c H W"]) -> Float[Tensor, " n"]:
    """-log p(x|z = mean of q) + KL: looks like a negative ELBO, and bounds nothing.

    It leaves out the cost of the posterior's width, some nats per image. Some publications
    report it by mistake; it is computed here for comparison only.
    """
    with torch.no_grad():
        q = vae.encode(x)
        z = q.sample((RATE_SAMPLES,), torch.Generator(x.device).manual_seed(0))
        return rate(q, vae.prior(), z) - vae.decode(q.mean).log_prob(x)
