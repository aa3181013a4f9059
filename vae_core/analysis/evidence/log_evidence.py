"""log p(x) of images: by quadrature with few latent dimensions, beyond by importance sampling."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import constraints

from vae_core.analysis.evidence.annealing import LogMean, annealed, log_mean_weight
from vae_core.analysis.evidence.ascent import ascended
from vae_core.analysis.evidence.quadrature import Chart, quadrature
from vae_core.errors import ConfigError
from vae_core.evaluate import blocks
from vae_core.vae import VAE

DRAWS = 2000  # of the defensive proposal, for each image
# Shares and widths of q* and of the encoder's q; the rest is the prior.
BEST, ENCODER = ((0.3, 1.0), (0.2, 1.3), (0.15, 2.0)), ((0.15, 1.2), (0.1, 3.0))
AT_ONCE = 4096  # latents decoded


class Evidence(NamedTuple):
    """log p(x) of n images in nats, and its standard error, each (n,)."""

    value: Float[Tensor, " n"]
    standard_error: Float[Tensor, " n"]


def log_evidence(vae: VAE, x: Float[Tensor, "n c H W"], seed: int = 0) -> Evidence:
    """log p(x) of each image, and its standard error.

    With one or two free latent dimensions by quadrature, whose error is told. Beyond, by
    `sampled_evidence` around the best q that is found.

    Raises
    ------
    ConfigError
        For a point mass.
    """
    if not vae.family.has_density:
        raise ConfigError(f"a {vae.family.title} has no density: log p(x) cannot be had from it.")
    if has_quadrature(vae):
        found = quadrature(vae, x)
        return Evidence(found.log_evidence, found.error)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        params = vae.encode_params(x)
    return sampled_evidence(vae, x, ascended(vae, x, params, generator), generator)


def sampled_evidence(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    best: Float[Tensor, " n *sites P"],
    generator: torch.Generator,
) -> Evidence:
    """A lower bound on log p(x) in expectation, and its standard error.

    The tighter one of annealed importance sampling and of importance sampling from a defensive
    mixture, where either begins at `best`, parameters of a q that is near p(z|x).
    """
    weighed = defensive(vae, x, generator, best=best)
    if vae.family.support is not constraints.real_vector:
        return Evidence(*weighed)
    chained = annealed(vae, x, generator, begin=best)
    apart = chained.value - weighed.value
    noise = 3.0 * torch.hypot(chained.standard_error, weighed.standard_error)
    is_surer = chained.standard_error < weighed.standard_error
    takes_chain = torch.where(apart.abs() > noise, apart > 0.0, is_surer)
    return Evidence(
        *(torch.where(takes_chain, a, b) for a, b in zip(chained, weighed, strict=True))
    )


def defensive(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    generator: torch.Generator,
    n_draws: int = DRAWS,
    best: Float[Tensor, " n *sites P"] | None = None,
) -> LogMean:
    """Importance sampling from a mixture of q*, q, both widened, and the prior (Owen & Zhou 2000).

    No weight exceeds ten times what the prior alone would give: a mode that neither q covers is
    found by the prior, if at all. `best` has the parameters of q*; without it the encoder's q has
    its place.
    """
    shapes = [*BEST, *ENCODER]
    counts = [round(share * n_draws) for share, _ in shapes]
    counts.append(n_draws - sum(counts))
    log_shares = torch.tensor([count / n_draws for count in counts]).log()
    parts = []
    with torch.no_grad():
        for some in blocks(len(x), max(1, AT_ONCE // n_draws)):
            given = vae.take(some)
            q, prior = given.encode(x[some]), vae.prior()
            found = q if best is None else vae.family.from_params(best[some])
            proposals = [found.scaled(width) for _, width in BEST]
            proposals += [q.scaled(width) for _, width in ENCODER]
            drawn = [p.sample((c,), generator) for p, c in zip(proposals, counts, strict=False)]
            n = len(x[some])
            drawn.append(prior.sample((counts[-1], n), generator))
            z = torch.cat(drawn)
            densities = torch.stack([p.log_prob(z) for p in [*proposals, prior]])
            log_r = (densities + log_shares.to(z.dtype)[:, None, None]).logsumexp(0)
            log_w = given.decode(z).log_prob(x[some]) + prior.log_prob(z) - log_r
            parts.append(log_w.double())
    return log_mean_weight(torch.cat(parts, 1))


def has_quadrature(vae: VAE) -> bool:
    """Whether log p(x) can be had by quadrature."""
    try:
        Chart.of(vae)
    except ConfigError:
        return False
    return True
