"""Claims about every family of q(z|x); those with a file of their own have more there."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch import distributions as td
from torch.distributions import Independent, Normal, kl_divergence

from tests.samples import LATENTS
from vae_core.config import POSTERIORS
from vae_core.posteriors import DiagonalGaussian, Laplace, PointMass, Posterior, kl_per_dim, kl_rest
from vae_core.posteriors.diagonal import LOGVAR_MAX, LOGVAR_MIN
from vae_core.posteriors.dirichlet import ALPHA_MIN

WITH_RATE = [name for name, family in POSTERIORS.items() if family.has_rate]
WITH_DENSITY = [name for name, family in POSTERIORS.items() if family.has_density]
ADDITIVE = [name for name in WITH_RATE if POSTERIORS[name].is_additive]

# Draws of these are no smooth function of the parameters while the seed stays, and why.
# Their gradient is right on average: see the test of expected squares.
NOT_SMOOTH = {"dirichlet": "draws by rejection, and another alpha may reject another proposal"}
SMOOTH = [name for name in POSTERIORS if name not in NOT_SMOOTH]

# What an encoder says of an image that it knows nothing about. Zeros but for these.
AT_PRIOR = {"dirichlet": math.log(math.expm1(1.0 - ALPHA_MIN))}


def random_params(
    name: str,
    latent: tuple[int, ...],
    n: int = 4,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """What an encoder might say about n images."""
    shape = (n, *latent[:-1], POSTERIORS[name].n_params(latent[-1]))
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def draw(name: str, latent: tuple[int, ...], n: int = 4, seed: int = 0) -> Posterior:
    """q(z|x) of a family for n images, with random parameters in float64."""
    return POSTERIORS[name].from_params(random_params(name, latent, n, seed))


def prior(name: str, latent: tuple[int, ...]) -> Posterior:
    return POSTERIORS[name].prior(latent, torch.zeros((), dtype=torch.float64))


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def assert_mean_is(expected: Tensor, draws: Tensor, slack: float = 1e-12) -> None:
    """The mean of independent draws is what was expected, within five standard errors.

    Slack is for what is so rare that the draws may hold none of it.
    """
    error = draws.std(0) / math.sqrt(len(draws))
    assert ((draws.mean(0) - expected).abs() <= 5 * error + slack).all()


def gaussian(mu: float, sigma: float) -> DiagonalGaussian:
    params = torch.tensor([[mu, 2 * math.log(sigma)]], dtype=torch.float64)
    return DiagonalGaussian.from_params(params)


# Shapes, draws and precision


@pytest.mark.parametrize("name", POSTERIORS)
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


@pytest.mark.parametrize("name", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
def test_draws_have_the_mean_and_variance_they_claim(name, latent):
    for d in (draw(name, latent), prior(name, latent)):
        z = d.sample((20_000,), seeded(1))
        assert_mean_is(d.mean, z)
        assert_mean_is(d.variance, (z - d.mean).square())


@pytest.mark.parametrize("name", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("n", [1, 4])
def test_mean_covariance_is_that_of_the_draws_at_every_site(name, latent, n):
    q = draw(name, latent, n)
    centred = q.sample((20_000,), seeded(1)) - q.mean  # (draws, n, *sites, C)
    covariance = q.mean_covariance()
    assert_mean_is(covariance, (centred[..., None] * centred[..., None, :]).mean(1))
    torch.testing.assert_close(covariance, covariance.mT)
    torch.testing.assert_close(covariance.diagonal(dim1=-2, dim2=-1), q.variance.mean(0))


@pytest.mark.parametrize("name", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
def test_marginals_have_the_mean_and_variance_of_the_whole(name, latent):
    for d in (draw(name, latent), prior(name, latent)):
        torch.testing.assert_close(d.marginals().mean, d.mean)
        torch.testing.assert_close(d.marginals().variance, d.variance)


@pytest.mark.parametrize("name", POSTERIORS)
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


@pytest.mark.parametrize("name", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_is_the_encoders(name, latent, dtype):
    q = POSTERIORS[name].from_params(random_params(name, latent, dtype=dtype))
    p = POSTERIORS[name].prior(latent, torch.zeros((), dtype=dtype))
    z = q.rsample((2,))
    values = [z, q.mean, q.variance, q.mean_covariance(), p.sample(), q.widened(1.5).sample()]
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


@pytest.mark.parametrize("name", POSTERIORS)
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


@pytest.mark.parametrize("name", POSTERIORS)
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


@pytest.mark.parametrize("name", POSTERIORS)
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


# KL(q || p)


@pytest.mark.parametrize("name", WITH_RATE)
@pytest.mark.parametrize("latent", LATENTS)
def test_kl_gradient_is_the_finite_difference(name, latent):
    family, p = POSTERIORS[name], prior(name, latent)
    assert torch.autograd.gradcheck(
        lambda params: kl_divergence(family.from_params(params), p),
        random_params(name, latent, 2).requires_grad_(),
    )


@pytest.mark.parametrize("name", WITH_RATE)
@pytest.mark.parametrize("latent", LATENTS)
def test_kl_matches_monte_carlo(name, latent):
    q, p = draw(name, latent), prior(name, latent)
    z = q.sample((50_000,), seeded(1))
    assert_mean_is(kl_divergence(q, p), q.log_prob(z) - p.log_prob(z))


@pytest.mark.parametrize("name", WITH_RATE)
@pytest.mark.parametrize("latent", LATENTS)
def test_kl_per_number_matches_monte_carlo(name, latent):
    """Draws of the whole, weighed by the marginals: these are marginals of this very q."""
    q, p = draw(name, latent), prior(name, latent)
    z = q.sample((20_000,), seeded(1))
    assert_mean_is(kl_per_dim(q, p), q.marginals().log_prob(z) - p.marginals().log_prob(z))


@pytest.mark.parametrize("name", WITH_RATE)
def test_kl_does_not_depend_on_the_order_of_sites(name):
    """Any flattening of the cells gives the same number: sites are independent given x."""
    params, p = random_params(name, (2, 2, 3)), prior(name, (2, 2, 3))
    q = POSTERIORS[name].from_params(params)
    shuffled = POSTERIORS[name].from_params(params.flip(1).transpose(1, 2))
    torch.testing.assert_close(kl_divergence(q, p), kl_divergence(shuffled, p))


@pytest.mark.parametrize("name", WITH_RATE)
def test_a_map_is_the_sum_over_its_sites(name):
    """KL and log-density of a feature map are those of its cells, added up."""
    params = random_params(name, (2, 2, 3))
    q, p = POSTERIORS[name].from_params(params), prior(name, (2, 2, 3))
    cells, cell = POSTERIORS[name].from_params(params.flatten(0, 2)), prior(name, (3,))
    z = q.sample((5,))
    by_cell = cells.log_prob(z.flatten(1, 3)).reshape(5, 4, 4).sum(2)
    torch.testing.assert_close(q.log_prob(z), by_cell)
    torch.testing.assert_close(p.log_prob(z), cell.log_prob(z).sum((2, 3)))
    by_cell = kl_divergence(cells, cell).reshape(4, 4).sum(1)
    torch.testing.assert_close(kl_divergence(q, p), by_cell)


@pytest.mark.parametrize("name", WITH_RATE)
@given(data=st.data())
def test_kl_is_never_negative(name, data):
    n_params = POSTERIORS[name].n_params(3)
    numbers = st.lists(st.floats(-8, 8), min_size=n_params, max_size=n_params)
    params = torch.tensor([data.draw(numbers)], dtype=torch.float64)
    q, p = POSTERIORS[name].from_params(params), prior(name, (3,))
    assert kl_divergence(q, p).item() >= -1e-12
    assert kl_per_dim(q, p).min().item() >= -1e-12


@pytest.mark.parametrize("name", WITH_RATE)
@pytest.mark.parametrize("latent", LATENTS)
def test_kl_is_zero_at_the_prior_and_nowhere_near_it(name, latent):
    """Every single number that moves away from the prior costs something, either way."""
    family, p = POSTERIORS[name], prior(name, latent)
    assert kl_divergence(p, p).item() == 0.0
    params = torch.full_like(random_params(name, latent, 1), AT_PRIOR.get(name, 0.0))
    at_prior = kl_divergence(family.from_params(params), p)
    torch.testing.assert_close(at_prior, torch.zeros_like(at_prior), rtol=0.0, atol=1e-12)
    nudges = torch.eye(params.numel(), dtype=torch.float64).reshape(-1, *params.shape[1:])
    for step in (-0.1, 1e-3, 0.1):
        assert (kl_divergence(family.from_params(params + step * nudges), p) > 1e-8).all()


@pytest.mark.parametrize("name", WITH_RATE)
def test_a_prior_first_asked_for_in_inference_mode_still_trains(name):
    latent = (2, 1, 7)  # one that no other test asks for
    params = random_params(name, latent).requires_grad_()
    with torch.inference_mode():
        POSTERIORS[name].prior(latent, params)
    q, p = POSTERIORS[name].from_params(params), POSTERIORS[name].prior(latent, params)
    terms = kl_divergence(q, p), kl_per_dim(q, p), p.log_prob(q.rsample())
    sum(term.sum() for term in terms).backward()
    assert params.grad is not None


# Marginals, and what they leave of the whole


@pytest.mark.parametrize("name", ADDITIVE)
@pytest.mark.parametrize("latent", LATENTS)
def test_marginals_and_rest_add_up_to_the_kl(name, latent):
    """Only a family that has a name for its rest has one; it is never a gain."""
    q, p = draw(name, latent), prior(name, latent)
    rest = kl_rest(q, p)
    torch.testing.assert_close(kl_per_dim(q, p).flatten(1).sum(1) + rest, kl_divergence(q, p))
    if q.rest_title is None:
        torch.testing.assert_close(rest, torch.zeros_like(rest), rtol=0.0, atol=1e-10)
    else:
        assert (rest > 1e-6).all()


@pytest.mark.parametrize("name", ADDITIVE)
@given(data=st.data())
def test_rest_is_never_negative(name, data):
    n_params = POSTERIORS[name].n_params(3)
    numbers = st.lists(st.floats(-4, 4), min_size=n_params, max_size=n_params)
    q = POSTERIORS[name].from_params(torch.tensor([data.draw(numbers)], dtype=torch.float64))
    assert kl_rest(q, prior(name, (3,))).item() >= -1e-9


@pytest.mark.parametrize("name", ADDITIVE)
@pytest.mark.parametrize("latent", LATENTS)
def test_an_untrained_encoder_says_nothing_of_dependence(name, latent):
    """With the numbers that begin at zero at zero, the marginals are all there is."""
    family, params = POSTERIORS[name], random_params(name, latent)
    begin = family.starts_at_zero(latent[-1])
    params[..., begin] = 0.0
    rest = kl_rest(family.from_params(params), prior(name, latent))
    torch.testing.assert_close(rest, torch.zeros_like(rest), rtol=0.0, atol=1e-10)
    assert (family.rest_title is None) == (params[..., begin].numel() == 0)


# Proposals and traversals


@pytest.mark.parametrize("name", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
def test_widened_keeps_the_mean_and_is_wider(name, latent):
    q = draw(name, latent)
    wide = q.widened(1.2)
    assert (wide.batch_shape, wide.event_shape) == (q.batch_shape, q.event_shape)
    torch.testing.assert_close(wide.mean, q.mean)
    torch.testing.assert_close(q.widened(1.0).variance, q.variance)
    if q.has_density:
        assert (wide.variance > q.variance).all()


@pytest.mark.parametrize("name", WITH_DENSITY)
@pytest.mark.parametrize("latent", LATENTS)
def test_weights_of_a_widened_proposal_average_to_one(name, latent):
    """E_w[q(z) / w(z)] = 1: its density is the one it draws from."""
    q = draw(name, latent)
    wide = q.widened(1.2)
    z = wide.sample((20_000,), seeded(1))
    weights = (q.log_prob(z) - wide.log_prob(z)).exp()
    assert_mean_is(torch.ones(4, dtype=torch.float64), weights)
    assert (weights.std(0) > 0.01).all()


@pytest.mark.parametrize("name", POSTERIORS)
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


@pytest.mark.parametrize("name", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
def test_moving_a_number_to_where_it_is_changes_nothing(name, latent):
    z = prior(name, latent).sample((), seeded(0))
    for index, value in enumerate(z.flatten()):
        moved = POSTERIORS[name].move(z, index, value[None])
        torch.testing.assert_close(moved[0], z)


# Words and counts


@pytest.mark.parametrize("name", POSTERIORS)
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
def test_widened_multiplies_every_standard_deviation(name, factor):
    q = draw(name, (2, 2, 3))
    wide = q.widened(factor)
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
    assert torch.equal(q.widened(3.0).sample(), params)
