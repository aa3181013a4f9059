"""Priors p(z), one file each: where z comes from, chosen by the setting `prior`.

A prior is the fourth part of a model. `VAE.prior()` is a distribution over latents with
`log_prob`, `sample`, `mean`, `variance` and `marginals`, whichever part it is read from.
To add one, write its class, register it, and name its file here.
"""

from vae_core.priors.base import (
    KeptPrior,
    LearnedPrior,
    Prior,
    closed_rate,
    log_ratio,
    rate,
    rate_per_dim,
)
from vae_core.priors.by_class import ClassPrior
from vae_core.priors.codebook import Codebook, CodebookPrior
from vae_core.priors.flow import Flow, FlowPrior
from vae_core.priors.mixture import Mixture, MixturePrior
from vae_core.priors.standard import StandardPrior
from vae_core.priors.vamp import VampPrior

__all__ = [
    "ClassPrior",
    "Codebook",
    "CodebookPrior",
    "Flow",
    "FlowPrior",
    "KeptPrior",
    "LearnedPrior",
    "Mixture",
    "MixturePrior",
    "Prior",
    "StandardPrior",
    "VampPrior",
    "closed_rate",
    "log_ratio",
    "rate",
    "rate_per_dim",
]
