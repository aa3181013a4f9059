"""A mixture of Gaussians fitted to q(z) after training: a sampler in place of the prior.

The decoder has been trained on q(z). A prior that does not match it leaves holes; a density that is
fitted to the codes afterwards leaves fewer, and the model itself stays as it is. It is no prior:
no rate is against it, and no bound on log p(x).
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import constraints

from vae_core.analysis.classes import class_draws
from vae_core.analysis.diagnosis.prior_holes import FITTED_TO, HOLE, UNKNOWN
from vae_core.analysis.estimates import Estimate, share_estimate
from vae_core.analysis.rate.aggregate import aggregate_posterior
from vae_core.analysis.rate.rate_parts import mutual_information
from vae_core.codes import Codes
from vae_core.errors import ConfigError

N_COMPONENTS = 10
MAX_STEPS = 300  # of expectation maximisation
MAX_FULL = 32  # dimensions up to which components have a full covariance


@dataclass(frozen=True)
class FittedMixture:
    """Gaussians fitted to draws of q(z) by expectation maximisation, from one start.

    Attributes
    ----------
    codes : Codes
        Whose q(z) it is fitted to.
    n_components : int
        At most; fewer where there are fewer draws.
    seed : int
    """

    codes: Codes
    n_components: int = N_COMPONENTS
    seed: int = 0

    def __post_init__(self) -> None:
        family = self.codes.family
        if family.support is not constraints.real_vector or not family.has_density:
            raise ConfigError(
                f"a mixture of Gaussians is fitted where z lies in all of space, to a q(z) with a "
                f"density; got a {family.title}."
            )

    @cached_property
    def _fitted(self) -> Any:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        z = class_draws(self.codes, FITTED_TO, self.seed).mean.flatten(1).double().numpy()
        mixture = GaussianMixture(
            min(self.n_components, len(z)),
            covariance_type="full" if z.shape[1] <= MAX_FULL else "diag",
            max_iter=MAX_STEPS,
            random_state=self.seed,
        )
        with warnings.catch_warnings():  # any mixture will do that is near
            warnings.simplefilter("ignore", ConvergenceWarning)
            return mixture.fit(z)

    def sample(self, n_samples: int) -> Float[Tensor, " n_samples *latent"]:
        """Samples, in a random order of their components."""
        z, _ = self._fitted.sample(n_samples)
        order = torch.randperm(n_samples, generator=torch.Generator().manual_seed(self.seed))
        mixed = torch.from_numpy(z)[order].to(self.codes.params.dtype)
        return mixed.reshape(n_samples, *self.codes.latent_shape)

    def log_prob(self, z: Float[Tensor, " m *latent"]) -> Float[Tensor, " m"]:
        """The logarithm of its density, in nats."""
        size = math.prod(self.codes.latent_shape)
        found = self._fitted.score_samples(z.reshape(len(z), size).double().numpy())
        return torch.from_numpy(found)


def fitted_holes(codes: Codes, n_samples: int = 2000, seed: int = 0) -> Estimate:
    """The fraction of samples of a fitted mixture in holes of q(z), as `holes` has the prior's.

    nan where the images are too few to estimate q(z) between them.

    Raises
    ------
    ConfigError
        For proportions, and for a point mass.
    """
    fitted = FittedMixture(codes, seed=seed)
    if math.isnan(mutual_information(codes, min(n_samples, 500), seed)[0]):
        return UNKNOWN
    z = fitted.sample(n_samples)
    return share_estimate(aggregate_posterior(codes).log_prob(z) < fitted.log_prob(z) - HOLE)
