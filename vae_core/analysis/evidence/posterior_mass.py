"""Where the posteriors of many images together lie in a plane of two latent dimensions.

The mean over images of p(z|x) is the prior, were the images draws of the model; the mean of
q(z|x), the aggregate posterior, is what the encoder makes of the same images.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import constraints

from vae_core.analysis.evidence.quadrature import Chart, quadrature
from vae_core.errors import ConfigError
from vae_core.vae import VAE

DRAWS = 400  # of each q


class PosteriorMass(NamedTuple):
    """Mean probability over n images in cells of a plane, the second dimension upwards.

    Attributes
    ----------
    truth, encoder : Tensor, (G, G)
        Of p(z|x), by the cells of the quadrature, and of q(z|x), by draws.
    prior : Tensor, (G, G)
        Of p(z), by its density in the middle of each cell.
    """

    truth: Float[Tensor, "G G"]
    encoder: Float[Tensor, "G G"]
    prior: Float[Tensor, "G G"]


def posterior_mass(
    vae: VAE, x: Float[Tensor, "n c H W"], edges: Float[Tensor, " edges"], seed: int = 0
) -> PosteriorMass:
    """Mean over images of p(z|x) and of q(z|x), and the prior, on a plane of square cells.

    Parameters
    ----------
    vae : VAE
        With two latent dimensions, which are real numbers.
    x : Tensor, (n, c, H, W)
    edges : Tensor, (G + 1,)
        Of the cells along both dimensions, evenly spaced. What lies beyond is left out.

    Raises
    ------
    ConfigError
        For another model.
    """
    if not has_posterior_mass(vae):
        raise ConfigError("expected a model with a density over two real latent dimensions.")
    found = quadrature(vae, x)
    weights = (found.log_joint + found.log_volume - found.log_evidence[found.image]).exp()
    with torch.no_grad():
        drawn = vae.encode(x).sample((DRAWS,), torch.Generator().manual_seed(seed))
    drawn = drawn.flatten(2).flatten(0, 1)
    middles = 0.5 * (edges[1:] + edges[:-1])
    z = torch.cartesian_prod(middles, middles).to(vae.prior().mean.dtype)
    with torch.no_grad():
        density = vae.prior().log_prob(z.reshape(-1, *vae.latent_shape)).double().exp()
    area = float(edges[1] - edges[0]) ** 2
    return PosteriorMass(
        _binned(found.z.flatten(1), weights / len(x), edges),
        _binned(drawn, torch.full((len(drawn),), 1.0 / len(drawn)).double(), edges),
        area * density.reshape(len(middles), -1).T,
    )


def has_posterior_mass(vae: VAE) -> bool:
    """Whether `posterior_mass` takes this model."""
    if vae.family.support is not constraints.real_vector:
        return False
    try:
        return Chart.of(vae).ndim == 2
    except ConfigError:
        return False


def _binned(z: Tensor, weights: Tensor, edges: Tensor) -> Tensor:
    """The weights in each cell, (up, across)."""
    count = len(edges) - 1
    place = ((z.double() - edges[0]) / (edges[1] - edges[0])).floor().long()
    inside = ((place >= 0) & (place < count)).all(1)
    across, up = place[inside].unbind(1)
    cells = torch.zeros(count * count, dtype=torch.float64)
    return cells.index_add_(0, up * count + across, weights[inside]).reshape(count, count)
