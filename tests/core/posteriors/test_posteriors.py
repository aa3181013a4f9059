"""Claims about every family of q(z|x); those with a file of their own have more there."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.distributions import constraints, kl_divergence

from tests.core.posteriors.families import (
    AT_PRIOR,
    WITH_DENSITY,
    WITH_OWN_PRIOR,
    WITH_RATE,
    draw,
    prior,
    random_params,
)
from tests.samples import LATENTS, assert_mean_is, seeded
from vae_core.config import POSTERIORS
from vae_core.posteriors import kl_per_dim

# Draws of these are no smooth function of the parameters while the seed stays, and why.
# Their gradient is right on average: see the test of expected squares.
NOT_SMOOTH = {"dirichlet": "draws by rejection, and another alpha may reject another proposal"}
SMOOTH = [name for name in POSTERIORS if name not in NOT_SMOOTH]


# Shapes, draws and precision


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("n", [4, 1, 0])
def test_batch_is_the_images_and_event_is_the_latent(name, latent, n):
    q, p = draw(name, latent, n), prior(name, latent)
    assert (q.batch_shape, q.event_shape) == ((n,), latent)
    assert (p.batch_shape, p.event_shape) == ((), latent)
    assert q.mean.shape == q.variance.shape == (n, *latent)
    assert q.rsample().shape == (n, *latent)
    assert q.rsample((5, 2)).shape == (5, 2, n, *latent)
    assert p.sample((5,)).shape == (5, *latent)
    assert q.marginals().batch_shape == (n, *latent)
    assert q.marginals().event_shape == ()
    assert q.mean_covariance().shape == (*latent, latent[-1])
    assert kl_divergence(q, p).shape == (n,)
    assert kl_per_dim(q, p).shape == (n, *latent)
    if q.has_density:
        assert q.log_prob(q.sample((5, 2))).shape == (5, 2, n)


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
@pytest.mark.parametrize("latent", LATENTS)
def test_draws_have_the_mean_and_variance_they_claim(name, latent):
    for d in (draw(name, latent), prior(name, latent)):
        z = d.sample((20_000,), seeded(1))
        assert_mean_is(d.mean, z)
        assert_mean_is(d.variance, (z - d.mean).square())


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("n", [1, 4])
def test_mean_covariance_is_that_of_the_draws_at_every_site(name, latent, n):
    q = draw(name, latent, n)
    centred = q.sample((20_000,), seeded(1)) - q.mean  # (draws, n, *sites, C)
    covariance = q.mean_covariance()
    assert_mean_is(covariance, (centred[..., None] * centred[..., None, :]).mean(1))
    torch.testing.assert_close(covariance, covariance.mT)
    torch.testing.assert_close(covariance.diagonal(dim1=-2, dim2=-1), q.variance.mean(0))


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
@pytest.mark.parametrize("latent", LATENTS)
def test_marginals_have_the_mean_and_variance_of_the_whole(name, latent):
    for d in (draw(name, latent), prior(name, latent)):
        torch.testing.assert_close(d.marginals().mean, d.mean)
        torch.testing.assert_close(d.marginals().variance, d.variance)


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
def test_draws_follow_their_generator_only(name):
    q = draw(name, (3,))
    before = torch.random.get_rng_state()
    first = q.rsample((2,), seeded(7))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first, q.rsample((2,), seeded(7)))
    assert torch.equal(first, q.sample((2,), seeded(7)))


@pytest.mark.parametrize("name", WITH_RATE)
def test_draws_differ_between_samples_and_seeds(name):
    q = draw(name, (3,))
    first, second = q.rsample((2,), seeded(7))
    assert not torch.equal(first, second)
    assert not torch.equal(first, q.rsample((), seeded(8)))


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_is_the_encoders(name, latent, dtype):
    q = POSTERIORS[name].from_params(random_params(name, latent, dtype=dtype))
    p = POSTERIORS[name].prior(latent, torch.zeros((), dtype=dtype))
    z = q.rsample((2,))
    values = [z, q.mean, q.variance, q.mean_covariance(), p.sample(), q.scaled(1.5).sample()]
    values += [kl_divergence(q, p), kl_per_dim(q, p), q.move(z[0, 0], 0, torch.zeros(2).to(dtype))]
    if q.has_density:
        values += [q.log_prob(z), p.log_prob(z)]
    assert {value.dtype for value in values} == {dtype}


@pytest.mark.parametrize("name", WITH_RATE)
@pytest.mark.parametrize("latent", LATENTS)
def test_single_precision_is_enough_for_the_rate(name, latent):
    params, p = random_params(name, latent), prior(name, latent)
    single = POSTERIORS[name].prior(latent, torch.zeros(()))
    torch.testing.assert_close(
        kl_divergence(POSTERIORS[name].from_params(params.float()), single).double(),
        kl_divergence(POSTERIORS[name].from_params(params), p),
        rtol=1e-5,
        atol=1e-5,
    )


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("absurd", [-1e6, 1e6])
def test_one_absurd_number_leaves_everything_finite(name, dtype, absurd):
    """Each of an encoder's numbers in turn: draws, densities, rates and their gradients."""
    family = POSTERIORS[name]
    n_params = family.n_params(3)
    params = random_params(name, (3,), n_params, dtype=dtype)
    params = params.fill_diagonal_(absurd).requires_grad_()  # image i has number i absurd
    q, p = family.from_params(params), family.prior((3,), params)
    z = q.rsample((200,), seeded(3))
    values = [z, q.mean, q.variance]
    if family.has_rate:
        values += [kl_divergence(q, p), kl_per_dim(q, p)]
    if family.has_density:
        values += [q.log_prob(z), p.log_prob(z)]
    for value in values:
        assert value.isfinite().all()
        if value.requires_grad:
            (gradient,) = torch.autograd.grad(value.sum(), params, retain_graph=True)
            assert gradient.isfinite().all()


# Gradients of draws


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
def test_sample_has_no_gradient_and_rsample_has(name):
    q = POSTERIORS[name].from_params(random_params(name, (3,)).requires_grad_())
    assert not q.sample().requires_grad
    assert q.rsample().requires_grad


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("latent", LATENTS)
def test_reparameterised_gradient_is_the_finite_difference(name, latent):
    def z(params: Tensor) -> Tensor:
        return POSTERIORS[name].from_params(params).rsample((2,), seeded(3))

    assert torch.autograd.gradcheck(z, random_params(name, latent, 2).requires_grad_())


def test_only_families_of_the_registry_are_excused():
    assert NOT_SMOOTH.keys() <= POSTERIORS.keys()
    assert AT_PRIOR.keys() <= POSTERIORS.keys()


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
@pytest.mark.parametrize("j", [0, 2])
def test_gradient_of_draws_is_that_of_their_expected_square(name, j):
    """E z_j^2 = mean_j^2 + variance_j has a derivative that gradients of draws must average to."""
    family, params, n = POSTERIORS[name], random_params(name, (3,), 1), 20_000
    rows = params.expand(n, -1).clone().requires_grad_()  # a row of its own for every draw
    z = family.from_params(rows).rsample((), seeded(1))
    (draws,) = torch.autograd.grad(z[:, j].square().sum(), rows)
    q = family.from_params(params.requires_grad_())
    second_moment = (q.mean.square() + q.variance)[0, j]
    (expected,) = torch.autograd.grad(second_moment, params)
    assert_mean_is(expected[0], draws)


# Proposals and traversals


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
@pytest.mark.parametrize("latent", LATENTS)
def test_scaled_keeps_the_mean_and_is_wider(name, latent):
    q = draw(name, latent)
    wide = q.scaled(1.2)
    assert (wide.batch_shape, wide.event_shape) == (q.batch_shape, q.event_shape)
    torch.testing.assert_close(wide.mean, q.mean)
    torch.testing.assert_close(q.scaled(1.0).variance, q.variance)
    if q.has_density:
        assert (wide.variance > q.variance).all()


@pytest.mark.parametrize("name", WITH_DENSITY)
@pytest.mark.parametrize("latent", LATENTS)
def test_weights_of_a_scaled_proposal_average_to_one(name, latent):
    """E_w[q(z) / w(z)] = 1: its density is the one it draws from."""
    q = draw(name, latent)
    wide = q.scaled(1.2)
    z = wide.sample((20_000,), seeded(1))
    weights = (q.log_prob(z) - wide.log_prob(z)).exp()
    assert_mean_is(torch.ones(4, dtype=torch.float64), weights)
    assert (weights.std(0) > 0.01).all()


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
@pytest.mark.parametrize("latent", LATENTS)
def test_moving_a_number_leaves_the_other_sites_alone(name, latent):
    family, p = POSTERIORS[name], prior(name, latent)
    z = p.sample((), seeded(0))
    before, values = z.clone(), torch.tensor([0.1, 0.9, 0.4], dtype=torch.float64)
    for index in range(z.numel()):
        moved = family.move(z, index, values)
        assert moved.shape == (3, *latent)
        assert torch.equal(moved.flatten(1)[:, index], values)
        assert p.log_prob(moved).isfinite().all()
        site = index // latent[-1]
        others = torch.arange(z.numel()) // latent[-1] != site
        expected = z.flatten()[others].expand(3, -1)
        assert torch.equal(moved.flatten(1)[:, others], expected)
        if family.is_additive:
            assert (moved != z).flatten(1).sum(1).tolist() == [1, 1, 1]
    assert torch.equal(z, before)


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
@pytest.mark.parametrize("latent", LATENTS)
def test_moving_a_number_to_where_it_is_changes_nothing(name, latent):
    z = prior(name, latent).sample((), seeded(0))
    for index, value in enumerate(z.flatten()):
        moved = POSTERIORS[name].move(z, index, value[None])
        torch.testing.assert_close(moved[0], z)


# Words and counts


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
def test_family_says_in_words_and_formulas_what_it_is(name):
    family = POSTERIORS[name]
    assert all((family.title, family.prior_title, family.draw_tex, family.rate_tex))
    assert [other.title for other in POSTERIORS.values()].count(family.title) == 1
    assert family.low < family.high


@pytest.mark.parametrize(
    ("name", "channels", "expected"),
    [
        ("diagonal", 5, 10),
        ("laplace", 5, 10),
        ("delta", 5, 5),
        ("dirichlet", 5, 5),
        ("full", 5, 20),
        ("full", 10, 65),
        ("full-correlation", 10, 65),
    ],
)
def test_numbers_per_site(name, channels, expected):
    assert POSTERIORS[name].n_params(channels) == expected


# What is true of a whole family


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
def test_draws_of_the_prior_are_in_the_support(name):
    z = prior(name, (2, 3)).sample((200,), seeded(0))
    sums = z.sum(-1)
    assert POSTERIORS[name].support.check(z).all()
    if POSTERIORS[name].support is constraints.simplex:
        torch.testing.assert_close(sums, torch.ones_like(sums))
    else:
        assert POSTERIORS[name].support is constraints.real_vector
        assert (z < 0).any()
        assert sums.std() > 0.5


@pytest.mark.parametrize("name", WITH_OWN_PRIOR)
def test_a_rotation_changes_the_prior_unless_the_family_is_invariant(name):
    p = prior(name, (3,))
    z = p.sample((50,), seeded(0))
    turned = z @ torch.linalg.qr(torch.randn(3, 3, generator=seeded(1), dtype=z.dtype)).Q
    is_inside = POSTERIORS[name].support.check(turned).all()
    is_same = bool(is_inside) and torch.allclose(p.log_prob(turned), p.log_prob(z))
    assert is_same == POSTERIORS[name].is_rotation_invariant
