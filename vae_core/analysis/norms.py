"""How far from the origin codes lie: the shell of a Gaussian in many dimensions.

Hardly any draw of N(0, I) lies near the origin when d is large, likely as that point is: there
is little room there. The norm of a draw follows the chi distribution with d degrees of
freedom, nearly sqrt(d) with a standard deviation of 0.7.
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

from vae_core.analysis.codes import Codes
from vae_core.errors import ConfigError
from vae_core.posteriors import DiagonalGaussian


def chi_density(norm: Float[Tensor, " n"], d: int) -> Float[Tensor, " n"]:
    """Density of ||z|| for z ~ N(0, I) in d dimensions.

    r^(d-1) exp(-r^2 / 2) / (2^(d/2 - 1) Gamma(d/2)).
    """
    log_density: Tensor = torch.special.xlogy(d - 1, norm) - 0.5 * norm.square()
    return (log_density - (0.5 * d - 1.0) * math.log(2.0) - math.lgamma(0.5 * d)).exp()


def chi_interval(d: int, mass: float = 0.95) -> tuple[float, float]:
    """Between which norms the middle `mass` of N(0, I) in d dimensions lies."""
    return _quantile(d, 0.5 - 0.5 * mass), _quantile(d, 0.5 + 0.5 * mass)


def _quantile(d: int, share: float) -> float:
    """By halving: P(||z|| < r) is the regularised gamma function of d/2 at r^2 / 2."""
    half = torch.tensor(0.5 * d, dtype=torch.float64)
    low, high = 0.0, math.sqrt(d) + 10.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        below = torch.special.gammainc(half, half.new_tensor(0.5 * middle**2))
        low, high = (middle, high) if float(below) < share else (low, middle)
    return 0.5 * (low + high)


@dataclass(frozen=True)
class Shell:
    """Norms of codes, and where the prior has its own.

    Attributes
    ----------
    norms : DataFrame
        Columns draws and means: ||z|| for one draw of q(z|x), and ||mu(x)||, one row per
        image drawn at random.
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


def shell(codes: Codes, n_samples: int = 5000, seed: int = 0) -> Shell:
    """The norms of codes against the prior's.

    Raises
    ------
    ConfigError
        When no N(0, I) was trained against.
    """
    if not (codes.kind.has_rate and isinstance(codes.prior(), DiagonalGaussian)):
        raise ConfigError(
            f"the shell is that of N(0, I); a {codes.kind.title} is not trained against it. "
            "Choose a Gaussian posterior."
        )
    d = math.prod(codes.latent_shape)
    generator = torch.Generator().manual_seed(seed)
    q = codes.take(torch.randint(len(codes), (n_samples,), generator=generator)).posterior()
    norms = pd.DataFrame({"draws": _norms(q.sample((), generator)), "means": _norms(q.mean)})
    interval = chi_interval(d)
    inside = norms.apply(lambda column: column.between(*interval).mean())
    low, high = max(0.0, math.sqrt(d) - 4.0), math.sqrt(d) + 4.0
    low, high = min(low, norms.to_numpy().min()), max(high, norms.to_numpy().max())
    grid = torch.linspace(low, high, 400, dtype=torch.float64)
    density = pd.DataFrame({"norm": grid.numpy(), "density": chi_density(grid, d).numpy()})
    return Shell(norms, density, interval, float(inside["draws"]), float(inside["means"]), d)


def _norms(z: Tensor) -> NDArray[np.float64]:
    norms: NDArray[np.float64] = z.flatten(1).double().norm(dim=1).numpy()
    return norms
