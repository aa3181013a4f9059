"""A density of grey levels in [0, 1]: what the Bernoulli is not."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch import distributions as td
from torch.nn.functional import binary_cross_entropy_with_logits

from tests.core.likelihoods.test_likelihoods import likelihood, output, pictures, quadrature
from tests.samples import seeded
from vae_core.likelihoods import ContinuousBernoulliPixels

FAMILY = likelihood("continuous-bernoulli")
NEAR = ContinuousBernoulliPixels.NEAR
# Across the powers of eta around 0, and far beyond where sigmoid(eta) is 0 or 1 in float32.
LOGITS = (0.0, 1e-9, 1e-3, 0.99 * NEAR, 1.01 * NEAR, 0.3, 1.0, 3.0, 10.0, 17.0, 40.0, 100.0)
BOTH_SIGNS = tuple(sorted({sign * eta for eta in LOGITS for sign in (-1.0, 1.0)}))


def pixels(*logits: float, dtype: torch.dtype = torch.float64) -> ContinuousBernoulliPixels:
    """One-pixel images with these logits."""
    return FAMILY(torch.tensor(logits, dtype=dtype).reshape(-1, 1, 1, 1))


def score(p: ContinuousBernoulliPixels, x: Tensor) -> Tensor:
    """log p of every x under every one-pixel image, (x, images)."""
    return p.log_prob(x.reshape(-1, 1, 1, 1, 1))


def logit(chance: float) -> float:
    return math.log(chance / (1.0 - chance))


# A density


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_integrates_to_one_for_every_lambda(dtype):
    """In single precision too, and where the pixel is always black."""
    x, weights = (t.to(dtype) for t in quadrature(0.0, 1.0))
    total = weights @ score(pixels(*BOTH_SIGNS, dtype=dtype), x).exp()
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    torch.testing.assert_close(total, torch.ones_like(total), rtol=0.0, atol=tolerance)


def test_the_bernoulli_of_grey_levels_does_not():
    """Its "density" at lambda = 0.2 adds up to 0.433 only."""
    x, weights = quadrature(0.0, 1.0)
    y = torch.full((1, 1, 1, 1), logit(0.2), dtype=torch.float64)
    plain = likelihood("bernoulli")(y).log_prob(x.reshape(-1, 1, 1, 1, 1)).exp()
    assert (weights @ plain).item() == pytest.approx(0.433, abs=5e-4)
    assert (weights @ plain).item() == pytest.approx(0.6 / math.log(4.0))
    assert (weights @ score(pixels(logit(0.2)), x).exp()).item() == pytest.approx(1.000)


@given(st.floats(-30, 30), st.floats(0, 1))
def test_it_is_the_cross_entropy_and_a_constant_of_lambda(eta, grey):
    """C(lambda) = 2 artanh(1 - 2 lambda) / (1 - 2 lambda) = eta / tanh(eta / 2)."""
    constant = math.log(eta / math.tanh(eta / 2)) if abs(eta) > 1e-6 else math.log(2.0)
    x, y = torch.tensor([grey], dtype=torch.float64), torch.tensor([eta], dtype=torch.float64)
    expected = constant - binary_cross_entropy_with_logits(y, x).item()
    assert score(pixels(eta), x).item() == pytest.approx(expected, abs=1e-10)


def test_it_is_torchs():
    """As long as torch's lambda is not cut off, and away from its own expansion around 0.5."""
    y, x = 4 * output(FAMILY, 6), pictures(6)
    expected = td.Independent(td.ContinuousBernoulli(logits=y, lims=(0.4999, 0.5001)), 3)
    torch.testing.assert_close(FAMILY(y).log_prob(x), expected.log_prob(x), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(FAMILY(y).mean, expected.mean, rtol=1e-9, atol=1e-9)


def test_black_and_white_are_mirrored():
    y, x = 4 * output(FAMILY, 6), pictures(6)
    torch.testing.assert_close(FAMILY(-y).log_prob(1 - x), FAMILY(y).log_prob(x))
    torch.testing.assert_close(FAMILY(-y).mean, 1 - FAMILY(y).mean)


# Its mean


def test_mean_is_that_of_the_density():
    x, weights = quadrature(0.0, 1.0)
    p = pixels(*BOTH_SIGNS)
    expected = (weights * x) @ score(p, x).exp()
    torch.testing.assert_close(p.mean.flatten(), expected, rtol=1e-10, atol=1e-12)
    single = pixels(*BOTH_SIGNS, dtype=torch.float32).mean.flatten()
    torch.testing.assert_close(single.double(), expected, rtol=1e-5, atol=2e-6)


def test_mean_is_not_lambda():
    """It is nearer to one half, a third at most of the way to black from 0.5 at lambda = 0.2."""
    p = pixels(logit(0.2))
    assert p.mean.item() == pytest.approx(0.3880, abs=1e-4)
    assert p.mean.item() == pytest.approx(0.2 / (0.4 - 1) + 1 / logit(0.8))
    means, lambdas = pixels(*BOTH_SIGNS).mean.flatten(), pixels(*BOTH_SIGNS).logits.sigmoid()
    moved = lambdas.flatten() != 0.5
    nearer = (means - 0.5).abs() < (lambdas.flatten() - 0.5).abs()
    assert nearer[moved & (lambdas.flatten() > 1e-12)].all()
    assert pixels(0.0).mean.item() == 0.5


def test_mean_and_score_do_not_jump_where_the_formula_changes():
    x = torch.tensor([0.3], dtype=torch.float64)
    for dtype, tolerance in ((torch.float64, 1e-13), (torch.float32, 2e-6)):
        for sign in (-1.0, 1.0):
            below, above = (pixels(sign * NEAR * f, dtype=dtype) for f in (1 - 1e-9, 1 + 1e-9))
            slope = 2e-9 * NEAR  # by which they may differ at most
            gap = (below.mean - above.mean).abs().item()
            assert gap < tolerance + slope
            gap = (score(below, x.to(dtype)) - score(above, x.to(dtype))).abs().item()
            assert gap < tolerance + slope


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradient_is_the_picture_less_the_mean(dtype):
    """As of every exponential family: the model rests where the two agree."""
    y = torch.tensor(BOTH_SIGNS, dtype=dtype).reshape(-1, 1, 1, 1).requires_grad_()
    x = torch.full((1, 1, 1), 0.3, dtype=dtype)
    (gradient,) = torch.autograd.grad(FAMILY(y).log_prob(x).sum(), y)
    tolerance = 1e-12 if dtype == torch.float64 else 3e-6
    torch.testing.assert_close(gradient, x - FAMILY(y).mean.detach(), rtol=0.0, atol=tolerance)


@pytest.mark.parametrize("eta", [-1e9, 1e9])
def test_powers_of_a_huge_logit_do_not_overflow(eta):
    """Single precision has no room for eta^6, which is of use near 0 only."""
    y = torch.full((1, 1, 1, 1), eta, requires_grad=True)
    p = FAMILY(y)
    (gradient,) = torch.autograd.grad(p.log_prob(torch.zeros(1, 1, 1)).sum(), y)
    assert gradient.item() == pytest.approx(0.0 if eta < 0 else -1.0, abs=1e-6)
    assert p.mean.item() == pytest.approx(0.0 if eta < 0 else 1.0, abs=1e-6)


# Its draws


@pytest.mark.parametrize("eta", BOTH_SIGNS)
def test_draws_are_the_inverse_of_the_cumulative_distribution(eta):
    """With the same seed: F(x) = (exp(eta x) - 1) / (exp(eta) - 1) gives the noise back."""
    n = 1000
    x = pixels(eta).sample((n,), seeded(3)).flatten()
    noise = torch.rand(n, generator=seeded(3), dtype=torch.float64)
    assert x.min() >= 0
    assert x.max() <= 1
    if eta > 0:  # drawn as the negative of a darker pixel
        x, eta = 1 - x, -eta
    rise = torch.expm1(eta * x) / math.expm1(eta) if eta else x
    torch.testing.assert_close(rise, noise, rtol=1e-5, atol=1e-6)
