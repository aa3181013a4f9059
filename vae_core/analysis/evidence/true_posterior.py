"""The true posterior p(z|x) = p(x|z) p(z) / p(x) of a model, for one and two latent dimensions."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.analysis.evidence.quadrature import Chart, quadrature
from vae_core.evaluate import blocks
from vae_core.vae import VAE

RESOLUTION = 201  # places along each axis
AT_ONCE = 4096  # latents decoded


class TruePosterior(NamedTuple):
    """p(z|x) of n images on a grid of their own, for one or two latent dimensions.

    Attributes
    ----------
    axes : tuple of Tensor, each (n, G)
        Places along each free dimension, evenly spaced around where p(z|x) lies; on a simplex,
        the first dimensions of z.
    log_density : Tensor, (n, G) or (n, G, G)
        log p(z|x) in nats; minus infinity outside of a simplex.
    log_evidence, error : Tensor, (n,)
        log p(x) in nats, and what further refinement would change of it.
    """

    axes: tuple[Float[Tensor, "n G"], ...]
    log_density: Tensor
    log_evidence: Float[Tensor, " n"]
    error: Float[Tensor, " n"]


def true_posterior(
    vae: VAE, x: Float[Tensor, "n c H W"], resolution: int = RESOLUTION
) -> TruePosterior:
    """p(z|x) = p(x|z) p(z) / p(x) on a grid that covers what matters of it.

    Raises
    ------
    ConfigError
        For a point mass, and more than two free latent dimensions.
    """
    chart, found = Chart.of(vae), quadrature(vae, x)
    flat, n = found.z.flatten(1)[:, : chart.ndim], len(x)
    axes, densities = [], []
    with torch.no_grad():
        for k in range(n):
            mine = flat[found.image == k]
            margin = 0.05 * (mine.amax(0) - mine.amin(0)) + 1e-3
            low, high = mine.amin(0) - margin, mine.amax(0) + margin
            shares = torch.linspace(0.0, 1.0, resolution, dtype=mine.dtype)
            own = [low[j] + shares * (high[j] - low[j]) for j in range(chart.ndim)]
            axes.append(torch.stack(own))
            place = torch.cartesian_prod(*own).reshape(-1, chart.ndim)
            one = slice(k, k + 1)
            joint = _log_joint_at(vae.take(one), x[one], place, chart)
            density = joint - found.log_evidence[k]
            densities.append(density.reshape([resolution] * chart.ndim))
    stacked = torch.stack(axes)
    return TruePosterior(
        tuple(stacked[:, j] for j in range(chart.ndim)),
        torch.stack(densities),
        found.log_evidence,
        found.error,
    )


def _log_joint_at(vae: VAE, x: Tensor, place: Tensor, chart: Chart) -> Tensor:
    """log p(x, z) of one image at the free dimensions of z, (m,)."""
    if chart.is_simplex:
        last = 1.0 - place.sum(1, keepdim=True)
        z = torch.cat([place, last], 1)
        inside = (z > 0.0).all(1)
        z = torch.where(inside[:, None], z, torch.full_like(z, 1.0 / z.shape[1]))
    else:
        z = place.reshape(len(place), *vae.latent_shape)
        inside = torch.ones(len(place), dtype=torch.bool)
    values = [
        vae.decode(z[some]).log_prob(x).double() + vae.prior().log_prob(z[some]).double()
        for some in blocks(len(z), AT_ONCE)
    ]
    return torch.where(inside, torch.cat(values), -math.inf)
