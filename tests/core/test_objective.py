from __future__ import annotations

import math
from dataclasses import replace

import jaxtyping
import pytest
import torch
from torch.distributions import MultivariateNormal, kl_divergence

from tests.samples import LATENTS, tiny_model
from vae_core import ConfigError, ElboTerms, Objective, TrainConfig, build_vae, elbo_terms, evaluate
from vae_core.config import LIKELIHOODS, POSTERIORS
from vae_core.objective import EVALUATION_BLOCK, blocks
from vae_core.posteriors import DiagonalGaussian, PointMass

X = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def vae_of(posterior: str = "diagonal", **settings: object):
    return build_vae(tiny_model(posterior=posterior, **settings), (1, 8, 8))


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("latent", LATENTS)
def test_terms_are_per_image_and_add_up(posterior, likelihood, latent):
    vae = vae_of(posterior, likelihood=likelihood, latent_shape=latent)
    terms = elbo_terms(vae, X, n_samples=3, generator=seeded())
    assert terms.distortion.shape == terms.rate.shape == (6,)
    assert terms.rate_per_dim.shape == (6, *latent)
    assert torch.equal(terms.negative_elbo, terms.distortion + terms.rate)
    assert torch.equal(terms.rate, kl_divergence(vae.encode(X), vae.prior()))


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_distortion_is_the_mean_over_the_draws(posterior):
    vae = vae_of(posterior)
    terms = elbo_terms(vae, X, n_samples=4, generator=seeded())
    z = vae.encode(X).rsample((4,), seeded())
    each = torch.stack([-vae.decode(part).log_prob(X) for part in z])
    torch.testing.assert_close(terms.distortion, each.mean(0))


@pytest.mark.parametrize("n_samples", [0, -1, 10**9])
def test_absurd_number_of_draws_is_an_error(n_samples):
    with pytest.raises(ConfigError, match=f"n_samples must be from 1 to .*; got {n_samples}"):
        elbo_terms(vae_of(), X, n_samples)


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_permuting_a_batch_permutes_the_terms(posterior):
    """With the posterior narrowed to its mean, for the noise goes by place in the batch."""
    vae = vae_of(posterior)
    if posterior == "diagonal":
        with torch.no_grad():
            vae.encoder[-1].bias[3:] = -60.0
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    terms, permuted = elbo_terms(vae, X), elbo_terms(vae, X[order])
    torch.testing.assert_close(terms.rate[order], permuted.rate)
    torch.testing.assert_close(terms.distortion[order], permuted.distortion, rtol=1e-4, atol=1e-4)


def test_loss_is_distortion_plus_beta_times_rate():
    terms = elbo_terms(vae_of(), X, generator=seeded())
    distortion, rate = terms.distortion.mean(), terms.rate.mean()
    for beta in (0.0, 0.5, 1.0, 4.0):
        torch.testing.assert_close(Objective(beta)(terms), distortion + beta * rate)
    torch.testing.assert_close(Objective()(terms), terms.negative_elbo.mean())


def test_warm_up_rises_linearly_from_zero():
    objective = Objective(beta=2.0, warmup_epochs=4)
    assert [objective.beta_at(epoch) for epoch in range(1, 8)] == [0, 0.5, 1, 1.5, 2, 2, 2]
    assert Objective(beta=2.0).beta_at(1) == 2.0
    terms = elbo_terms(vae_of(), X, generator=seeded())
    assert torch.equal(objective(terms, epoch=1), terms.distortion.mean())
    torch.testing.assert_close(objective(terms, epoch=9), Objective(2.0)(terms))


def test_free_bits_are_a_floor_under_every_number():
    terms = elbo_terms(vae_of(), X, generator=seeded())
    per_dim = terms.rate_per_dim.detach().mean(0)
    floor = float(per_dim.median())
    expected = sum(max(floor, float(kl)) for kl in per_dim)
    loss = Objective(free_bits=floor)(terms)
    torch.testing.assert_close(loss, terms.distortion.mean() + expected)
    low = Objective(free_bits=float(per_dim.min()) / 2)(terms)
    torch.testing.assert_close(low, Objective()(terms))


def test_free_bits_stop_the_gradient_below_the_floor():
    params = torch.randn(6, 6, generator=seeded(), requires_grad=True)
    q, p = DiagonalGaussian.from_params(params), DiagonalGaussian.prior((3,), params)
    zero = torch.zeros(6)
    Objective(free_bits=50.0)(ElboTerms(zero, kl_divergence(q, p), q, p)).backward()
    assert torch.equal(params.grad, torch.zeros_like(params))


def test_point_mass_is_trained_on_its_distortion_alone():
    """beta is skipped, not multiplied: 0 * inf is nan."""
    terms = elbo_terms(vae_of("delta"), X)
    assert isinstance(terms.posterior, PointMass)
    assert terms.negative_elbo.isinf().all()
    for objective in (Objective(0.0), Objective(2.0), Objective(1.0, 3), Objective(1.0, 0, 0.5)):
        assert torch.equal(objective(terms), terms.distortion.mean())


def test_objective_follows_the_train_config():
    config = TrainConfig(beta=3.0, warmup_epochs=2, free_bits=0.1)
    assert Objective.of(config) == Objective(3.0, 2, 0.1)


@pytest.mark.parametrize("n", [1, 999, 1000, 1001, 2500])
def test_blocks_cover_every_image_once(n):
    covered = [i for block in blocks(n) for i in range(n)[block]]
    assert covered == list(range(n))


def test_evaluation_weighs_every_image_the_same(digits):
    """A point mass has no noise: the mean is that of all images at once, also when the last
    block is smaller than the others."""
    n = EVALUATION_BLOCK + 237
    split = digits.test.take(torch.arange(n) % len(digits.test))
    vae = vae_of("delta").double()
    result = evaluate(vae, split)
    assert result.n_images == n
    assert result.distortion == pytest.approx(
        elbo_terms(vae, split.images.double()).distortion.mean().item()
    )
    rate = evaluate(vae_of(), split).rate
    assert rate == pytest.approx(elbo_terms(vae_of(), split.images).rate.double().mean().item())


@pytest.mark.parametrize("latent", LATENTS)
def test_evaluated_rate_per_number_adds_up_in_the_order_of_z(digits, latent):
    vae = vae_of(latent_shape=latent)
    result = evaluate(vae, digits.test)
    expected = elbo_terms(vae, digits.test.images).rate_per_dim.mean(0).flatten()
    assert result.rate_per_dim == pytest.approx(expected.tolist(), rel=1e-5)
    assert sum(result.rate_per_dim) == pytest.approx(result.rate, rel=1e-6)
    assert result.negative_elbo == result.distortion + result.rate


def test_evaluation_follows_its_seed(digits):
    vae = vae_of()
    before = torch.random.get_rng_state()
    first, again, other = (evaluate(vae, digits.test, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.distortion != other.distortion
    assert first.rate == other.rate
    assert torch.equal(torch.random.get_rng_state(), before)


def test_evaluation_redraws_a_dynamic_split_by_its_seed(digits):
    split = replace(digits.train, redraw=True)
    vae = vae_of()
    assert evaluate(vae, split) == evaluate(vae, split)
    assert evaluate(vae, split).rate != evaluate(vae, split, seed=1).rate


def test_more_draws_do_not_move_the_mean(digits):
    vae = vae_of()
    single = [evaluate(vae, digits.test, seed=seed).distortion for seed in range(20)]
    mean, error = torch.tensor(single).mean(), torch.tensor(single).std() / math.sqrt(20)
    assert abs(evaluate(vae, digits.test, n_samples=50).distortion - mean) < 5 * error


def test_terms_of_different_lengths_are_caught_by_the_shape_checks():
    q = DiagonalGaussian.from_params(torch.zeros(3, 4))
    p = DiagonalGaussian.prior((2,), torch.zeros(()))
    with pytest.raises(jaxtyping.TypeCheckError, match="rate"):
        ElboTerms(torch.zeros(3), torch.zeros(4), q, p)


class ProbabilisticPCA:
    """The linear-Gaussian VAE, in which everything is known: x = W z + b + sigma * noise."""

    sigma = 0.7

    def __init__(self, seed: int) -> None:
        config = tiny_model((2,), hidden=(), likelihood="gaussian", sigma_value=self.sigma)
        self.vae = build_vae(config, (1, 4, 4), seed).double().requires_grad_(False)
        self.weight, self.bias = self.vae.decoder[1].weight, self.vae.decoder[1].bias
        self.x = torch.rand(8, 1, 4, 4, generator=seeded(seed), dtype=torch.float64)
        self.residual = self.x.flatten(1) - self.bias

    def log_p(self) -> torch.Tensor:
        covariance = self.weight @ self.weight.T + self.sigma**2 * torch.eye(16).double()
        return MultivariateNormal(self.bias, covariance).log_prob(self.x.flatten(1))

    def posterior_gap(self) -> torch.Tensor:
        """KL(q(z|x) || p(z|x)), p(z|x) = N(M^-1 W^T (x - b), sigma^2 M^-1)."""
        m = self.weight.T @ self.weight + self.sigma**2 * torch.eye(2).double()
        truth = MultivariateNormal(
            self.residual @ self.weight @ m.inverse(), self.sigma**2 * m.inverse()
        )
        q = self.vae.encode(self.x)
        return kl_divergence(MultivariateNormal(q.mean, torch.diag_embed(q.variance)), truth)

    def expected_distortion(self) -> torch.Tensor:
        """E_q ||x - b - W z||^2 = ||x - b - W mu||^2 + tr(W Sigma W^T)."""
        q = self.vae.encode(self.x)
        squares = (self.residual - q.mean @ self.weight.T).square().sum(1)
        squares = squares + q.variance @ self.weight.square().sum(0)
        return 16 * math.log(self.sigma * math.sqrt(2 * math.pi)) + squares / 2 / self.sigma**2


@pytest.mark.parametrize("seed", [0, 1])
def test_gap_of_the_bound_is_the_kl_to_the_true_posterior(seed):
    """Probabilistic PCA: negative ELBO + log p(x) = KL(q || p(z|x)) >= 0, to rounding."""
    model = ProbabilisticPCA(seed)
    rate = elbo_terms(model.vae, model.x).rate
    gap = model.expected_distortion() + rate + model.log_p()
    torch.testing.assert_close(gap, model.posterior_gap())
    assert (gap >= 0).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_sampled_elbo_is_unbiased_for_the_exact_one(seed):
    model, n = ProbabilisticPCA(seed), 20_000
    terms = elbo_terms(model.vae, model.x, n, seeded(5))
    z = model.vae.encode(model.x).rsample((n,), seeded(5))
    error = model.vae.decode(z).log_prob(model.x).std(0) / math.sqrt(n)
    assert ((terms.distortion - model.expected_distortion()).abs() < 5 * error).all()
    bound = terms.negative_elbo + model.log_p()
    assert ((bound - model.posterior_gap()).abs() < 5 * error).all()
