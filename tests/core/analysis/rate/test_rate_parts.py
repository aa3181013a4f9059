"""The rate in parts: any width of posterior, errors that are errors, brackets that hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.core.analysis.rate.test_aggregate import gaussians, random_codes, seeded
from tests.core.posteriors.families import WITH_DENSITY
from vae_core.analysis import Codes, aggregate_posterior, elbo_surgery, rate_parts
from vae_core.analysis.estimates import Bracket, Estimate, mean_over_images, regressed, weighted_sum
from vae_core.analysis.rate.rate_parts import dim_kl


def channel(d: int, information: float, n: int, seed: int = 0) -> Codes:
    """mu ~ N(0, 1 - sigma^2) in each of d dimensions: q(z) of the population is N(0, I).

    So I(x; z) = -d ln sigma, and KL(q(z) || p), TC and the KL of every dimension are 0.
    """
    sigma = math.exp(-information / d)
    mu = math.sqrt(1 - sigma**2) * torch.randn(n, d, generator=seeded(seed))
    return gaussians(mu, sigma)


@pytest.mark.parametrize("sigma", [1e-2, 1e-4, math.exp(-12)])
def test_narrow_posteriors_are_weighed_as_exactly_as_wide_ones(sigma):
    """In float32, const + z mu / v - z^2 / 2v would lose (z / sigma)^2 / 10^7 nats."""
    codes = gaussians(torch.randn(500, 2, generator=seeded()), sigma)
    q = aggregate_posterior(codes)
    z, index = q.sample(200, seeded(1))
    mu, logvar = codes.params.double().chunk(2, -1)
    normal = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    pairs = normal.log_prob(z[:, None]).sum(-1)
    whole, _, own = q.log_probs(z, index)
    torch.testing.assert_close(whole, pairs.logsumexp(1) - math.log(500), atol=1e-4, rtol=0)
    torch.testing.assert_close(own, pairs[torch.arange(200), index], atol=1e-4, rtol=0)


@pytest.mark.parametrize("family", ["full", "full-correlation"])
def test_narrow_and_tilted_posteriors_too(family):
    codes = random_codes(family, (3,), 40)
    z, _ = aggregate_posterior(codes).sample(10, seeded())
    narrow = Codes(codes.params.clone(), codes.labels, family, (3,))
    narrow.params[:, 3:6] -= 9.0  # the diagonal of the covariance's root, in logarithms
    q = aggregate_posterior(narrow)
    expected = q.codes.posterior().log_prob(z[:, None]).logsumexp(1) - math.log(40)
    torch.testing.assert_close(q.log_prob(z), expected, rtol=1e-6, atol=1e-4)


def test_points_far_apart_are_told_apart_whatever_their_width():
    """A grid of N means is resolved: the low end is ln N, and the rest of the rate adds up."""
    mu = torch.linspace(-2, 2, 500)[:, None]
    for sigma in (1e-4, 1e-6):
        parts = rate_parts(gaussians(mu, sigma), 500)
        assert parts.mutual_information.low.value == pytest.approx(math.log(500), abs=1e-6)
        assert parts.saturated


@pytest.mark.parametrize("family", WITH_DENSITY)
def test_in_one_dimension_there_is_no_total_correlation(family):
    latent = (2,) if family == "dirichlet" else (1,)
    parts = rate_parts(random_codes(family, latent, 60), 300)
    if parts.total_correlation is None:
        assert family == "dirichlet"
        return
    assert parts.total_correlation.low == parts.total_correlation.high == Estimate(0.0, 0.0)
    assert parts.dimension_kl is not None
    assert parts.dimension_kl.high == parts.marginal_kl.high
    alone = dim_kl(random_codes(family, latent, 60), 0, 300)
    assert alone.high.value == pytest.approx(parts.marginal_kl.high.value)


@pytest.mark.parametrize("family", WITH_DENSITY)
def test_no_end_lies_beyond_what_is_known(family):
    """0 <= KL of the dimensions <= KL(q(z) || p), so I(x; z) <= mean KL less it."""
    parts = rate_parts(random_codes(family, (3,), 50), 400)
    known = parts.mutual_information
    assert known.low.value <= known.high.value + 1e-9
    assert known.high.value <= parts.mean_kl.value - parts.marginal_kl.low.value + 1e-9
    assert parts.marginal_kl.low.value >= 0.0
    if parts.dimension_kl is not None:
        assert parts.marginal_kl.low.value >= parts.dimension_kl.low.value >= 0.0
        assert parts.total_correlation is not None
        total = parts.total_correlation.high.value + parts.dimension_kl.high.value
        assert total == pytest.approx(parts.marginal_kl.high.value, abs=1e-9)
    assert known.low.value + parts.marginal_kl.high.value == pytest.approx(parts.mean_kl.value)


@pytest.mark.parametrize(("d", "information"), [(1, 3.0), (2, 4.0), (10, 4.0), (20, 5.0)])
def test_brackets_hold_the_population_of_a_known_channel(d, information):
    truth = {"mutual_information": information, "marginal_kl": 0.0}
    truth |= {"total_correlation": 0.0, "dimension_kl": 0.0}
    held = dict.fromkeys(truth, 0)
    for seed in range(10):
        parts = rate_parts(channel(d, information, 400, seed), 400, seed)
        assert not parts.saturated
        for name, value in truth.items():
            held[name] += getattr(parts, name).contains(value)
    assert min(held.values()) >= 9  # of 10, where 95 % are expected at least


def test_the_error_that_is_said_is_the_spread_of_repetitions():
    found = [rate_parts(channel(2, 3.0, 300, seed), 300, seed) for seed in range(40)]
    for end, name in (("low", "mutual_information"), ("high", "marginal_kl")):
        ends = [getattr(getattr(parts, name), end) for parts in found]
        spread = np.std([end.value for end in ends])
        said = np.mean([end.standard_error for end in ends])
        assert said == pytest.approx(spread, rel=0.4)


def test_more_images_narrow_the_bracket():
    few, many = (rate_parts(channel(2, 4.0, n), 1500) for n in (300, 3000))
    for name in ("mutual_information", "marginal_kl", "total_correlation"):
        wide, narrow = (getattr(parts, name) for parts in (few, many))
        assert narrow.high.value - narrow.low.value < 0.5 * (wide.high.value - wide.low.value)


def test_a_saturated_model_has_a_bracket_all_the_same():
    parts = elbo_surgery(gaussians(torch.randn(300, 20, generator=seeded()), 0.05), 300)
    assert parts["saturated"]
    assert parts["mutual_information_at_least"] == pytest.approx(math.log(300), abs=0.01)
    rest = parts["mean_kl"] - parts["dimension_kl_lower"]
    assert parts["mutual_information_at_most"] == pytest.approx(rest)


def test_the_series_says_what_the_parts_say():
    codes = random_codes("diagonal", (2,), 200)
    parts, series = rate_parts(codes, 300, 5), elbo_surgery(codes, 300, 5)
    assert series["mutual_information"] == parts.mutual_information.low.value
    assert series["mutual_information_upper"] == parts.mutual_information.high.value
    assert series["marginal_kl_lower"] == parts.marginal_kl.low.value
    assert parts.total_correlation is not None
    assert series["total_correlation_error"] == parts.total_correlation.high.standard_error


def test_draws_of_one_image_are_one_piece_of_evidence():
    values = torch.randn(400, generator=seeded())
    once = mean_over_images(values, torch.arange(400))
    repeated = mean_over_images(values.repeat(5), torch.arange(400).repeat(5))
    assert repeated.value == pytest.approx(once.value)
    assert repeated.standard_error == pytest.approx(once.standard_error)
    assert once.standard_error == pytest.approx(float(values.std()) / 20)


def test_what_is_known_of_a_control_is_no_noise_of_the_estimate():
    control = torch.randn(300, 2, generator=seeded()).double()
    values = 1.5 + control @ torch.tensor([2.0, -3.0]).double()
    steady, slopes = regressed(values, control)
    torch.testing.assert_close(steady, torch.full_like(values, 1.5))
    torch.testing.assert_close(slopes, torch.tensor([2.0, -3.0]).double())
    again, _ = regressed(values, torch.zeros_like(control))
    torch.testing.assert_close(again, values)


def test_estimates_are_combined_as_independent_ones():
    one, other = Estimate(3.0, 0.3), Estimate(1.0, 0.4)
    assert one - other == Estimate(2.0, 0.5)
    assert weighted_sum([0.5, 0.5], [one, other]) == Estimate(2.0, 0.25)
    assert one.at_most(2.0) == Estimate(2.0, 0.0)
    assert one.at_least_zero() == one
    assert Estimate(-0.1, 0.3).at_least_zero() == Estimate(0.0, 0.0)
    assert math.isnan(Estimate(math.nan, 0.1).at_least_zero().at_most(2.0).value)
    bracket = Bracket(other, one)
    assert bracket.is_wide
    assert not Bracket(Estimate(2.9, 0.1), one).is_wide
    assert bracket.contains(0.3)
    assert not bracket.contains(0.1)
    assert Bracket(one, other).in_order() == bracket
