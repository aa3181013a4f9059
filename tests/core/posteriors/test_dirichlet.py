"""Codes that are proportions, beside torch's Dirichlet and written-out formulas."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor
from torch import distributions as td
from torch.distributions import Independent, kl_divergence

from tests.core.posteriors.families import draw, kl_rest, prior, random_params
from tests.samples import LATENTS, assert_mean_is, seeded
from vae_core import ConfigError, ModelConfig
from vae_core.posteriors import Dirichlet, Posterior, kl_per_dim, stick_breaking_kl
from vae_core.posteriors.dirichlet import ALPHA_MIN

ALPHAS = ([0.3, 1.0, 2.5], [5.0, 0.7, 1.0], [20.0, 30.0, 10.0])
latents = pytest.mark.parametrize("latent", LATENTS)
alphas = pytest.mark.parametrize("alpha", ALPHAS, ids=str)


def dirichlet(*rows: list[float]) -> Dirichlet:
    """q(z|x) of as many images, with these concentrations."""
    return Dirichlet(torch.tensor(rows, dtype=torch.float64), 1)


def uniform(channels: int) -> Dirichlet:
    """The prior over one site."""
    return prior("dirichlet", (channels,))


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def three(latent: tuple[int, ...]) -> tuple[Posterior, Posterior, Posterior]:
    """Posteriors of four images, the prior, and another image's posterior."""
    name = "dirichlet"
    return draw(name, latent), prior(name, latent), draw(name, latent, 1, 5)


# Against torch and the formulas


@latents
def test_dirichlet_is_torchs(latent):
    q, p, other = three(latent)
    ours, standard, others = (
        Independent(td.Dirichlet(d.concentration), len(latent) - 1) for d in (q, p, other)
    )
    z = q.sample((7,))
    torch.testing.assert_close(q.log_prob(z), ours.log_prob(z))
    torch.testing.assert_close(p.log_prob(z), standard.log_prob(z))
    torch.testing.assert_close(q.mean, ours.mean)
    torch.testing.assert_close(q.variance, ours.variance)
    torch.testing.assert_close(kl_divergence(q, p), kl_divergence(ours, standard))
    torch.testing.assert_close(kl_divergence(q, other), kl_divergence(ours, others))


def written_out_kl(a: Tensor, b: Tensor) -> Tensor:
    """lnG(a0) - sum lnG(a) - lnG(b0) + sum lnG(b) + sum (a - b)(psi(a) - psi(a0))."""
    a0, b0 = a.sum(-1, keepdim=True), b.sum(-1, keepdim=True)
    constants = a0.lgamma()[..., 0] - a.lgamma().sum(-1) - b0.lgamma()[..., 0] + b.lgamma().sum(-1)
    return constants + ((a - b) * (a.digamma() - a0.digamma())).sum(-1)


@latents
def test_kl_is_the_written_formula(latent):
    q, p, other = three(latent)
    for d in (p, other):
        by_site = written_out_kl(q.concentration, d.concentration).reshape(4, -1)
        torch.testing.assert_close(kl_divergence(q, d), by_site.sum(1))


def test_concentrations_are_softplus_above_a_floor():
    params = column(-1e6, -2.0, 0.0, 3.0)[None]
    q = Dirichlet.from_params(params)
    expected = ALPHA_MIN + params.exp().log1p()
    torch.testing.assert_close(q.concentration, expected)
    assert q.concentration[0, 0].item() == ALPHA_MIN


def test_prior_is_uniform_on_the_simplex():
    """Its density is one over the volume, 1 / (C - 1)!, everywhere."""
    p = uniform(4)
    z = p.sample((5,), seeded(0))
    expected = torch.full((5,), math.log(math.factorial(3)), dtype=torch.float64)
    torch.testing.assert_close(p.log_prob(z), expected)


@latents
def test_draws_are_proportions(latent):
    z = draw("dirichlet", latent).sample((100,), seeded(0))
    assert z.min() > 0
    torch.testing.assert_close(z.sum(-1), torch.ones_like(z[..., 0]))


@alphas
def test_every_number_is_beta_distributed(alpha):
    """Kolmogorov and Smirnov have no objection."""
    q = dirichlet(alpha)
    z = q.sample((5000,), seeded(0))[:, 0]
    for j, a in enumerate(alpha):
        test = stats.kstest(z[:, j].numpy(), stats.beta(a, sum(alpha) - a).cdf)
        assert test.pvalue > 1e-4
        wrong = stats.kstest(z[:, j].numpy(), stats.beta(1.5 * a, sum(alpha) - a).cdf)
        assert wrong.pvalue < 1e-6


# Gradients of draws


@pytest.mark.parametrize("shape", [(), (5,)])
def test_draws_and_their_gradient_are_torchs(shape):
    """The same seed gives torch's own draw, and the gradient flows as through torch's."""
    alphas = [draw("dirichlet", (2, 2, 3)).concentration.requires_grad_() for _ in range(2)]
    state = torch.random.get_rng_state()
    torch.manual_seed(3)
    expected = td.Dirichlet(alphas[0]).rsample(shape)
    torch.random.set_rng_state(state)
    z = Dirichlet(alphas[1], 3).rsample(shape, seeded(3))
    assert torch.equal(z, expected)
    weights = torch.randn(z.shape, generator=seeded(1), dtype=torch.float64)
    first, second = (
        torch.autograd.grad((weights * draws).sum(), alpha)[0]
        for draws, alpha in zip((expected, z), alphas, strict=True)
    )
    torch.testing.assert_close(second, first)
    assert (second != 0).all()


def gradients_of_draws(alpha: list[float], of: object) -> Tensor:
    """d of(z) / d alpha for 40 000 draws, one row each."""
    rows = torch.tensor(alpha, dtype=torch.float64).repeat(40_000, 1).requires_grad_()
    z = Dirichlet(rows, 1).rsample((), seeded(1))
    (gradient,) = torch.autograd.grad(of(z).sum(), rows)
    return gradient


@alphas
@pytest.mark.parametrize("j", [0, 2])
def test_gradient_of_an_expected_square_is_right_on_average(alpha, j):
    """E z_j^2 = a_j (a_j + 1) / (a_0 (a_0 + 1))."""
    a = torch.tensor(alpha, dtype=torch.float64, requires_grad=True)
    expected = a[j] * (a[j] + 1) / (a.sum() * (a.sum() + 1))
    (expected,) = torch.autograd.grad(expected, a)
    assert_mean_is(expected, gradients_of_draws(alpha, lambda z: z[:, j].square()))


@alphas
@pytest.mark.parametrize("j", [0, 2])
def test_gradient_of_an_expected_logarithm_is_right_on_average(alpha, j):
    """E log z_j = psi(a_j) - psi(a_0)."""
    a = torch.tensor(alpha, dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(a[j].digamma() - a.sum().digamma(), a)
    assert_mean_is(expected, gradients_of_draws(alpha, lambda z: z[:, j].log()))


def test_gradient_keeps_the_sum_of_a_draw_at_one():
    """A function of the sum has no gradient: whatever alpha does, the sum stays."""
    gradient = gradients_of_draws([0.3, 1.0, 2.5], lambda z: z.sum(-1).square())
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("channels", [2, 20])
def test_the_smallest_concentrations_stay_finite(dtype, channels):
    """Every number at the floor: draws are corners of the simplex, and still have gradients."""
    params = torch.full((1000, channels), -1e6, dtype=dtype, requires_grad=True)
    q, p = Dirichlet.from_params(params), prior("dirichlet", (channels,))
    assert (q.concentration == ALPHA_MIN).all()
    rate = kl_divergence(q, Dirichlet.prior((channels,), params))
    assert rate[0].item() == pytest.approx(
        kl_divergence(dirichlet([ALPHA_MIN] * channels), p).item(), rel=1e-5
    )
    alpha = q.concentration.detach().requires_grad_()
    floor = Dirichlet(alpha, 1)
    z = floor.rsample((), seeded(0))
    for value in (z, z.log(), floor.log_prob(z), floor.log_prob(z.detach()), rate):
        assert value.isfinite().all()
    for value in (z.square().sum(), z.log().sum(), floor.log_prob(z).sum()):
        (gradient,) = torch.autograd.grad(value, alpha, retain_graph=True)
        assert gradient.isfinite().all()


# Moments


@latents
def test_numbers_of_a_site_vary_against_each_other(latent):
    """They add up to one, so that the rows of their covariance add up to zero."""
    covariance = draw("dirichlet", latent).mean_covariance()
    torch.testing.assert_close(covariance.sum(-1), torch.zeros(latent, dtype=torch.float64))
    channels = range(latent[-1])
    assert all((covariance[..., i, j] < 0).all() for i in channels for j in channels if i != j)


@latents
def test_mean_covariance_is_the_mean_of_each_images(latent):
    params = random_params("dirichlet", latent)
    each = [Dirichlet.from_params(row[None]).mean_covariance() for row in params]
    many = Dirichlet.from_params(params).mean_covariance()
    torch.testing.assert_close(many, torch.stack(each).mean(0))


@pytest.mark.parametrize("factor", [1.2, 2.0])
def test_scaled_multiplies_the_variance_by_about_the_square(factor):
    """By factor^2 (a_0 + 1) / (a_0 + factor^2): a little less, and a simplex has an end."""
    q = dirichlet(*ALPHAS)
    wide, total = q.scaled(factor), q.concentration.sum(-1, keepdim=True)
    torch.testing.assert_close(wide.mean, q.mean)
    expected = factor**2 * (total + 1) / (total + factor**2)
    torch.testing.assert_close(wide.variance / q.variance, expected.expand(3, 3))
    assert expected[2].item() == pytest.approx(factor**2, rel=0.06)  # concentrated
    floor = dirichlet([ALPHA_MIN, 1.0]).scaled(factor)
    assert floor.concentration.min().item() == ALPHA_MIN


# Bars


@latents
def test_sticks_add_up_to_the_kl(latent):
    q, p = draw("dirichlet", latent), prior("dirichlet", latent)
    parts = stick_breaking_kl(q, p)
    assert parts.shape == (4, *latent[:-1], latent[-1] - 1)
    assert parts.min() >= 0
    torch.testing.assert_close(parts.flatten(1).sum(1), kl_divergence(q, p))


def test_sticks_depend_on_the_order_and_their_sum_does_not():
    forward, backward = dirichlet([0.5, 2.0, 4.0]), dirichlet([4.0, 2.0, 0.5])
    first, second = (stick_breaking_kl(q, uniform(3))[0] for q in (forward, backward))
    torch.testing.assert_close(first.sum(), second.sum())
    gaps = [(first - other).abs().max() for other in (second, second.flip(0))]
    assert min(gaps) > 0.1


def test_first_stick_is_the_first_number_alone():
    q, p = draw("dirichlet", (5,)), uniform(5)
    torch.testing.assert_close(stick_breaking_kl(q, p)[:, 0], kl_per_dim(q, p)[:, 0])


def test_sticks_are_shares_of_what_is_left():
    """v_2 = z_2 / (1 - z_1) is a Beta whose KL is the second part, independent of v_1."""
    q, p = dirichlet([0.5, 2.0, 4.0]), uniform(3)
    z = q.sample((20_000,), seeded(0))[:, 0]
    v1, v2 = z[:, 0], z[:, 1] / (1 - z[:, 0])
    ours, theirs = td.Beta(*column(2.0, 4.0)), td.Beta(*column(1.0, 1.0))
    part = stick_breaking_kl(q, p)[0, 1]
    assert_mean_is(part, ours.log_prob(v2) - theirs.log_prob(v2))
    assert_mean_is(column(0.0)[0], (v1 - v1.mean()) * (v2 - v2.mean()))


def test_marginals_do_not_add_up():
    """More than the whole, or less: bars of single numbers are no parts of the rate."""
    q, p = dirichlet([0.5, 2.0, 4.0], [1.0, 1.0, 0.05]), uniform(3)
    rest = kl_rest(q, p)
    assert rest[0].item() < -0.5
    assert not Dirichlet.is_additive
    torch.testing.assert_close(kl_per_dim(q, p).sum(1) + rest, kl_divergence(q, p))


@given(st.floats(0.05, 50), st.floats(0.05, 50))
def test_two_proportions_say_the_same_thing_twice(a, b):
    """z_2 = 1 - z_1: each bar is the whole rate."""
    q, p = dirichlet([a, b]), uniform(2)
    rate = kl_divergence(q, p)
    torch.testing.assert_close(kl_per_dim(q, p), rate[:, None].expand(1, 2))
    torch.testing.assert_close(kl_rest(q, p), -rate)
    torch.testing.assert_close(stick_breaking_kl(q, p), rate[:, None])


@given(st.lists(st.floats(0.05, 50), min_size=2, max_size=6))
def test_kl_is_never_negative_and_zero_for_the_uniform_only(alpha):
    rate = kl_divergence(dirichlet(alpha), uniform(len(alpha))).item()
    assert rate >= -1e-12
    if max(abs(a - 1) for a in alpha) > 1e-3:
        assert rate > 0


# Traversals


def test_moving_a_number_keeps_the_others_in_proportion():
    z, values = column(0.1, 0.3, 0.6), column(0.0, 0.4, 1.0)
    moved = Dirichlet.move(z, 2, values)
    expected = torch.tensor([[0.25, 0.75, 0.0], [0.15, 0.45, 0.4], [0.0, 0.0, 1.0]])
    torch.testing.assert_close(moved, expected.double())


@latents
def test_moving_a_number_stays_on_the_simplex(latent):
    z = prior("dirichlet", latent).sample((), seeded(0))
    values = column(0.0, 1e-12, 0.3, 1.0)
    for index in range(z.numel()):
        moved = Dirichlet.move(z, index, values)
        assert moved.min() >= 0
        torch.testing.assert_close(moved.sum(-1), torch.ones(4, *latent[:-1], dtype=torch.float64))
        assert torch.equal(moved.flatten(1)[:, index], values)


def test_a_number_that_has_everything_gives_evenly():
    moved = Dirichlet.move(column(0.0, 1.0, 0.0), 1, column(1.0, 0.5, 0.0))
    expected = torch.tensor([[0.0, 1.0, 0.0], [0.25, 0.5, 0.25], [0.5, 0.0, 0.5]])
    torch.testing.assert_close(moved, expected.double())


# How many numbers


def test_one_proportion_is_refused():
    """It would always be 1."""
    for latent in ((1,), (4, 4, 1)):
        with pytest.raises(ConfigError, match=r"at least 2 channels, .* got 1\. Choose a"):
            ModelConfig(latent_shape=latent, posterior="dirichlet")
    assert Dirichlet.n_params(2) == 2
    assert Dirichlet.n_params(4096) == 4096


@pytest.mark.parametrize("name", ["_sample_dirichlet", "_dirichlet_grad"])
def test_a_torch_without_its_own_dirichlet_is_one_sentence(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alpha = torch.ones(2, 3, requires_grad=True)
    monkeypatch.delattr(torch, name)
    with pytest.raises(ConfigError, match=f"drawn with torch.{name}, which torch .* choose ano"):
        Dirichlet(alpha, 1).rsample((), seeded()).sum().backward()
