from __future__ import annotations

import math
from dataclasses import replace

import jaxtyping
import pytest
import torch
from torch.distributions import kl_divergence

from tests.samples import LATENTS, seeded, tiny_model
from vae_core import ConfigError, ElboTerms, Objective, TrainConfig, build_vae, elbo_terms, evaluate
from vae_core.config import LIKELIHOODS, POSTERIORS, REDUCTIONS
from vae_core.evaluate import EVALUATION_BLOCK, blocks, evaluate_images
from vae_core.likelihoods import BernoulliPixels
from vae_core.objective import Reduction
from vae_core.posteriors import DiagonalGaussian, PointMass

X = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))


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
    assert torch.equal(terms.z, z)


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
def test_terms_come_with_the_draws_they_were_measured_with(posterior, latent):
    vae = vae_of(posterior, latent_shape=latent)
    single, several = (elbo_terms(vae, X, n, seeded()) for n in (1, 2))
    assert single.z.shape == (6, *latent)
    assert several.z.shape == (2, 6, *latent)
    assert torch.equal(single.distortion, -vae.decode(single.z).log_prob(X))


@pytest.mark.parametrize("n_samples", [0, -1, 10**9])
def test_absurd_number_of_draws_is_an_error(n_samples):
    with pytest.raises(ConfigError, match=f"n_samples must be from 1 to .*; got {n_samples}"):
        elbo_terms(vae_of(), X, n_samples)


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
def test_terms_of_an_image_do_not_depend_on_its_batch(posterior, latent):
    """The rate goes with the image, the distortion with the image and the z drawn for it."""
    vae = vae_of(posterior, latent_shape=latent).double()
    x = X.double()
    terms = elbo_terms(vae, x, generator=seeded())
    for index in (torch.tensor([3, 0, 5, 1, 4, 2]), torch.tensor([2])):
        torch.testing.assert_close(elbo_terms(vae, x[index]).rate, terms.rate[index])
        alone = -vae.decode(terms.z[index]).log_prob(x[index])
        torch.testing.assert_close(alone, terms.distortion[index])


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


@pytest.mark.parametrize("beta", [1.0, 3.0])
def test_free_bits_are_a_floor_under_every_number(beta):
    terms = elbo_terms(vae_of(), X, generator=seeded())
    per_dim = terms.rate_per_dim.detach().mean(0)
    floor = float(per_dim.median())
    expected = sum(max(floor, float(kl)) for kl in per_dim)
    loss = Objective(beta, free_bits=floor)(terms)
    torch.testing.assert_close(loss, terms.distortion.mean() + beta * expected)
    low = Objective(beta, free_bits=float(per_dim.min()) / 2)(terms)
    torch.testing.assert_close(low, Objective(beta)(terms))


def test_free_bits_stop_the_gradient_below_the_floor():
    """To rounding: the rate and its parts are added up along different ways."""
    params = torch.randn(6, 6, generator=seeded(), dtype=torch.float64, requires_grad=True)
    q, p = DiagonalGaussian.from_params(params), DiagonalGaussian.prior((3,), params)
    pixels = BernoulliPixels(X)  # never looked at
    terms = ElboTerms(torch.zeros(6).double(), kl_divergence(q, p), q, p, q.mean, pixels)
    Objective(free_bits=50.0)(terms).backward()
    torch.testing.assert_close(params.grad, torch.zeros_like(params), rtol=0.0, atol=1e-15)


def test_point_mass_is_trained_on_its_distortion_alone():
    """beta is skipped, not multiplied: 0 * inf is nan."""
    terms = elbo_terms(vae_of("delta"), X)
    assert isinstance(terms.posterior, PointMass)
    assert terms.negative_elbo.isinf().all()
    for objective in (
        *(Objective(0.0), Objective(2.0), Objective(warmup_epochs=3), Objective(free_bits=0.5)),
        *(Objective(tc_weight=2.0, n_images=9), Objective(reduction=Reduction(rate=0.1))),
    ):
        assert torch.equal(objective(terms), terms.distortion.mean())
    mean = Objective(reduction=Reduction(distortion=1 / 64))(terms)
    torch.testing.assert_close(mean, terms.distortion.mean() / 64)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_objective_follows_the_train_config(reduction):
    settings = {"beta": 3.0, "warmup_epochs": 2, "free_bits": 0.1, "tc_weight": 0.5}
    config = TrainConfig(**settings, reduction=reduction)
    over = Reduction.of(reduction, (1, 8, 8), (2, 2, 3))
    objective = Objective.of(config, vae_of(latent_shape=(2, 2, 3)), 96)
    assert objective == Objective(**settings, n_images=96, reduction=over)


def test_default_objective_is_the_negative_elbo():
    objective = Objective.of(TrainConfig(), vae_of(), 96)
    terms = elbo_terms(vae_of(), X, generator=seeded())
    torch.testing.assert_close(objective(terms), terms.negative_elbo.mean())


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


def test_terms_of_images_are_in_their_order_whatever_the_blocks(digits):
    """A point mass has no noise: each image has the terms that it has by itself."""
    n = EVALUATION_BLOCK + 37
    split = digits.test.take(torch.arange(n) % len(digits.test))
    vae = vae_of("delta").double()
    terms = evaluate_images(vae, split)
    assert (len(terms), terms.n_samples, terms.distortion.dtype) == (n, 1, torch.float64)
    expected = elbo_terms(vae, digits.test.images.double()).distortion[torch.arange(n) % 96]
    torch.testing.assert_close(terms.distortion, expected)
    assert terms.negative_elbo.isinf().all()


def test_terms_of_images_are_tensors_like_others(digits):
    """Which were made without a gradient, and may go where one is."""
    terms = evaluate_images(vae_of(), digits.test)
    weight = torch.ones((), dtype=torch.float64, requires_grad=True)
    (weight * terms.distortion).sum().backward()
    assert weight.grad == pytest.approx(terms.distortion.sum().item())


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
        ElboTerms(torch.zeros(3), torch.zeros(4), q, p, torch.zeros(3, 2), BernoulliPixels(X))
