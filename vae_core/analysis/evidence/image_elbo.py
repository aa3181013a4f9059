"""The ELBO of one image for any q of a family: by nodes where it has them, else by many draws."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import kl_divergence

from vae_core.evaluate import blocks
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

    The KL is in closed form, and the expectation a sum over `Posterior.nodes`, without noise: its
    error is 0. A q without nodes has DRAWS draws.
    """
    parts = []
    with torch.no_grad():
        for one in range(len(x)):
            some = slice(one, one + 1)
            q = vae.family.from_params(params[some].double())
            nodes = q.nodes()
            z = q.sample((DRAWS,), generator) if nodes is None else nodes[0]
            fit = _log_likelihoods(vae, x[some], z[:, 0])
            rate = kl_divergence(q, vae.family.prior(vae.latent_shape, params.double()))[0]
            if nodes is None:
                parts.append((fit.mean() - rate, fit.std() / math.sqrt(DRAWS)))
            else:
                parts.append((fit @ nodes[1][:, 0] - rate, torch.zeros_like(rate)))
    values, errors = zip(*parts, strict=True)
    return ImageElbo(torch.stack(values), torch.stack(errors))


def _log_likelihoods(vae: VAE, x: Tensor, z: Tensor) -> Tensor:
    """log p(x|z) of one image at many z, (m,)."""
    z = z.to(vae.prior().mean.dtype)
    found = [vae.decode(z[some]).log_prob(x).double() for some in blocks(len(z), AT_ONCE)]
    return torch.cat(found)
