"""Pareto k: how heavy the tail of importance weights is."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

HEAVY = 0.7  # above it a mean of weights is not to be trusted (Vehtari et al. 2024)
MIN_TAIL = 5  # weights; with fewer there is no shape to fit
FLAT = 1e-3  # nats between the largest weight and the tail's smallest, below which it is no tail


def pareto_k(log_weights: Float[Tensor, "draws n"]) -> Float[Tensor, " n"]:
    """Shape k of the generalised Pareto distribution that the largest weights follow.

    Moments of the weights beyond the 1/k-th do not exist. Above 0.7 the mean of the weights
    changes with few of them, however many there are, and the error that they suggest is too small.
    It is fitted to the weights that were drawn: where no draw comes, it sees nothing.

    The tail is the largest min(draws / 5, 3 sqrt(draws)) weights, and the estimate is drawn
    towards 1/2 with the weight of 10 of them, both as in Vehtari et al. (2024).

    Parameters
    ----------
    log_weights : Tensor, (draws, n)
        Up to a constant, for each of n images.

    Returns
    -------
    Tensor, (n,), float64
        nan with fewer than 21 draws, which have no tail to fit. -inf where the weights are all
        alike. inf where all but a few vanish beside the largest.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao, Gabry (2024), Pareto smoothed importance sampling. Journal of
    Machine Learning Research 25, section 2 and appendix C.
    """
    draws, n = log_weights.shape
    n_tail = math.ceil(min(0.2 * draws, 3.0 * math.sqrt(draws)))
    if n_tail < MIN_TAIL:
        return log_weights.new_full((n,), math.nan, dtype=torch.float64)
    largest = log_weights.double().topk(n_tail + 1, 0).values.flip(0)
    largest = largest - largest[-1]
    weights = largest.exp()
    excess = weights[1:] - weights[0]
    k = (n_tail * tail_shape(excess) + 10.0 * 0.5) / (n_tail + 10.0)
    k = k.masked_fill((excess > 0).sum(0) < MIN_TAIL, math.inf)
    return k.masked_fill(largest[0] > -FLAT, -math.inf)


def tail_shape(excess: Float[Tensor, "m n"]) -> Float[Tensor, " n"]:
    """Shape k of the generalised Pareto distribution of n samples of m values each.

    The density is (1 + k x / s)^(-1/k - 1) / s. The posterior mean of -k / s over a grid, with a
    prior from the data's quartile: no search, and steadier than the maximum likelihood.

    Parameters
    ----------
    excess : Tensor, (m, n)
        Values of at least 0, each column in rising order.

    References
    ----------
    Zhang and Stephens (2009), A new and efficient estimation method for the generalized Pareto
    distribution. Technometrics 51, section 3. Their k is minus this one.
    """
    m = len(excess)
    n_grid = 30 + math.isqrt(m)
    least = excess.masked_fill(excess <= 0, math.inf).amin(0)  # the quartile may be 0 by rounding
    quartile = excess[int(m / 4 + 0.5) - 1].maximum(least)
    rank = torch.arange(1, n_grid + 1, dtype=excess.dtype, device=excess.device)[:, None]
    theta = 1.0 / excess[-1] + (1.0 - (n_grid / (rank - 0.5)).sqrt()) / (3.0 * quartile)
    shape = (-theta[:, None] * excess).log1p().mean(1)  # (n_grid, n): best k for this -k / s
    log_likelihood = m * ((-theta / shape).log() - shape - 1.0)
    theta = (log_likelihood.softmax(0) * theta).sum(0)
    return (-theta * excess).log1p().mean(0)
