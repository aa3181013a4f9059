"""Importance-weighted bounds on log p(x), and a number that is no bound."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import kl_divergence

from vae_core.data.dataset import Split
from vae_core.errors import ConfigError, shown
from vae_core.evaluate import EVALUATION_BLOCK, blocks
from vae_core.objective import MAX_SAMPLES
from vae_core.posteriors import Posterior
from vae_core.vae import VAE


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
    """L_k = log mean_i w_i, w_i = p(x|z_i) p(z_i) / q(z_i|x), over k draws (Burda et al. 2016).

    In expectation it lies between the ELBO (k = 1) and log p(x), and never falls with k. It
    is only as good as the few draws that carry the weight. The effective sample size
    (sum w)^2 / sum w^2, from 1 to k, measures how many those are.

    Parameters
    ----------
    vae : VAE
    x : Tensor, (n, c, H, W)
    n_importance : int
        k, draws per image. Decoded in blocks, so memory does not grow with k.
    widen : float
        Proposal scale: draw from q with its standard deviations times this. Heavier tails make
        large weights rarer; 1.2 to 1.5 is tighter at large k.
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
    if not vae.family.has_density:
        raise ConfigError(f"a {vae.family.title} has no density: there is no bound on log p(x).")
    check_draws(1, n_importance, widen)
    at_once = min(n_importance, EVALUATION_BLOCK)
    parts = []
    with torch.no_grad():
        for images in blocks(len(x), max(1, EVALUATION_BLOCK // at_once)):
            q = vae.encode(x[images]).scaled(widen)
            log_w = torch.cat(
                [
                    _log_weights(vae, q, x[images], len(range(n_importance)[draws]), generator)
                    for draws in blocks(n_importance, at_once)
                ]
            )
            total = log_w.logsumexp(0)
            ess = (2.0 * total - (2.0 * log_w).logsumexp(0)).exp()
            parts.append((total - math.log(n_importance), ess))
    if not parts:
        return ImportanceBound(x.new_zeros(0), x.new_zeros(0))
    bounds, sizes = zip(*parts, strict=True)
    return ImportanceBound(torch.cat(bounds), torch.cat(sizes))


def check_draws(n_samples: int, n_importance: int, widen: float) -> None:
    """Raise ConfigError unless so many draws, and this proposal scale, can be asked for."""
    for name, count in (("n_samples", n_samples), ("n_importance", n_importance)):
        if not 1 <= count <= MAX_SAMPLES:
            raise ConfigError(f"{name} must be from 1 to {MAX_SAMPLES}; got {shown(count)}.")
    if not 0.1 <= widen <= 10.0:
        raise ConfigError(f"widen must be from 0.1 to 10; got {widen}.")


def _log_weights(
    vae: VAE, q: Posterior, x: Tensor, n_draws: int, generator: torch.Generator | None
) -> Tensor:
    """log p(x|z) + log p(z) - log q(z|x), (n_draws, n)."""
    z = q.rsample((n_draws,), generator)
    log_weights: Tensor = vae.decode(z).log_prob(x) + vae.prior().log_prob(z) - q.log_prob(z)
    return log_weights


def at_mean_no_bound(vae: VAE, x: Float[Tensor, "n c H W"]) -> Float[Tensor, " n"]:
    """-log p(x|z = mean of q) + KL: looks like a negative ELBO, and bounds nothing.

    It leaves out the cost of the posterior's width, some nats per image. Some publications
    report it by mistake; it is computed here for comparison only.
    """
    with torch.no_grad():
        q = vae.encode(x)
        return kl_divergence(q, vae.prior()) - vae.decode(q.mean).log_prob(x)


class BoundSummary(NamedTuple):
    """An upper bound on -log p(x) averaged over images, in nats per image."""

    n_importance: int
    negative_bound: float
    standard_error: float  # over images
    ess: float  # mean over images, of n_importance


def summarise_bound(
    vae: VAE, split: Split, n_importance: int, widen: float = 1.0, seed: int = 0
) -> BoundSummary:
    """-L_k over the images of a split; at k = 1 it is the negative ELBO, all of it by sampling.

    Raises like `iwae_bound`.
    """
    like = next(vae.parameters())
    generator = torch.Generator(like.device).manual_seed(seed)
    parts = []
    for block in blocks(len(split)):
        x = split.batch(block, generator, like.device).to(like.dtype)
        parts.append(iwae_bound(vae, x, n_importance, widen, generator))
    bound, ess = (torch.cat(values) for values in zip(*parts, strict=True))
    error = float(bound.std()) / math.sqrt(len(bound)) if len(bound) > 1 else math.nan
    return BoundSummary(n_importance, -float(bound.mean()), error, float(ess.mean()))
