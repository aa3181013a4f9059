"""The ELBO of one image for any q of a family: by nodes where it has them, else by many draws."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.evaluate import blocks
from vae_core.posteriors import LatentDistribution
from vae_core.priors import LearnedPrior, closed_rate, log_ratio
from vae_core.vae import VAE

DRAWS = 2000  # of q, for each image
AT_ONCE = 4096  # latents decoded


class ImageElbo(NamedTuple):
    """ELBO of n images in nats, and its standard error, each (n,)."""

    value: Float[Tensor, " n"]
    standard_error: Float[Tensor, " n"]


def image_elbo(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    params: Float[Tensor, " n *sites P"],
    generator: torch.Generator,
) -> ImageElbo:
    """E_q log p(x|z) - KL(q || p) of the q with these parameters, one for each image.

    The expectation is a sum over `Posterior.nodes`, without noise: its error is 0. A q without
    nodes has DRAWS draws. The KL is in closed form, or by the same z.
    """
    parts = []
    with torch.no_grad():
        prior = _in_double(vae)
        for one in range(len(x)):
            some = slice(one, one + 1)
            q = vae.family.from_params(params[some].double())
            nodes = q.nodes()
            z = q.sample((DRAWS,), generator) if nodes is None else nodes[0]
            fit = _log_likelihoods(vae.take(some), x[some], z[:, 0])
            closed = closed_rate(q, prior)
            elbo = fit - (log_ratio(q, prior, z)[:, 0] if closed is None else closed)
            if nodes is None:
                parts.append((elbo.mean(), elbo.std() / math.sqrt(DRAWS)))
            else:
                parts.append((elbo @ nodes[1][:, 0], torch.zeros_like(elbo[0])))
    values, errors = zip(*parts, strict=True)
    return ImageElbo(torch.stack(values), torch.stack(errors))


def _in_double(vae: VAE) -> LatentDistribution:
    """p(z) in double precision."""
    like, prior = torch.zeros((), dtype=torch.float64), vae.prior()
    if isinstance(prior, LearnedPrior):
        return prior.to(like)
    return vae.family.prior(vae.latent_shape, like)


def _log_likelihoods(vae: VAE, x: Tensor, z: Tensor) -> Tensor:
    """log p(x|z) of one image at many z, (m,)."""
    z = z.to(vae.prior().mean.dtype)
    found = [vae.decode(z[some]).log_prob(x).double() for some in blocks(len(z), AT_ONCE)]
    return torch.cat(found)
