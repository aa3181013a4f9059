"""Gaussians with correlations, in both parametrisations, beside torch's MultivariateNormal."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import (
    CorrCholeskyTransform,
    Distribution,
    Independent,
    MultivariateNormal,
    Normal,
    kl_divergence,
)

from tests.core.posteriors.families import draw, kl_rest, prior, random_params
from tests.samples import LATENTS, seeded
from vae_core import ConfigError, ModelConfig
from vae_core.config import POSTERIORS
from vae_core.posteriors import DiagonalGaussian, kl_per_dim
from vae_core.posteriors.diagonal import LOGVAR_MAX, LOGVAR_MIN
from vae_core.posteriors.full import (
    MAX_PARAMS,
    CholeskyGaussian,
    FullCorrelationGaussian,
    FullGaussian,
)

FULL = [name for name, family in POSTERIORS.items() if issubclass(family, CholeskyGaussian)]
both = pytest.mark.parametrize("name", FULL)
latents = pytest.mark.parametrize("latent", LATENTS)


def reference(loc: Tensor, covariance: Tensor) -> Distribution:
    """torch's N(loc, covariance) at every site, the sites independent."""
    normal = MultivariateNormal(loc, covariance)
    return Independent(normal, len(normal.batch_shape) - 1)


def covariance_of(q: CholeskyGaussian) -> Tensor:
    """Sigma of every image and site."""
    return q.scale_tril @ q.scale_tril.mT


def correlation_of(q: CholeskyGaussian) -> Tensor:
    """Omega of every image and site."""
    covariance = covariance_of(q)
    sigma = covariance.diagonal(dim1=-2, dim2=-1).sqrt()
    return covariance / (sigma[..., None] * sigma[..., None, :])


def as_correlation(q: CholeskyGaussian) -> Tensor:
    """Parameters with which the other family is the same Gaussian."""
    sigma = covariance_of(q).diagonal(dim1=-2, dim2=-1).sqrt()
    below = CorrCholeskyTransform().inv(q.scale_tril / sigma[..., None])
    return torch.cat([q.mean, 2 * sigma.log(), below], dim=-1)


def test_both_parametrisations_are_among_those_tested():
    assert {"full", "full-correlation"} <= set(FULL)


# Against torch


@both
@latents
def test_full_is_torchs_multivariate_normal(name, latent):
    q, p = draw(name, latent), prior(name, latent)
    ours = reference(q.loc, covariance_of(q))
    z = q.sample((7,))
    torch.testing.assert_close(q.log_prob(z), ours.log_prob(z))
    torch.testing.assert_close(q.mean, ours.mean)
    torch.testing.assert_close(q.variance, ours.variance)
    eye = torch.eye(latent[-1], dtype=torch.float64).expand(*latent, -1)
    standard = reference(torch.zeros(1, *latent, dtype=torch.float64), eye[None])
    torch.testing.assert_close(kl_divergence(q, p), kl_divergence(ours, standard))


@both
@latents
def test_kl_to_any_diagonal_gaussian_is_torchs(name, latent):
    q, p = draw(name, latent), draw("diagonal", latent, 1, 5)
    expected = kl_divergence(
        reference(q.loc, covariance_of(q)), reference(p.mean, torch.diag_embed(p.variance))
    )
    torch.testing.assert_close(kl_divergence(q, p), expected)


@both
@latents
def test_kl_is_the_written_formula(name, latent):
    """0.5 (||L||^2 + ||mu||^2 - d) - sum log L_ii, over all sites."""
    q, p = draw(name, latent), prior(name, latent)
    diagonal = q.scale_tril.diagonal(dim1=-2, dim2=-1).flatten(1)
    squares = q.scale_tril.flatten(1).square().sum(1) + q.mean.flatten(1).square().sum(1)
    expected = 0.5 * (squares - math.prod(latent)) - diagonal.log().sum(1)
    torch.testing.assert_close(kl_divergence(q, p), expected)


@both
@latents
def test_marginals_are_normals_with_the_diagonal_of_sigma(name, latent):
    q, p = draw(name, latent), prior(name, latent)
    sigma = covariance_of(q).diagonal(dim1=-2, dim2=-1).sqrt()
    expected = Normal(q.mean, sigma)
    z = q.sample((7,))
    torch.testing.assert_close(q.marginals().log_prob(z), expected.log_prob(z))
    standard = Normal(torch.zeros_like(sigma), 1.0)
    torch.testing.assert_close(kl_per_dim(q, p), kl_divergence(expected, standard))


@both
@latents
def test_mean_covariance_is_that_of_one_image_and_the_mean_of_many(name, latent):
    many, params = draw(name, latent), random_params(name, latent)
    each = [POSTERIORS[name].from_params(row[None]).mean_covariance() for row in params]
    torch.testing.assert_close(torch.stack(each), covariance_of(many))
    torch.testing.assert_close(many.mean_covariance(), torch.stack(each).mean(0))


@both
@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_scaled_is_torchs_normal_with_a_larger_sigma(name, factor):
    q = draw(name, (2, 2, 3))
    wide = q.scaled(factor)
    expected = reference(q.loc, factor**2 * covariance_of(q))
    z = wide.sample((7,))
    torch.testing.assert_close(wide.log_prob(z), expected.log_prob(z))
    p = prior(name, (2, 2, 3))
    torch.testing.assert_close(kl_rest(wide, p), kl_rest(q, p))  # correlations stay


# What the encoder's numbers mean


@both
@latents
def test_factor_is_lower_triangular_with_a_positive_diagonal(name, latent):
    q = draw(name, latent)
    diagonal = q.scale_tril.diagonal(dim1=-2, dim2=-1)
    assert torch.equal(q.scale_tril, q.scale_tril.tril())
    assert (diagonal > 0).all()
    torch.testing.assert_close(diagonal.log(), q.log_diagonal)
    assert (torch.linalg.eigvalsh(covariance_of(q)) > 0).all()


@both
def test_draw_is_the_mean_plus_factor_times_noise(name):
    q = draw(name, (2, 2, 3))
    eps = torch.randn(5, 4, 2, 2, 3, generator=seeded(5), dtype=torch.float64)
    expected = q.mean + torch.einsum("...ij,s...j->s...i", q.scale_tril, eps)
    torch.testing.assert_close(q.rsample((5,), seeded(5)), expected)


def test_full_reads_means_then_the_diagonal_then_rows_below_it():
    params = torch.tensor([[1.0, 2.0, 3.0, 0.0, math.log(2.0), math.log(3.0), 0.1, 0.2, 0.3]])
    q = FullGaussian.from_params(params)
    assert torch.equal(q.mean, torch.tensor([[1.0, 2.0, 3.0]]))
    expected = torch.tensor([[[1.0, 0.0, 0.0], [0.1, 2.0, 0.0], [0.2, 0.3, 3.0]]])
    torch.testing.assert_close(q.scale_tril, expected)


def test_full_correlation_reads_means_then_log_variances_then_correlations():
    params = torch.tensor([[1.0, 2.0, 0.0, math.log(4.0), 0.7]])
    q = FullCorrelationGaussian.from_params(params)
    assert torch.equal(q.mean, torch.tensor([[1.0, 2.0]]))
    torch.testing.assert_close(q.variance, torch.tensor([[1.0, 4.0]]))
    rho = math.tanh(0.7)
    expected = torch.tensor([[[1.0, 2 * rho], [2 * rho, 4.0]]])
    torch.testing.assert_close(covariance_of(q), expected)


def test_sigma_and_correlation_are_said_separately():
    """Log-variances set the marginals alone, the last numbers Omega alone."""
    params = random_params("full-correlation", (4,))
    scaled, turned = params.clone(), params.clone()
    scaled[:, 4:8] += 1.0
    turned[:, 8:] += 1.0
    q, scaled, turned = map(FullCorrelationGaussian.from_params, (params, scaled, turned))
    torch.testing.assert_close(q.variance, params[:, 4:8].exp())
    torch.testing.assert_close(correlation_of(scaled), correlation_of(q))
    torch.testing.assert_close(turned.variance, q.variance)
    assert not torch.allclose(correlation_of(turned), correlation_of(q), atol=0.1)


@latents
def test_same_gaussian_in_both_parametrisations_is_the_same(latent):
    q, p = draw("full", latent), prior("full", latent)
    other = FullCorrelationGaussian.from_params(as_correlation(q))
    z = q.sample((7,))
    torch.testing.assert_close(other.scale_tril, q.scale_tril)
    torch.testing.assert_close(other.log_prob(z), q.log_prob(z))
    torch.testing.assert_close(kl_divergence(other, p), kl_divergence(q, p))
    torch.testing.assert_close(kl_per_dim(other, p), kl_per_dim(q, p))
    torch.testing.assert_close(kl_rest(other, p), kl_rest(q, p))
    torch.testing.assert_close(other.rsample((), seeded(3)), q.rsample((), seeded(3)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_absurd_widths_are_clamped_as_those_of_a_diagonal_gaussian(dtype):
    for family in (FullGaussian, FullCorrelationGaussian):
        q = family.from_params(torch.tensor([[0.0, 0.0, -1e6, 1e6, 0.0]], dtype=dtype))
        expected = torch.tensor([[LOGVAR_MIN, LOGVAR_MAX]], dtype=dtype)
        torch.testing.assert_close(q.variance.log(), expected)


# The price of correlation


@both
@latents
def test_rest_is_the_price_of_correlation(name, latent):
    """-0.5 ln det Omega, summed over the sites, beside the bars of the marginals."""
    q, p = draw(name, latent), prior(name, latent)
    price = -0.5 * torch.linalg.slogdet(correlation_of(q)).logabsdet.reshape(4, -1).sum(1)
    torch.testing.assert_close(kl_rest(q, p), price)
    torch.testing.assert_close(kl_per_dim(q, p).flatten(1).sum(1) + price, kl_divergence(q, p))


@both
def test_rest_does_not_depend_on_means_and_widths(name):
    """Stretching every axis by a factor of its own leaves Omega as it is."""
    q, p = draw(name, (4,)), prior(name, (4,))
    stretch = torch.tensor([0.1, 2.0, 1.0, 5.0], dtype=torch.float64)
    other = FullGaussian(
        q.loc + 3.0, q.log_diagonal + stretch.log(), stretch[:, None] * q.scale_tril, 1
    )
    torch.testing.assert_close(kl_rest(other, p), kl_rest(q, p))


@given(st.floats(-0.99, 0.99))
def test_two_numbers_pay_half_the_log_of_one_minus_rho_squared(rho):
    """As much as the best Gaussian without correlation would be off."""
    below, price = math.atanh(rho), -0.5 * math.log1p(-(rho**2))
    params = torch.tensor([[0.0, 0.0, 0.0, 0.0, below]], dtype=torch.float64)
    q = FullCorrelationGaussian.from_params(params)
    p = prior("full-correlation", (2,))
    assert kl_divergence(q, p).item() == pytest.approx(price, abs=1e-12)
    assert kl_rest(q, p).item() == pytest.approx(price, abs=1e-12)
    assert kl_per_dim(q, p).abs().max().item() == pytest.approx(0.0, abs=1e-12)


@both
@latents
def test_without_correlation_it_is_the_diagonal_gaussian(name, latent):
    """Exactly: where an untrained encoder begins, no number below the diagonal is there."""
    family, params, c = POSTERIORS[name], random_params(name, latent), latent[-1]
    params[..., family.starts_at_zero(c)] = 0.0
    q = family.from_params(params)
    assert torch.equal(q.scale_tril, torch.diag_embed(q.scale_tril.diagonal(dim1=-2, dim2=-1)))
    logvar = 2 * q.scale_tril.diagonal(dim1=-2, dim2=-1).log()
    diagonal = DiagonalGaussian(q.loc, logvar, len(latent))
    p, z = prior(name, latent), q.sample((7,))
    torch.testing.assert_close(q.log_prob(z), diagonal.log_prob(z))
    torch.testing.assert_close(kl_divergence(q, p), kl_divergence(diagonal, p))
    torch.testing.assert_close(q.rsample((), seeded(3)), diagonal.rsample((), seeded(3)))


@both
@pytest.mark.parametrize("latent", [(1,), (2, 2, 1)])
def test_a_single_channel_has_nothing_to_correlate_with(name, latent):
    q, p = draw(name, latent), prior(name, latent)
    diagonal = DiagonalGaussian(q.loc, 2 * q.log_diagonal, len(latent))
    torch.testing.assert_close(kl_divergence(q, p), kl_divergence(diagonal, p))
    z = q.rsample((5,))
    torch.testing.assert_close(q.log_prob(z), diagonal.log_prob(z))


# How many numbers


@both
@pytest.mark.parametrize("channels", [1, 2, 3, 10, 126])
def test_as_many_numbers_as_mean_and_covariance_have(name, channels):
    family = POSTERIORS[name]
    expected = channels + channels * (channels + 1) // 2
    assert family.n_params(channels) == expected
    below = range(expected)[family.starts_at_zero(channels)]
    assert len(below) == channels * (channels - 1) // 2
    q = family.from_params(torch.zeros(1, expected))
    assert q.event_shape == (channels,)
    assert torch.equal(q.scale_tril[0], torch.eye(channels))


@both
@pytest.mark.parametrize("latent", [(127,), (2, 2, 127), (4096,)])
def test_too_many_channels_are_refused_with_the_arithmetic(name, latent):
    c = latent[-1]
    n = c * (c + 3) // 2
    words = rf"C = {c} channels takes C \(C \+ 3\) / 2 = {n} .* than {MAX_PARAMS}; at most 126 "
    with pytest.raises(ConfigError, match=words):
        POSTERIORS[name].n_params(c)
    if math.prod(latent) <= 4096:
        with pytest.raises(ConfigError, match=words):
            ModelConfig(latent_shape=latent, posterior=name)
    assert ModelConfig(latent_shape=(126,), posterior=name).latent_shape == (126,)
    assert ModelConfig(latent_shape=latent, posterior="diagonal").latent_shape == latent
