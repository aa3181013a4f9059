"""Holes of the prior: regions of high p(z) and low aggregate posterior q(z).

The decoder is trained on draws of q(z). Sampling draws from p(z) instead. Where the two differ
there are holes, in which no image was encoded: good reconstructions need not mean good samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import MultivariateNormal

from vae_core.analysis.classes import class_draws
from vae_core.analysis.estimates import Estimate, share_estimate
from vae_core.analysis.rate.aggregate import aggregate_posterior
from vae_core.analysis.rate.rate_parts import mutual_information
from vae_core.codes import Codes
from vae_core.data.dataset import Split
from vae_core.evaluate import blocks

HOLE = math.log(10.0)  # nats: ten times rarer under q(z) than under the distribution of the draws
FEW_HOLES = 0.05  # a share of prior draws in holes that is surely not above it counts as few
FITTED_TO = 2000  # draws of q(z)
UNKNOWN = Estimate(math.nan, math.nan)


def gaussian_draws(
    codes: Codes, n_samples: int, seed: int = 0
) -> Float[Tensor, " n_samples *latent"]:
    """Draws from the one Gaussian that has the mean and covariance of draws of q(z).

    The usual replacement of a prior that does not fit. It is m + sum_k eps_k (z_k - m) / sqrt(K)
    over K draws z_k, so that no covariance needs to be written down.

    Parameters
    ----------
    codes : Codes
        Of any family but a Dirichlet: draws would leave the simplex.
    """
    z = class_draws(codes, FITTED_TO, seed).mean
    generator = torch.Generator().manual_seed(seed + 1)
    weights = torch.randn(n_samples, len(z), generator=generator, dtype=z.dtype)
    spread = (z - z.mean(0)).flatten(1)
    drawn = weights @ spread / math.sqrt(len(z))
    return drawn.reshape(n_samples, *codes.latent_shape) + z.mean(0)


@dataclass(frozen=True)
class Holes:
    """Fractions of draws where q(z) is at least ten times rarer than their own density.

    Upper bounds in expectation: between the posteriors of N images there is room that those of
    more images would fill.

    Attributes
    ----------
    prior : Estimate
        Of draws of p(z), those where log q(z) < log p(z) - ln 10.
    gaussian : Estimate
        Likewise for one Gaussian with the moments of q(z); nan on a simplex, and where that
        Gaussian is flat.
    saturated : bool
        Whether the images are too few to estimate q(z) between them; then both are nan.
    n_samples : int
    """

    prior: Estimate
    gaussian: Estimate
    saturated: bool
    n_samples: int


def holes(codes: Codes, n_samples: int = 2000, seed: int = 0) -> Holes:
    """The fraction of holes under the prior, and under a Gaussian fitted to q(z).

    Raises
    ------
    ConfigError
        For a point mass, whose q(z) has no density.
    """
    if math.isnan(mutual_information(codes, min(n_samples, 500), seed)[0]):
        return Holes(UNKNOWN, UNKNOWN, True, n_samples)
    q, prior = aggregate_posterior(codes), codes.prior()
    z = prior.sample((n_samples,), torch.Generator().manual_seed(seed))
    by_prior = _share(q.log_prob(z), prior.log_prob(z))
    return Holes(by_prior, _share_of_gaussian(codes, n_samples, seed), False, n_samples)


def _share_of_gaussian(codes: Codes, n_samples: int, seed: int) -> Estimate:
    if not codes.family.is_additive or math.prod(codes.latent_shape) >= FITTED_TO:
        return UNKNOWN
    known = class_draws(codes, FITTED_TO, seed).mean.flatten(1).double()
    centred = known - known.mean(0)
    factor, failed = torch.linalg.cholesky_ex(centred.T @ centred / len(known))
    if int(failed):  # linearly dependent dimensions: flat, without a density
        return UNKNOWN
    fitted = MultivariateNormal(known.mean(0), scale_tril=factor)
    drawn = gaussian_draws(codes, n_samples, seed)
    log_fitted = fitted.log_prob(drawn.flatten(1).double())
    return _share(aggregate_posterior(codes).log_prob(drawn), log_fitted)


def _share(log_q: Tensor, log_origin: Tensor) -> Estimate:
    return share_estimate(log_q < log_origin - HOLE)


def nearest_distance(pictures: Float[Tensor, "n c H W"], images: Split) -> Float[Tensor, " n"]:
    """RMS per pixel between each picture and the image that it is nearest to.

    On the pixels' scale from 0 to 1. A blurred picture is nearer to every image: a small
    distance alone is no sign of quality.
    """
    flat = pictures.flatten(1)
    squares = flat.square().sum(1, keepdim=True)
    nearest = torch.full((len(flat),), torch.inf, dtype=flat.dtype)
    for block in blocks(len(images), 4096):
        x = images.pixels[block].to(flat.dtype).div_(images.levels).flatten(1)
        apart = squares + x.square().sum(1) - 2.0 * flat @ x.T
        nearest = torch.minimum(nearest, apart.min(1).values)
    return (nearest.clamp(min=0.0) / flat.shape[1]).sqrt()
