"""q(z), and the rate in parts: against brute force, and where the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.core.posteriors.families import WITH_DENSITY, random_params
from tests.samples import LATENTS
from vae_core.analysis import Codes, aggregate_posterior, elbo_surgery
from vae_core.analysis.rate.aggregate import BLOCK
from vae_core.config import POSTERIORS
from vae_core.errors import ConfigError

ADDITIVE = [name for name in WITH_DENSITY if POSTERIORS[name].is_additive]
families = pytest.mark.parametrize("family", WITH_DENSITY)
latents = pytest.mark.parametrize("latent", LATENTS)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_codes(family: str, latent: tuple[int, ...], n: int = 9) -> Codes:
    return Codes(random_params(family, latent, n), torch.arange(n) % 3, family, latent)


def gaussians(mu: torch.Tensor, sigma: float | torch.Tensor, labels=None) -> Codes:
    """Codes of a diagonal Gaussian with means (n, d) and standard deviations."""
    sigma = torch.as_tensor(sigma, dtype=mu.dtype).expand_as(mu)
    params = torch.cat([mu, 2.0 * sigma.log()], -1)
    labels = torch.zeros(len(mu), dtype=torch.long) if labels is None else labels
    return Codes(params, labels, "diagonal", (mu.shape[1],))


def normal_quantiles(n: int) -> torch.Tensor:
    """n numbers that stand for N(0, 1), in order."""
    share = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    return torch.distributions.Normal(0.0, 1.0).icdf(share)


@families
@latents
def test_products_of_matrices_give_the_log_density_of_every_pair(family, latent):
    codes = random_codes(family, latent)
    z = codes.posterior().sample((), seeded())[:5]
    expected = torch.stack(
        [codes.take(torch.tensor([k])).posterior().log_prob(z) for k in range(len(codes))], 1
    )
    torch.testing.assert_close(codes.posterior().log_prob_pairs(z), expected)


@families
@latents
def test_the_mixture_is_the_mean_of_its_densities(family, latent):
    codes = random_codes(family, latent)
    z = codes.posterior().sample((), seeded())
    nats, n = codes.posterior().log_prob(z[:, None]), len(codes)
    q = aggregate_posterior(codes)
    torch.testing.assert_close(q.log_prob(z), nats.logsumexp(1) - math.log(n))
    whole, others, own = q.log_probs(z, torch.arange(n))
    torch.testing.assert_close(whole, q.log_prob(z))
    torch.testing.assert_close(own, nats.diagonal())
    for k in range(n):
        without = codes.take(torch.arange(n)[torch.arange(n) != k])
        torch.testing.assert_close(others[k], aggregate_posterior(without).log_prob(z)[k])


@families
@latents
def test_marginals_are_mixtures_of_marginals(family, latent):
    codes = random_codes(family, latent)
    z = codes.posterior().sample((), seeded())
    densities = codes.posterior().marginals().log_prob(z[:, None]).exp()  # (m, n, *latent)
    expected = densities.mean(1).log().flatten(1)
    torch.testing.assert_close(aggregate_posterior(codes).marginal_log_prob(z), expected)


def test_of_one_dimension_the_marginal_is_the_whole():
    codes = gaussians(torch.randn(50, 1, generator=seeded()).double(), 0.3)
    z = torch.linspace(-3, 3, 7).double()[:, None]
    q = aggregate_posterior(codes)
    torch.testing.assert_close(q.marginal_log_prob(z)[:, 0], q.log_prob(z))


def test_the_mixture_integrates_to_one():
    codes = gaussians(torch.randn(30, 2, generator=seeded()).double(), 0.4)
    axis = torch.linspace(-7, 7, 281, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis)
    mass = aggregate_posterior(codes).log_prob(z).exp().sum() * (axis[1] - axis[0]) ** 2
    assert float(mass) == pytest.approx(1.0, abs=1e-9)


def test_draws_take_every_image_equally_often():
    codes = gaussians(torch.arange(7.0)[:, None], 1e-4)
    z, index = aggregate_posterior(codes).sample(20, seeded())
    assert sorted(index.bincount(minlength=7).tolist()) == [2, 3, 3, 3, 3, 3, 3]
    torch.testing.assert_close(z[:, 0], index.double(), atol=1e-3, rtol=0)


@pytest.mark.parametrize("family", ADDITIVE)
def test_parts_of_the_rate_add_up(family):
    codes = random_codes(family, (2,), 300)
    parts = elbo_surgery(codes, 400)
    assert parts["mean_kl"] == pytest.approx(float(codes.rate.mean()))
    assert not parts["saturated"]
    total = parts["mutual_information"] + parts["total_correlation"] + parts["dimension_kl"]
    assert total == pytest.approx(parts["mean_kl"], abs=1e-4)
    rest = parts["total_correlation"] + parts["dimension_kl"]
    assert rest == pytest.approx(parts["marginal_kl"], abs=1e-4)


class Watched:
    """A posterior that remembers the largest table of pairs it was asked for."""

    def __init__(self, q):
        self.q, self.largest, self.asked = q, 0, 0

    def log_prob_pairs(self, z):
        pairs = self.q.log_prob_pairs(z)
        self.largest, self.asked = max(self.largest, pairs.numel()), self.asked + 1
        return pairs


def test_pairs_are_taken_in_blocks_of_a_stated_size():
    n = 3000
    q = aggregate_posterior(gaussians(torch.randn(n, 2, generator=seeded()), 0.3))
    z, index = q.sample(n, seeded())
    expected = q.log_prob(z[:7])
    q.q = Watched(q.q)
    torch.testing.assert_close(q.log_probs(z, index)[0][:7], expected)
    assert BLOCK // 2 < q.q.largest <= BLOCK
    assert q.q.asked == math.ceil(n / (BLOCK // n))


def test_equal_posteriors_say_nothing_of_the_image():
    codes = gaussians(torch.tensor([[0.7, -1.1]]).double().expand(40, 2), 0.5)
    parts = elbo_surgery(codes)
    assert parts["mutual_information"] == pytest.approx(0.0, abs=1e-9)
    assert parts["mutual_information_upper"] == pytest.approx(0.0, abs=1e-9)
    assert parts["marginal_kl"] == pytest.approx(parts["mean_kl"])
    assert parts["total_correlation"] == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("k", [2, 5])
def test_k_places_far_apart_say_ln_k(k):
    codes = gaussians((torch.arange(200) % k).double()[:, None] * 10.0, 0.1)
    assert elbo_surgery(codes)["mutual_information"] == pytest.approx(math.log(k), abs=1e-6)


@pytest.mark.parametrize("sigma", [0.5, 0.2])
def test_the_bracket_holds_the_mutual_information_of_the_population(sigma):
    """mu ~ N(0, 1 - sigma^2), so q(z) = N(0, 1) and I(x; z) = -ln sigma, of any many images."""
    lower, upper = [], []
    for seed in range(12):
        mu = math.sqrt(1 - sigma**2) * torch.randn(100, 1, generator=seeded(seed)).double()
        parts = elbo_surgery(gaussians(mu, sigma), 1000, seed)
        lower.append(parts["mutual_information"])
        upper.append(parts["mutual_information_upper"])
    error = 3 * np.std(lower) / math.sqrt(len(lower))
    assert np.mean(lower) < -math.log(sigma) + error
    assert np.mean(upper) > -math.log(sigma) - error
    assert np.mean(upper) - np.mean(lower) < 0.3


def test_total_correlation_of_correlated_means_is_known():
    """Both numbers have the same mean: q(z) is a Gaussian with correlation 1 - sigma^2."""
    variance = 0.3
    mu = math.sqrt(1 - variance) * normal_quantiles(4000)[:, None].expand(-1, 2)
    parts = elbo_surgery(gaussians(mu, math.sqrt(variance)), 8000)
    known = -0.5 * math.log(1 - (1 - variance) ** 2)
    assert parts["total_correlation"] == pytest.approx(known, abs=0.03)
    assert parts["dimension_kl"] == pytest.approx(0.0, abs=0.02)


def test_what_is_saturated_is_not_told():
    codes = gaussians(3.0 * torch.randn(300, 20, generator=seeded()), 0.05)
    parts = elbo_surgery(codes, 500)
    assert parts["saturated"]
    for name in ("mutual_information", "mutual_information_upper", "total_correlation"):
        assert math.isnan(parts[name])
    assert math.isnan(parts["marginal_kl"])
    assert math.isfinite(parts["dimension_kl"])
    assert math.isfinite(parts["mean_kl"])


def test_points_have_no_aggregate_density():
    with pytest.raises(ConfigError, match="no density"):
        elbo_surgery(random_codes("delta", (2,)))
