"""Norms of the prior and of codes: in many dimensions draws lie in a thin shell, not around 0.

The norm of a draw of N(0, I) in d dimensions is distributed as chi_d. Its mode is sqrt(d - 1)
and its standard deviation tends to sqrt(1/2): the origin is the most likely point, and yet no
draw is near it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from vae_core.analysis.estimates import Estimate, share_estimate
from vae_core.codes import Codes
from vae_core.errors import ConfigError
from vae_core.posteriors import LatentDistribution

SHARE = 0.95
N_DRAWS = 20_000  # for priors whose norm has no known distribution


@dataclass(frozen=True)
class Shell:
    """Where the norms of a prior's draws lie.

    Attributes
    ----------
    low, high : float
        Between them lies `share` of the draws, and as many below as above.
    share : float
    curve : DataFrame
        Columns norm, density: of the norm under the prior.
    is_exact : bool
        From the chi distribution, not from draws.
    """

    low: float
    high: float
    share: float
    curve: pd.DataFrame
    is_exact: bool


def norms(z: Float[Tensor, " n *latent"]) -> Float[Tensor, " n"]:
    """||z||, over all dimensions of each latent."""
    length: Tensor = z.flatten(1).double().norm(dim=1)
    return length


def chi_interval(d: int, share: float = SHARE) -> tuple[float, float]:
    """The central interval that holds `share` of the norms of draws of N(0, I_d).

    Raises
    ------
    ConfigError
        When d < 1, or share is not between 0 and 1.
    """
    from scipy.special import gammaincinv

    _check(d, share)
    tail = 0.5 * (1.0 - share)
    low, high = (math.sqrt(2.0 * gammaincinv(0.5 * d, p)) for p in (tail, 1.0 - tail))
    return low, high


def chi_density(r: NDArray[np.float64], d: int) -> NDArray[np.float64]:
    """The density of ||z|| at r > 0 under N(0, I_d).

    r^(d-1) exp(-r^2 / 2) / (2^(d/2-1) Gamma(d/2)).
    """
    constant = (0.5 * d - 1.0) * math.log(2.0) + math.lgamma(0.5 * d)
    density: NDArray[np.float64] = np.exp((d - 1.0) * np.log(r) - 0.5 * r**2 - constant)
    return density


def middle_in_shell(d: int, share: float = SHARE) -> float:
    """How often the middle of a straight walk between two draws of N(0, I_d) is in the shell.

    The middle is N(0, I/2), so its norm is chi_d / sqrt(2). .95 at d = 2, .027 at d = 64.
    """
    from scipy.special import gammainc

    low, high = chi_interval(d, share)
    return float(gammainc(0.5 * d, high**2) - gammainc(0.5 * d, low**2))


def straight_middles(prior: LatentDistribution, share: float = SHARE, seed: int = 0) -> Estimate:
    """How often the middle of a straight walk between two draws of a prior is in its shell.

    Exactly for N(0, I), whatever its dimension; else from N_DRAWS pairs of draws.

    Parameters
    ----------
    prior : LatentDistribution
        batch_shape ().
    """
    if prior.is_rotation_invariant:
        return Estimate(middle_in_shell(prior.event_shape.numel(), share), 0.0)
    shell = prior_shell(prior, share, seed)
    one, other = prior.sample((2, N_DRAWS), torch.Generator().manual_seed(seed + 1))
    middle = norms((one + other) / 2)
    return share_estimate((middle >= shell.low) & (middle <= shell.high))


def prior_shell(prior: LatentDistribution, share: float = SHARE, seed: int = 0) -> Shell:
    """Where the norms of a prior's draws lie: exactly for N(0, I), else from N_DRAWS draws.

    Parameters
    ----------
    prior : LatentDistribution
        batch_shape ().
    """
    d = prior.event_shape.numel()
    _check(d, share)
    if prior.is_rotation_invariant:
        low, high = chi_interval(d, share)
        grid = np.linspace(*chi_interval(d, 1.0 - 1e-5), 160)
        return Shell(low, high, share, _curve(grid, chi_density(grid, d)), is_exact=True)
    draws = norms(prior.sample((N_DRAWS,), torch.Generator().manual_seed(seed))).numpy()
    low, high = np.quantile(draws, [0.5 * (1.0 - share), 0.5 * (1.0 + share)]).tolist()
    density, edges = np.histogram(draws, 60, density=True)
    curve = _curve((edges[1:] + edges[:-1]) / 2, density)
    return Shell(low, high, share, curve, is_exact=False)


def code_norms(codes: Codes, n_samples: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Norms of posterior means, and of one draw of q(z|x) each, for as many images at random.

    Returns
    -------
    DataFrame
        Columns mean, draw.
    """
    generator = torch.Generator().manual_seed(seed)
    some = codes.take(torch.randperm(len(codes), generator=generator)[:n_samples])
    draws = some.posterior().sample((), generator)
    return pd.DataFrame({"mean": norms(some.mean).numpy(), "draw": norms(draws).numpy()})


@dataclass(frozen=True)
class CodesInShell:
    """Norms of codes, and the interval of the prior's norms.

    Attributes
    ----------
    norms : DataFrame
        See `code_norms`.
    density : DataFrame
        Columns norm, density: the prior's, over all norms that occur.
    interval : (float, float)
        The middle 95% of the prior.
    inside_draws, inside_means : float
        Shares of the norms within it.
    d : int
    """

    norms: pd.DataFrame
    density: pd.DataFrame
    interval: tuple[float, float]
    inside_draws: float
    inside_means: float
    d: int


def codes_in_shell(codes: Codes, n_samples: int = 5000, seed: int = 0) -> CodesInShell:
    """The norms of codes against those of N(0, I).

    Raises
    ------
    ConfigError
        When no N(0, I) was trained against.
    """
    if not (codes.family.has_rate and codes.is_rotation_invariant):
        raise ConfigError(
            f"the shell is that of N(0, I); this {codes.family.title} is not trained against it. "
            "Choose a Gaussian posterior and the standard prior."
        )
    d = math.prod(codes.latent_shape)
    table, interval = code_norms(codes, n_samples, seed), chi_interval(d)
    inside = table.apply(lambda column: column.between(*interval).mean())
    low = min(max(0.0, math.sqrt(d) - 4.0), table.to_numpy().min())
    high = max(math.sqrt(d) + 4.0, table.to_numpy().max())
    grid = np.linspace(low, high, 401)[1:]  # the density is for norms above 0
    density = _curve(grid, chi_density(grid, d))
    return CodesInShell(table, density, interval, float(inside["draw"]), float(inside["mean"]), d)


def _check(d: int, share: float) -> None:
    if d < 1 or not 0.0 < share < 1.0:
        raise ConfigError(
            f"expected at least one dimension and a share between 0 and 1; got {d} and {share}."
        )


def _curve(norm: NDArray[np.float64], density: NDArray[np.float64]) -> pd.DataFrame:
    return pd.DataFrame({"norm": norm, "density": density})
