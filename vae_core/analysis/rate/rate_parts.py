"""The mean rate in parts, each with its standard error and the bracket it is known to lie in.

The mean rate splits exactly in three (Hoffman & Johnson 2016; Chen et al. 2018):

    mean KL(q(z|x) || p) = I(x; z) + TC(z) + sum_j KL(q(z_j) || p(z_j)),

the mutual information of image and code, the dependence of the latent dimensions on each other
over the data, and the distance of each dimension from the prior; the last two together are
KL(q(z) || p).

Of the population q(z) is not known, but only the mixture over N images. With each z's own image
in the mixture, log q(z) is too high in expectation, and without it too low (Jensen). So KL(q(z)
|| p) lies between the two, and no lower than the KL of the dimensions, for which the same holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from vae_core.analysis.estimates import Bracket, Estimate, mean_over_images, regressed
from vae_core.analysis.rate.aggregate import AggregatePosterior, aggregate_posterior
from vae_core.codes import Codes

SATURATION = 0.9  # of ln N, beyond which N images cannot resolve the mutual information


@dataclass(frozen=True)
class RateParts:
    """The mean rate over some images, in parts, all in nats per image.

    The high ends of `marginal_kl`, `total_correlation` and `dimension_kl`, and the low end of
    `mutual_information`, keep each z's own image in q(z): they are those of the mixture over
    these N images, and add up to `mean_kl`.

    Attributes
    ----------
    mean_kl : Estimate
        Exact over these images, or under a learned prior by samples of each; its standard error
        is that over images. Under a prior for each class it is that against p(z).
    mutual_information : Bracket
        I(x; z).
    marginal_kl : Bracket
        KL(q(z) || p).
    total_correlation, dimension_kl : Bracket or None
        TC(z) and sum_j KL(q(z_j) || p(z_j)); None when the prior's dimensions are not
        independent, or where they were not asked for.
    n_images, n_samples : int
        Images in the mixture, and draws of z.
    """

    mean_kl: Estimate
    mutual_information: Bracket
    marginal_kl: Bracket
    total_correlation: Bracket | None
    dimension_kl: Bracket | None
    n_images: int
    n_samples: int

    @property
    def ceiling(self) -> float:
        """ln N, which the low end of the mutual information cannot exceed."""
        return math.log(self.n_images)

    @property
    def saturated(self) -> bool:
        """Whether the images are told apart so well that the low end is about ln N, whatever I."""
        return self.mutual_information.low.value > SATURATION * self.ceiling

    def to_series(self) -> pd.Series[float]:
        """As `elbo_surgery` gives them."""
        known, unknown = self.mutual_information, Estimate(math.nan, math.nan)
        nothing = Bracket(unknown, unknown)
        information = nothing if self.saturated else known
        marginal = nothing if self.saturated else self.marginal_kl
        correlation = nothing if self.saturated else self.total_correlation or nothing
        dimensions = self.dimension_kl or nothing
        named = {
            "mutual_information": information.low,
            "mutual_information_upper": information.high,
            "total_correlation": correlation.high,
            "total_correlation_lower": correlation.low,
            "dimension_kl": dimensions.high,
            "dimension_kl_lower": dimensions.low,
            "marginal_kl": marginal.high,
            "marginal_kl_lower": marginal.low,
            "mutual_information_at_least": known.low,
            "mutual_information_at_most": known.high,
        }
        values: dict[str, object] = {"mean_kl": self.mean_kl.value}
        for name, estimate in named.items():
            values |= {name: estimate.value, f"{name}_error": estimate.standard_error}
        values |= {"saturated": self.saturated, "ceiling": self.ceiling}
        return pd.Series(values, dtype=object)


def rate_parts(
    codes: Codes, n_samples: int = 2000, seed: int = 0, by_dimension: bool = True
) -> RateParts:
    """The mean rate of some images in parts.

    All parts come from the same draws, and the mean rate is exact, so they add up. KL(q(z) || p)
    is measured as E[log q(z) - log p(z)] and the total correlation as E[log q(z) - sum_j log
    q(z_j)], which is exactly 0 in one dimension; I(x; z) is what they leave of the mean rate.

    Parameters
    ----------
    codes : Codes
        Of N images, at least 2.
    n_samples : int
        Draws of z.
    by_dimension : bool
        Whether to measure each dimension alone as well; quick for any number without.

    Raises
    ------
    ConfigError
        For a point mass.
    """
    q = aggregate_posterior(codes.without_labels())
    z, index = q.sample(n_samples, torch.Generator().manual_seed(seed))
    whole, others, own = q.log_probs(z, index)
    log_prior = q.codes.prior().log_prob(z)
    draws = _Draws(index, q.codes.rate, own - log_prior)
    # KL(q(z) || p) is no lower than the KL of the dimensions, and no KL is negative
    floors, total_correlation, dimension_kl = [others - log_prior, 0.0 * own], None, None
    if by_dimension and codes.is_additive:
        if z[0].numel() == 1:
            dims, other_dims = whole, others
        else:
            dims, other_dims = _dims(q, z, index)
        floors.append(other_dims - log_prior)
        dimension_kl = Bracket(
            draws.mean(other_dims - log_prior).at_least_zero(), draws.mean(dims - log_prior)
        )
        total_correlation = Bracket(
            draws.mean(others - other_dims).at_least_zero(), draws.mean(whole - dims)
        )
    floor = max(floors, key=lambda nats: draws.mean(nats).value)
    return RateParts(
        draws.mean_kl,
        Bracket(draws.rest(whole - log_prior), draws.rest(floor)),
        Bracket(draws.mean(floor), draws.mean(whole - log_prior)),
        total_correlation,
        dimension_kl,
        len(codes),
        n_samples,
    )


class _Draws:
    """Means over draws of z from q(z), steadied by the rate, which is known of every image."""

    def __init__(self, index: Tensor, rate: Tensor, log_ratio: Tensor) -> None:
        # log_ratio: log q(z|x) - log p(z) at each draw, whose mean for an image is its rate
        self.index = index
        self.mean_kl = mean_over_images(rate, torch.arange(len(rate)))
        of_draw = rate[index]
        self.controls = torch.stack([log_ratio - of_draw, of_draw - rate.mean()], 1)

    def mean(self, nats: Tensor) -> Estimate:
        """The mean of values at the draws."""
        found, slope = self._regressed(nats)
        error = math.hypot(found.standard_error, slope * self.mean_kl.standard_error)
        return Estimate(found.value, error)

    def rest(self, nats: Tensor) -> Estimate:
        """What the mean rate leaves beside it."""
        found, slope = self._regressed(nats)
        error = math.hypot(found.standard_error, (1.0 - slope) * self.mean_kl.standard_error)
        return Estimate(self.mean_kl.value - found.value, error)

    def _regressed(self, nats: Tensor) -> tuple[Estimate, float]:
        steady, slopes = regressed(nats, self.controls)
        return mean_over_images(steady, self.index), float(slopes[1])


def _dims(q: AggregatePosterior, z: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """sum_j log q(z_j), with each z's own image and without it."""
    flat = z.flatten(1)
    some = [q.dim_log_probs(flat[:, j], j, index) for j in range(flat.shape[1])]
    whole, others, _ = (torch.stack(nats).sum(0) for nats in zip(*some, strict=True))
    return whole, others


def dim_kl(codes: Codes, j: int, n_samples: int = 2000, seed: int = 0) -> Bracket:
    """KL(q(z_j) || p(z_j)) of dimension j of z.flatten() alone, in nats, as in `rate_parts`.

    Raises ConfigError for a point mass.
    """
    q = aggregate_posterior(codes.without_labels())
    z, index = q.sample(n_samples, torch.Generator().manual_seed(seed))
    whole, others, own = q.dim_log_probs(z.flatten(1)[:, j], j, index)
    log_prior = q.codes.prior().marginals().log_prob(z).flatten(1)[:, j]
    draws = _Draws(index, q.codes.kl.flatten(1)[:, j], own - log_prior)
    low, high = draws.mean(others - log_prior), draws.mean(whole - log_prior)
    return Bracket(low.at_least_zero(), high)


def elbo_surgery(codes: Codes, n_samples: int = 2000, seed: int = 0) -> pd.Series[float]:
    """`rate_parts` as a series of numbers, in nats per image.

    Returns
    -------
    Series
        mean_kl, mutual_information and mutual_information_upper (the bracket),
        total_correlation, dimension_kl, marginal_kl = KL(q(z) || p), saturated, and
        ceiling = ln N; mutual_information, total_correlation and dimension_kl add up to
        mean_kl. Each part but mean_kl is followed by its *_error, one standard error, and the
        last three are high ends, with *_lower as their low ends. When saturated, what depends
        on the mutual information is nan, but for mutual_information_at_least and _at_most, a
        bracket that always holds.
        total_correlation and dimension_kl are nan when the prior's dimensions are not
        independent.

    Raises
    ------
    ConfigError
        For a point mass.
    """
    return rate_parts(codes, n_samples, seed).to_series()


def mutual_information(codes: Codes, n_samples: int = 2000, seed: int = 0) -> tuple[float, float]:
    """A bracket around I(x; z), in nats; both ends nan when saturated.

    The low end is that of `elbo_surgery`. The high end does not know the KL of the dimensions,
    so that it is quick for any number of them. Raises ConfigError for a point mass.
    """
    parts = rate_parts(codes, n_samples, seed, by_dimension=False)
    if parts.saturated:
        return math.nan, math.nan
    return parts.mutual_information.low.value, parts.mutual_information.high.value


def marginal_kl(codes: Codes, n_samples: int = 2000, seed: int = 0) -> float:
    """KL(q(z) || p) of these codes as in `elbo_surgery`, in nats; nan when saturated."""
    parts = rate_parts(codes, n_samples, seed, by_dimension=False)
    return math.nan if parts.saturated else parts.marginal_kl.high.value
