from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Independent, Normal, kl_divergence

from tests.samples import LATENTS
from vae_core.config import POSTERIORS
from vae_core.posteriors import DiagonalGaussian, PointMass, Posterior, kl_per_dim
from vae_core.posteriors.diagonal import LOGVAR_MAX, LOGVAR_MIN

WITH_RATE = [name for name, family in POSTERIORS.items() if family.has_rate]


def draw(name: str, latent: tuple[int, ...], n: int = 4, seed: int = 0) -> Posterior:
    """q(z|x) of a family for n images, with random parameters in float64."""
    family = POSTERIORS[name]
    shape = (n, *latent[:-1], family.n_params(latent[-1]))
    generator = torch.Generator().manual_seed(seed)
    return family.from_params(torch.randn(shape, generator=generator, dtype=torch.float64))


def prior(name: str, latent: tuple[int, ...]):
    return POSTERIORS[name].prior(latent, torch.zeros((), dtype=torch.float64))


def gaussian(mu: float, sigma: float) -> DiagonalGaussian:
    params = torch.tensor([[mu, 2 * math.log(sigma)]], dtype=torch.float64)
    return DiagonalGaussian.from_params(params)


@pytest.mark.parametrize("name", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
def test_batch_is_the_images_and_event_is_the_latent(name, latent):
    q, p = draw(name, latent), prior(name, latent)
    assert (q.batch_shape, q.event_shape) == ((4,), latent)
    assert (p.batch_shape, p.event_shape) == ((), latent)
    assert q.mean.shape == q.variance.shape == (4, *latent)
    assert q.rsample().shape == (4, *latent)
    assert q.rsample((5, 2)).shape == (5, 2, 4, *latent)
    assert p.sample((5,)).shape == (5, *latent)
    assert q.marginals().batch_shape == (4, *latent)
    assert q.marginals().event_shape == ()
    assert kl_divergence(q, p).shape == (4,)
    assert kl_per_dim(q, p).shape == (4, *latent)


@pytest.mark.parametrize("name", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
def test_draws_have_the_mean_and_variance_they_claim(name, latent):
    q, n = draw(name, latent), 20_000
    z = q.sample((n,), torch.Generator().manual_seed(1))
    assert ((z.mean(0) - q.mean).abs() <= 5 * z.std(0) / math.sqrt(n) + 1e-12).all()
    error = (z - q.mean).square().std(0) / math.sqrt(n)
    assert ((z.var(0) - q.variance).abs() <= 5 * error + 1e-12).all()


@pytest.mark.parametrize("name", POSTERIORS)
def test_draws_follow_their_generator_only(name):
    q = draw(name, (3,))
    before = torch.random.get_rng_state()
    first = q.rsample((2,), torch.Generator().manual_seed(7))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first, q.rsample((2,), torch.Generator().manual_seed(7)))


@pytest.mark.parametrize("name", WITH_RATE)
def test_draws_differ_between_samples_and_seeds(name):
    q = draw(name, (3,))
    first, second = q.rsample((2,), torch.Generator().manual_seed(7))
    assert not torch.equal(first, second)
    assert not torch.equal(first, q.rsample((), torch.Generator().manual_seed(8)))


@pytest.mark.parametrize("name", POSTERIORS)
def test_sample_has_no_gradient_and_rsample_has(name):
    family = POSTERIORS[name]
    params = torch.randn(4, family.n_params(3), generator=torch.manual_seed(0))
    q = family.from_params(params.requires_grad_())
    assert not q.sample().requires_grad
    assert q.rsample().requires_grad


@pytest.mark.parametrize("name", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
def test_reparameterised_gradient_is_the_finite_difference(name, latent):
    family = POSTERIORS[name]
    shape = (2, *latent[:-1], family.n_params(latent[-1]))
    params = torch.randn(shape, dtype=torch.float64, generator=torch.manual_seed(0))

    def z(params: torch.Tensor) -> torch.Tensor:
        return family.from_params(params).rsample((2,), torch.Generator().manual_seed(3))

    assert torch.autograd.gradcheck(z, params.requires_grad_())


@pytest.mark.parametrize("name", WITH_RATE)
@pytest.mark.parametrize("latent", LATENTS)
def test_kl_gradient_is_the_finite_difference(name, latent):
    family, p = POSTERIORS[name], prior(name, latent)
    shape = (2, *latent[:-1], family.n_params(latent[-1]))
    params = torch.randn(shape, dtype=torch.float64, generator=torch.manual_seed(0))
    assert torch.autograd.gradcheck(
        lambda params: kl_divergence(family.from_params(params), p), params.requires_grad_()
    )


@pytest.mark.parametrize("name", WITH_RATE)
@pytest.mark.parametrize("latent", LATENTS)
def test_kl_matches_monte_carlo(name, latent):
    q, p, n = draw(name, latent), prior(name, latent), 50_000
    z = q.sample((n,), torch.Generator().manual_seed(1))
    log_ratio = q.log_prob(z) - p.log_prob(z)  # (n, 4)
    error = log_ratio.std(0) / math.sqrt(n)
    assert ((log_ratio.mean(0) - kl_divergence(q, p)).abs() < 5 * error).all()


@pytest.mark.parametrize("name", WITH_RATE)
def test_kl_does_not_depend_on_the_order_of_sites(name):
    """Any flattening of the cells gives the same number: sites are independent given x."""
    latent = (2, 2, 3)
    params = torch.randn(4, 2, 2, POSTERIORS[name].n_params(3), generator=torch.manual_seed(0))
    q = POSTERIORS[name].from_params(params)
    shuffled = POSTERIORS[name].from_params(params.flip(1).transpose(1, 2))
    p = POSTERIORS[name].prior(latent, params)
    torch.testing.assert_close(kl_divergence(q, p), kl_divergence(shuffled, p))


@pytest.mark.parametrize("latent", LATENTS)
def test_diagonal_is_torchs_independent_normal(latent):
    q, p = draw("diagonal", latent), prior("diagonal", latent)
    ndim = len(latent)
    reference = Independent(Normal(q.mean, q.variance.sqrt()), ndim)
    standard = Independent(Normal(torch.zeros_like(q.mean[0]), 1.0), ndim)
    z = q.sample((7,))
    torch.testing.assert_close(q.log_prob(z), reference.log_prob(z))
    torch.testing.assert_close(p.log_prob(z), standard.log_prob(z))
    torch.testing.assert_close(kl_divergence(q, p), kl_divergence(reference, standard))
    torch.testing.assert_close(q.entropy(), reference.entropy())


@pytest.mark.parametrize("latent", LATENTS)
def test_diagonal_kl_per_number_adds_up(latent):
    q, p = draw("diagonal", latent), prior("diagonal", latent)
    parts = kl_per_dim(q, p)
    mu, variance = q.mean, q.variance
    torch.testing.assert_close(parts, 0.5 * (mu**2 + variance - variance.log() - 1))
    torch.testing.assert_close(parts.flatten(1).sum(1), kl_divergence(q, p))


@given(st.floats(-20, 20), st.floats(0.01, 50))
def test_diagonal_kl_is_never_negative(mu, sigma):
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
    eps = torch.randn(1, 2, generator=torch.Generator().manual_seed(5))
    z = q.rsample((), torch.Generator().manual_seed(5))
    torch.testing.assert_close(z, q.mean + (0.5 * params[:, 2:]).exp() * eps)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_absurd_log_variance_is_clamped_and_stays_finite(dtype):
    params = torch.tensor([[0.0, 0.0, -1e6, 1e6]], dtype=dtype)
    q = DiagonalGaussian.from_params(params)
    expected = torch.tensor([[LOGVAR_MIN, LOGVAR_MAX]], dtype=dtype)
    torch.testing.assert_close(q.variance.log(), expected)
    p = DiagonalGaussian.prior((2,), params)
    z = q.rsample()
    for value in (z, q.log_prob(z), kl_divergence(q, p)):
        assert value.isfinite().all()
        assert value.dtype == dtype


def test_point_mass_has_no_finite_rate():
    q, p = draw("delta", (2, 2, 3)), prior("delta", (2, 2, 3))
    assert not PointMass.has_rate
    assert kl_divergence(q, p).isinf().all()
    assert kl_per_dim(q, p).isinf().all()


def test_point_mass_is_where_the_encoder_says():
    params = torch.randn(4, 3, generator=torch.manual_seed(0))
    q = PointMass.from_params(params)
    assert torch.equal(q.rsample((5,)), params.expand(5, 4, 3))
    assert torch.equal(q.mean, params)
    assert torch.equal(q.variance, torch.zeros(4, 3))


@pytest.mark.parametrize("name", POSTERIORS)
def test_numbers_per_site(name):
    expected = {"diagonal": 10, "delta": 5}
    assert POSTERIORS[name].n_params(5) == expected.get(name, POSTERIORS[name].n_params(5))
    assert POSTERIORS[name].title
