"""The best posterior of a family for one image, in place of the one that the encoder answers.

It maximises the ELBO over the parameters of q alone, the decoder as it is: what is left to log p(x)
is the family's fault, and what the encoder misses of it is the encoder's (Cremer et al. 2018).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vae_core.errors import ConfigError
from vae_core.evaluate import blocks
from vae_core.posteriors.diagonal import NormalPrior
from vae_core.vae import VAE

NODES = 9  # of Gauss and Hermite, along each dimension: exact for polynomials of degree 17
SPACING, REACH = 0.25, 5.0  # standard deviations: of the lattice for an ELBO that is told
MAX_DIMS = 2  # beyond which there would be too many nodes
STEPS = 40
CONVERGED = 1e-4  # nats that a step gains
SAME = 0.02  # standard deviations between the ends of two searches that are one
MISSED = 0.2  # nats that the nodes may miss of an ELBO
DECODED = 1024  # latents decoded at once: their pixels fit into a cache
LEAST, MOST = 1e-8, 1e8  # eigenvalues of a precision


@dataclass(frozen=True)
class BestPosterior:
    """The best Gaussian of a family for each of n images.

    Attributes
    ----------
    loc : Tensor, (n, d)
        Means, d being the size of the latent.
    scale_tril : Tensor, (n, d, d)
        Cholesky factor of the covariance; diagonal for a family without correlations.
    elbo : Tensor, (n,)
        In nats, by the lattice.
    from_mode : Tensor, (n,)
        Whether the search that won began at the mode of p(z|x), and not at the encoder's q.
    """

    loc: Float[Tensor, "n d"]
    scale_tril: Float[Tensor, "n d d"]
    elbo: Float[Tensor, " n"]
    from_mode: Bool[Tensor, " n"]


def best_posterior(
    vae: VAE, x: Float[Tensor, "n c H W"], mode: Float[Tensor, " n *latent"] | None = None
) -> BestPosterior:
    """q* of each image, by natural gradient steps from the encoder's q and from a mode of p(z|x).

    E_q log p(x, z) and its derivatives with respect to mean and covariance are expectations of
    log p(x, z) alone (Stein), which nodes of Gauss and Hermite give without noise:

        E grad f = S^-1 E[f(z) (z - m)],    E hess f = S^-1 E[f(z) ((z - m)(z - m)^T - S)] S^-1.

    A step sets the precision towards -E hess f and the mean along S E grad f (Khan & Lin 2017);
    one that does not raise the ELBO of an image is halved for it. The ELBO at the end is that of
    `gaussian_elbo`: log p(x, z) of a network with kinks is no polynomial, and nine nodes along a
    dimension miss a hundredth of a nat.

    Parameters
    ----------
    vae : VAE
        Of a Gaussian family, with at most MAX_DIMS latent dimensions.
    x : Tensor, (n, c, H, W)
    mode : Tensor, (n, *latent), optional
        Where a second search begins, with the covariance that the curvature there asks for.

    Raises
    ------
    ConfigError
        For another model.
    """
    size = math.prod(vae.latent_shape)
    if not has_best_posterior(vae):
        raise ConfigError(
            f"the best posterior is searched for in Gaussian families of at most {MAX_DIMS} latent "
            f"dimensions; got a {vae.family.title} of {size}."
        )
    with torch.no_grad():
        loc, scale, by_nodes = _climb(vae, x, *encoder_gaussian(vae, x))
        from_mode = torch.zeros(len(x), dtype=torch.bool)
        if mode is None:
            return BestPosterior(loc, scale, gaussian_elbo(vae, x, loc, scale), from_mode)
        half = 0.5 * encoder_gaussian(vae, x)[1].diagonal(dim1=-2, dim2=-1).diag_embed()
        other_loc, other_scale, other_by_nodes = _climb(vae, x, mode.flatten(1).double(), half)
        ahead = other_by_nodes - by_nodes
        widths = scale.diagonal(dim1=-2, dim2=-1)
        is_other = ((other_loc - loc).abs() > SAME * widths).any(1)
        is_open = is_other & (ahead.abs() < MISSED)  # the lattice decides
        if bool(is_open.any()):
            some, given = x[is_open], vae.take(is_open)
            ahead[is_open] = gaussian_elbo(
                given, some, other_loc[is_open], other_scale[is_open]
            ) - gaussian_elbo(given, some, loc[is_open], scale[is_open])
        from_mode = is_other & (ahead > CONVERGED)
        loc = torch.where(from_mode[:, None], other_loc, loc)
        scale = torch.where(from_mode[:, None, None], other_scale, scale)
        elbo = gaussian_elbo(vae, x, loc, scale)
    return BestPosterior(loc, scale, elbo, from_mode)


def has_best_posterior(vae: VAE) -> bool:
    """Whether `best_posterior` can search for that of a model."""
    is_gaussian = vae.family.is_rotation_invariant and vae.family.has_density
    return is_gaussian and math.prod(vae.latent_shape) <= MAX_DIMS


def encoder_gaussian(
    vae: VAE, x: Float[Tensor, "n c H W"]
) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n d d"]]:
    """Mean and Cholesky factor of the covariance of a Gaussian encoder's q(z|x), flattened."""
    q = vae.encode(x)
    if not isinstance(q, NormalPrior):
        raise ConfigError(f"expected a Gaussian posterior; got a {vae.family.title}.")
    n, size = len(x), math.prod(vae.latent_shape)
    loc = q.mean.reshape(n, size).double()
    per_site = q.factor().double().reshape(n, -1, vae.latent_shape[-1], vae.latent_shape[-1])
    return loc, torch.stack([torch.block_diag(*sites) for sites in per_site])


def gaussian_elbo(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    loc: Float[Tensor, "n d"],
    scale_tril: Float[Tensor, "n d d"],
) -> Float[Tensor, " n"]:
    """ELBO of Gaussians by the lattice, in nats."""
    nodes, weights = lattice(loc.shape[1])
    with torch.no_grad():
        return _values(vae, x, loc, scale_tril, nodes) @ weights + _entropy(scale_tril)


def lattice(d: int) -> tuple[Float[Tensor, "m d"], Float[Tensor, " m"]]:
    """A lattice over N(0, I) in d dimensions, and its weights; mean and covariance are exact.

    Where the integrand bends sharply at many places, as log p(x, z) of a ReLU network does, many
    equal steps do better than few nodes of Gauss and Hermite.
    """
    n = int(REACH / SPACING)
    axis = SPACING * torch.arange(-n, n + 1, dtype=torch.float64)
    nodes = torch.cartesian_prod(*[axis] * d).reshape(-1, d)
    nodes = nodes[nodes.square().sum(1) <= REACH**2]
    weights = (-0.5 * nodes.square().sum(1)).softmax(0)
    return nodes / (weights @ nodes.square()).sqrt(), weights


def hermite(d: int) -> tuple[Float[Tensor, "m d"], Float[Tensor, " m"]]:
    """Nodes of N(0, I) in d dimensions, and their weights, which add up to 1."""
    places, sizes = np.polynomial.hermite_e.hermegauss(NODES)
    axis, share = torch.from_numpy(places), torch.from_numpy(sizes / sizes.sum())
    nodes = torch.cartesian_prod(*[axis] * d).reshape(-1, d)
    weights = torch.cartesian_prod(*[share] * d).reshape(-1, d).prod(1)
    return nodes, weights


def _climb(vae: VAE, x: Tensor, loc: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and Cholesky factor where natural gradient steps end, and the ELBO by the nodes."""
    d, is_full = loc.shape[1], vae.family.is_correlated
    nodes, weights = hermite(d)
    outer = nodes[:, :, None] * nodes[:, None] - torch.eye(d, dtype=nodes.dtype)
    values = _values(vae, x, loc, scale, nodes)
    elbo = values @ weights + _entropy(scale)
    loc, scale, rate = loc.clone(), scale.clone(), torch.ones_like(elbo)
    is_open = torch.ones(len(x), dtype=torch.bool)
    for _ in range(STEPS):
        some = torch.nonzero(is_open)[:, 0]
        if not len(some):
            break
        root, f, step = scale[some], values[some], rate[some]
        centred = f - (f @ weights)[:, None]  # the mean has no part in the derivatives
        slope = torch.einsum("nm,m,mi->ni", centred, weights, nodes)
        bend = torch.einsum("nm,m,mij->nij", centred, weights, outer)
        inverse = torch.linalg.inv(root)
        gradient = (inverse.mT @ slope[..., None])[..., 0]
        precision = inverse.mT @ inverse
        wanted = _positive(-inverse.mT @ bend @ inverse, is_full)
        blend = precision + step[:, None, None] * (wanted - precision)
        new_root = torch.linalg.cholesky(torch.linalg.inv(blend))
        covariance = new_root @ new_root.mT
        new_loc = loc[some] + step[:, None] * (covariance @ gradient[..., None])[..., 0]
        new_values = _values(vae.take(some), x[some], new_loc, new_root, nodes)
        new_elbo = new_values @ weights + _entropy(new_root)
        gain = new_elbo - elbo[some]
        better = some[gain > 0.0]
        loc[better], scale[better] = new_loc[gain > 0.0], new_root[gain > 0.0]
        values[better], elbo[better] = new_values[gain > 0.0], new_elbo[gain > 0.0]
        rate[some] = torch.where(gain > 0.0, (2.0 * step).clamp(max=1.0), 0.4 * step)
        is_open[some] = ~((gain.abs() < CONVERGED) | (rate[some] < 1e-3))
    return loc, scale, elbo


def _positive(matrix: Tensor, is_full: bool) -> Tensor:
    """The nearest precision: symmetric, its eigenvalues positive; diagonal without correlations."""
    if not is_full:
        return matrix.diagonal(dim1=-2, dim2=-1).clamp(LEAST, MOST).diag_embed()
    values, vectors = torch.linalg.eigh(0.5 * (matrix + matrix.mT))
    nearest: Tensor = vectors @ values.clamp(LEAST, MOST).diag_embed() @ vectors.mT
    return nearest


def _values(vae: VAE, x: Tensor, loc: Tensor, scale: Tensor, nodes: Tensor) -> Tensor:
    """log p(x, z) at the nodes of each image's Gaussian, (n, nodes)."""
    z = loc[:, None] + torch.einsum("mj,nij->nmi", nodes, scale)
    like = vae.prior().mean
    z = z.to(like.dtype).reshape(len(x), len(nodes), *vae.latent_shape).transpose(0, 1)
    found = [
        vae.take(some).decode(z[:, some]).log_prob(x[some]).T.double()
        + vae.prior().log_prob(z[:, some]).T.double()
        for some in blocks(len(x), max(1, DECODED // len(nodes)))
    ]
    return torch.cat(found)


def _entropy(scale: Tensor) -> Tensor:
    d = scale.shape[-1]
    logs: Tensor = scale.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return logs + 0.5 * d * (1.0 + math.log(2.0 * math.pi))
