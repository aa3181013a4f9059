"""The aggregate posterior q(z), and the parts of the mean rate.

q(z) = mean over the images of q(z|x). The decoder is trained on draws of q(z); sampling draws
from the prior in its place. The mean rate splits exactly in three (Hoffman & Johnson 2016;
Chen et al. 2018):

    mean KL(q(z|x) || p) = I(x; z) + TC(z) + sum_j KL(q(z_j) || p(z_j)),

the mutual information of image and code, the dependence of the latent dimensions on each other
over the data, and the distance of each dimension from the prior.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from vae_core.codes import Codes
from vae_core.errors import ConfigError

BLOCK = 1 << 21  # values in a block of pairs: 8 MB in float32
SATURATION = 0.9  # of ln N, beyond which N images cannot resolve the mutual information


class AggregatePosterior:
    """The aggregate posterior q(z) = 1/N sum_n q(z|x_n) over the images of some codes.

    Parameters
    ----------
    codes : Codes
        Of a family with a density.

    Raises
    ------
    ConfigError
        For a point mass, whose q(z) has no density.
    """

    def __init__(self, codes: Codes) -> None:
        if not codes.family.has_density:
            raise ConfigError(
                f"a {codes.family.title} has no density, so neither has the mixture of many; "
                "choose a run with another posterior."
            )
        self.codes, self.q = codes, codes.posterior()

    def sample(
        self, n_samples: int, generator: torch.Generator
    ) -> tuple[Float[Tensor, " m *latent"], Int[Tensor, " m"]]:
        """Draws of z, one each from the posteriors of images taken in turn, and which these are.

        Images are drawn equally often, to within one.
        """
        turns = -(-n_samples // len(self.codes))
        order = [torch.randperm(len(self.codes), generator=generator) for _ in range(turns)]
        index = torch.cat(order)[:n_samples]
        return self.codes.take(index).posterior().sample((), generator), index

    def log_prob(self, z: Float[Tensor, " m *latent"]) -> Float[Tensor, " m"]:
        """log q(z), in nats."""
        return self.log_probs(z, None)[0]

    def log_probs(
        self, z: Float[Tensor, " m *latent"], index: Int[Tensor, " m"] | None
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, " m"], Float[Tensor, " m"]]:
        """log q(z); the same without image `index` of each z; log q(z|x_index).

        The latter two are nan without an index. In blocks of at most BLOCK pairs.
        """
        n, rows = len(self.codes), max(1, BLOCK // len(self.codes))
        found: list[tuple[Tensor, ...]] = []
        for start in range(0, len(z), rows):
            pairs = self.q.log_prob_pairs(z[start : start + rows])
            whole = pairs.logsumexp(1)
            own = others = torch.full_like(whole, math.nan)
            if index is not None:
                at = torch.arange(len(pairs)), index[start : start + rows]
                own = pairs[at]
                pairs[at] = -torch.inf
                others = pairs.logsumexp(1) - math.log(max(1, n - 1))
            found.append((whole - math.log(n), others, own))
        whole, others, own = (torch.cat(parts) for parts in zip(*found, strict=True))
        return whole, others, own

    def marginal_log_prob(
        self, z: Float[Tensor, " m *latent"], numbers: Sequence[int] | None = None
    ) -> Float[Tensor, "m d"]:
        """log q(z_j) of every latent dimension alone, (m, d).

        `numbers` names the columns wanted, indices into z.flatten(); all by default.
        """
        flat = z.flatten(1)
        wanted = range(flat.shape[1]) if numbers is None else numbers
        return torch.stack([self.number_log_prob(flat[:, j], j) for j in wanted], 1)

    def number_log_prob(self, z_j: Float[Tensor, " m"], j: int) -> Float[Tensor, " m"]:
        """log q(z_j) of dimension j of z.flatten(), at m values."""
        n, rows = len(self.codes), max(1, BLOCK // len(self.codes))
        pairs = (self.q.marginal_log_prob_pairs(block, j) for block in z_j.split(rows))
        return torch.cat([block.logsumexp(1) for block in pairs]) - math.log(n)


def aggregate_posterior(codes: Codes) -> AggregatePosterior:
    """q(z) over these codes. Raises ConfigError for a point mass."""
    return AggregatePosterior(codes)


def elbo_surgery(codes: Codes, n_samples: int = 2000, seed: int = 0) -> pd.Series[float]:
    """The mean rate in parts, in nats per image.

    All parts come from the same draws, and the mean rate is exact, so they add up. q(z)
    includes each z's own image, so the mutual information is a lower bound on that of the
    population, and at most ln N; without that image it is an upper bound. When the lower bound
    comes near ln N, N images cannot resolve it, and the parts that depend on it are nan.

    Parameters
    ----------
    codes : Codes
        Of N images, at least 2.
    n_samples : int
        Draws of z.

    Returns
    -------
    Series
        mean_kl, mutual_information and mutual_information_upper (the bracket),
        total_correlation, dimension_kl, marginal_kl = KL(q(z) || p), saturated, and
        ceiling = ln N.
        total_correlation and dimension_kl are nan when the prior's dimensions are not
        independent.

    Raises
    ------
    ConfigError
        For a point mass.
    """
    q = aggregate_posterior(codes)
    z, index = q.sample(n_samples, torch.Generator().manual_seed(seed))
    lower, upper = _information(q, z, index)
    mean_kl, dimension_kl = float(codes.rate.double().mean()), math.nan
    if codes.family.is_additive:
        log_prior = codes.prior().marginals().log_prob(z).flatten(1)
        gaps = (q.marginal_log_prob(z) - log_prior).double()
        dimension_kl = float(gaps.mean(0).sum())
    return pd.Series(
        {
            "mean_kl": mean_kl,
            "mutual_information": lower,
            "mutual_information_upper": upper,
            "total_correlation": mean_kl - lower - dimension_kl,
            "dimension_kl": dimension_kl,
            "marginal_kl": mean_kl - lower,
            "saturated": math.isnan(lower),
            "ceiling": math.log(len(codes)),
        },
        dtype=object,
    )


def _information(q: AggregatePosterior, z: Tensor, index: Tensor) -> tuple[float, float]:
    """Bounds on I(x; z) with each z's own image in q(z) and out of it; nan if saturated."""
    whole, others, own = (nats.double() for nats in q.log_probs(z, index))
    lower, upper = float((own - whole).mean()), float((own - others).mean())
    if lower > SATURATION * math.log(len(q.codes)):
        return math.nan, math.nan
    return lower, upper


def mutual_information(codes: Codes, n_samples: int = 2000, seed: int = 0) -> tuple[float, float]:
    """The bracket around I(x; z) of `elbo_surgery` alone, in nats; both nan when saturated.

    Quick for any number of latent dimensions. Raises ConfigError for a point mass.
    """
    q = aggregate_posterior(codes)
    return _information(q, *q.sample(n_samples, torch.Generator().manual_seed(seed)))


def marginal_kl(codes: Codes, n_samples: int = 2000, seed: int = 0) -> float:
    """KL(q(z) || p) of these codes as in `elbo_surgery`, in nats; nan when saturated."""
    return float(codes.rate.double().mean()) - mutual_information(codes, n_samples, seed)[0]
