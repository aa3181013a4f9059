"""Pareto k, on draws whose tail is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from tests.samples import seeded
from vae_core.analysis.evidence.pareto import pareto_k, tail_shape


def pareto_draws(k: float, m: int, n: int, scale: float = 1.0) -> Tensor:
    """Of the generalised Pareto distribution, by its quantile function: (m, n), float64."""
    u = torch.rand(m, n, generator=seeded(), dtype=torch.float64)
    if k == 0:
        return -scale * u.log()
    return scale * (u**-k - 1.0) / k


@pytest.mark.parametrize(
    ("k", "scale"),
    [(-0.4, 1.0), (0.0, 1.0), (0.5, 1e-6), (0.5, 1.0), (0.5, 1e6), (1.0, 1.0), (2.0, 1.0)],
)
def test_shape_is_that_of_the_distribution_drawn_from(k, scale):
    """With the error of the maximum likelihood, (1 + k) / sqrt(m), which no estimate is below."""
    m, n = 500, 200
    found = tail_shape(pareto_draws(k, m, n, scale).sort(0).values)
    assert float(found.mean()) == pytest.approx(k, abs=0.02)
    assert float(found.std()) == pytest.approx((1.0 + k) / math.sqrt(m), rel=0.25)


@pytest.mark.parametrize("k", [0.1, 0.5, 0.9, 1.5])
def test_k_of_weights_is_that_of_their_tail(k):
    """Drawn towards 1/2 by as much as 10 values of the tail weigh."""
    draws, n_tail = 400, 60
    found = pareto_k(pareto_draws(k, draws, 1000).log() - 123.0)
    expected = (n_tail * k + 5.0) / (n_tail + 10.0)
    assert float(found.mean()) == pytest.approx(expected, abs=0.05)


def test_k_depends_neither_on_the_order_nor_on_the_size_of_the_weights():
    log_w = pareto_draws(0.8, 300, 5).log()
    found = pareto_k(log_w)
    shuffled = log_w[torch.randperm(300, generator=seeded())]
    torch.testing.assert_close(pareto_k(shuffled - 9000.0), found)
    torch.testing.assert_close(pareto_k(log_w[:, 2:3]), found[2:3])


def test_weights_of_a_normal_proposal_have_the_tail_that_theory_says():
    """p / q for widths 1 and s < 1 has a tail with k = 1 - s^2: P(w > t) falls as t^(-1 / k)."""
    z = torch.randn(50_000, 20, generator=seeded(), dtype=torch.float64)
    for s, k in ((0.9, 0.19), (0.7, 0.51), (0.5, 0.75), (0.3, 0.91)):
        found = pareto_k(0.5 * (1.0 - s**2) * z.square())
        assert float(found.mean()) == pytest.approx(k, abs=0.1)


def test_too_few_draws_have_no_tail():
    log_w = pareto_draws(0.5, 21, 3).log()
    assert pareto_k(log_w[:20]).isnan().all()
    assert pareto_k(log_w).isfinite().all()
    assert pareto_k(log_w[:, :0]).shape == (0,)


def test_equal_weights_have_no_tail_and_a_single_one_is_all_tail():
    log_w = torch.full((100, 3), -80.0)
    log_w[:, 1] += 1e-5 * torch.rand(100, generator=seeded())
    log_w[4, 2] = 2000.0
    assert pareto_k(log_w).tolist() == [-math.inf, -math.inf, math.inf]


def test_rounding_of_large_weights_makes_no_tail():
    """In float32, log-weights of thousands of nats are equal in groups."""
    noise = 0.3 * torch.randn(1000, 50, generator=seeded())
    found = pareto_k((noise - 50_000.0).float())
    assert float((found - pareto_k(noise)).abs().max()) < 0.1
