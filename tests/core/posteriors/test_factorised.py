"""The families whose numbers are independent given x: diagonal, Laplace and point mass."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import distributions as td
from torch.distributions import Independent, Normal, kl_divergence

from tests.core.posteriors.families import draw, prior, random_params
from tests.samples import LATENTS, seeded
from vae_core.config import POSTERIORS
from vae_core.posteriors import DiagonalGaussian, Laplace, PointMass, kl_per_dim
from vae_core.posteriors.diagonal import LOGVAR_MAX, LOGVAR_MIN


def gaussian(mu: float, sigma: float) -> DiagonalGaussian:
    params = torch.tensor([[mu, 2 * math.log(sigma)]], dtype=torch.float64)
    return DiagonalGaussian.from_params(params)


# Diagonal Gaussian


@pytest.mark.parametrize("latent", LATENTS)
def test_diagonal_is_torchs_independent_normal(latent):
    q, p, other = (
        draw("diagonal", latent),
        prior("diagonal", latent),
        draw("diagonal", latent, 1, 5),
    )
    ndim = len(latent)
    reference = Independent(Normal(q.mean, q.variance.sqrt()), ndim)
    standard = Independent(Normal(torch.zeros_like(q.mean[0]), 1.0), ndim)
    z = q.sample((7,))
    torch.testing.assert_close(q.log_prob(z), reference.log_prob(z))
    torch.testing.assert_close(p.log_prob(z), standard.log_prob(z))
    torch.testing.assert_close(kl_divergence(q, p), kl_divergence(reference, standard))
    torch.testing.assert_close(q.entropy(), reference.entropy())
    others = Independent(Normal(other.mean, other.variance.sqrt()), ndim)
    torch.testing.assert_close(kl_divergence(q, other), kl_divergence(reference, others))


@pytest.mark.parametrize("latent", LATENTS)
def test_diagonal_kl_per_number_is_the_written_formula(latent):
    q, p = draw("diagonal", latent), prior("diagonal", latent)
    mu, variance = q.mean, q.variance
    expected = 0.5 * (mu**2 + variance - variance.log() - 1)
    torch.testing.assert_close(kl_per_dim(q, p), expected)


@given(st.floats(-20, 20), st.floats(0.01, 50))
def test_diagonal_kl_is_never_negative_at_all(mu, sigma):
    assert kl_per_dim(gaussian(mu, sigma), prior("diagonal", (1,))).item() >= 0


def test_diagonal_kl_is_zero_exactly_at_the_prior():
    assert kl_per_dim(gaussian(0.0, 1.0), prior("diagonal", (1,))).item() == 0
    for mu, sigma in ((1e-3, 1.0), (0.0, 1.001), (0.0, 0.999), (1.0, 1.0)):
        assert kl_per_dim(gaussian(mu, sigma), prior("diagonal", (1,))).item() > 0


def test_mean_equal_to_sigma_costs_half_a_nat():
    """The KL does not compare mu with sigma."""
    assert kl_divergence(gaussian(1.0, 1.0), prior("diagonal", (1,))).item() == 0.5


def test_diagonal_reads_mean_then_log_variance():
    params = torch.tensor([[1.0, 2.0, 0.0, math.log(4.0)]])
    q = DiagonalGaussian.from_params(params)
    torch.testing.assert_close(q.mean, torch.tensor([[1.0, 2.0]]))
    torch.testing.assert_close(q.variance, torch.tensor([[1.0, 4.0]]))
    eps = torch.randn(1, 2, generator=seeded(5))
    z = q.rsample((), seeded(5))
    torch.testing.assert_close(z, q.mean + (0.5 * params[:, 2:]).exp() * eps)


@pytest.mark.parametrize("name", ["diagonal", "laplace"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_absurd_log_variance_is_clamped(name, dtype):
    q = POSTERIORS[name].from_params(torch.tensor([[0.0, 0.0, -1e6, 1e6]], dtype=dtype))
    expected = torch.tensor([[LOGVAR_MIN, LOGVAR_MAX]], dtype=dtype)
    torch.testing.assert_close(q.variance.log(), expected)


@pytest.mark.parametrize("name", ["diagonal", "full", "full-correlation", "laplace"])
@pytest.mark.parametrize("factor", [0.5, 1.2, 3.0])
def test_scaled_multiplies_every_standard_deviation(name, factor):
    q = draw(name, (2, 2, 3))
    wide = q.scaled(factor)
    torch.testing.assert_close(wide.variance, factor**2 * q.variance)
    torch.testing.assert_close(wide.mean_covariance(), factor**2 * q.mean_covariance())


# Laplace


@pytest.mark.parametrize("latent", LATENTS)
def test_laplace_is_torchs_independent_laplace(latent):
    q, p, other = draw("laplace", latent), prior("laplace", latent), draw("laplace", latent, 1, 5)
    ndim = len(latent)
    reference = Independent(td.Laplace(q.mean, (q.variance / 2).sqrt()), ndim)
    standard = Independent(td.Laplace(torch.zeros_like(q.mean[0]), math.sqrt(0.5)), ndim)
    z = q.sample((7,))
    torch.testing.assert_close(q.log_prob(z), reference.log_prob(z))
    torch.testing.assert_close(p.log_prob(z), standard.log_prob(z))
    torch.testing.assert_close(kl_divergence(q, p), kl_divergence(reference, standard))
    others = Independent(td.Laplace(other.mean, (other.variance / 2).sqrt()), ndim)
    torch.testing.assert_close(kl_divergence(q, other), kl_divergence(reference, others))
    torch.testing.assert_close(p.variance, torch.ones_like(p.mean))


def test_laplace_kl_is_the_written_formula():
    q, p = draw("laplace", (3,)), prior("laplace", (3,))
    distance, width, b0 = q.mean.abs(), (q.variance / 2).sqrt(), math.sqrt(0.5)
    expected = distance / b0 + width / b0 * (-distance / width).exp() - (width / b0).log() - 1
    torch.testing.assert_close(kl_per_dim(q, p), expected)


def test_laplace_reads_mean_then_log_variance():
    q = Laplace.from_params(torch.tensor([[1.0, 2.0, 0.0, math.log(4.0)]]))
    torch.testing.assert_close(q.mean, torch.tensor([[1.0, 2.0]]))
    torch.testing.assert_close(q.variance, torch.tensor([[1.0, 4.0]]))


# Point mass


@pytest.mark.parametrize("latent", LATENTS)
def test_point_mass_has_no_finite_rate(latent):
    q, p = draw("delta", latent), prior("delta", latent)
    assert not PointMass.has_rate
    assert not PointMass.has_density
    assert kl_divergence(q, p).isinf().all()
    assert kl_per_dim(q, p).isinf().all()


def test_point_mass_is_where_the_encoder_says():
    params = random_params("delta", (3,))
    q = PointMass.from_params(params)
    assert torch.equal(q.rsample((5,)), params.expand(5, 4, 3))
    assert torch.equal(q.mean, params)
    assert torch.equal(q.variance, torch.zeros_like(params))
    assert torch.equal(q.scaled(3.0).sample(), params)
