"""Families of approximate posteriors q(z|x), one class each: parameters -> distribution over z.

A latent has shape (*sites, C), channels last. A family acts on the last axis; sites are
independent given x. An encoder returns `n_params(C)` parameters per site.
To add a family, write one class with its KL, register it, and name its file here.
"""

from vae_core.posteriors.base import LatentDistribution, Posterior, kl_per_dim
from vae_core.posteriors.codebook import CodebookEntry
from vae_core.posteriors.delta import PointMass
from vae_core.posteriors.diagonal import DiagonalGaussian
from vae_core.posteriors.dirichlet import Dirichlet, stick_breaking_kl
from vae_core.posteriors.full import FullCorrelationGaussian, FullGaussian
from vae_core.posteriors.laplace import Laplace

__all__ = [
    "CodebookEntry",
    "DiagonalGaussian",
    "Dirichlet",
    "FullCorrelationGaussian",
    "FullGaussian",
    "Laplace",
    "LatentDistribution",
    "PointMass",
    "Posterior",
    "kl_per_dim",
    "stick_breaking_kl",
]
