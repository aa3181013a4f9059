"""Bounds on log p(x), against models whose log p(x) is known, and a number that is no bound."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from tests.core.analysis.diagnosis.test_linear_vae import (
    CORRELATED,
    GAUSSIAN,
    LATENT,
    ProbabilisticPCA,
)
from tests.samples import LATENTS, seeded, tiny_model
from vae_core import VAE, ConfigError, build_vae, elbo_terms
from vae_core.analysis import at_mean_no_bound, iwae_bound
from vae_core.config import LIKELIHOODS, POSTERIORS
from vae_core.evaluate import EVALUATION_BLOCK
from vae_core.objective import MAX_SAMPLES

WITH_DENSITY = [name for name, kind in POSTERIORS.items() if kind.has_density]
X = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def vae_of(posterior: str = "diagonal", **settings: object) -> VAE:
    return build_vae(tiny_model(posterior=posterior, **settings), (1, 8, 8)).double()


def mean_and_error(values: Tensor) -> tuple[Tensor, Tensor]:
    """Over the first axis, with the standard error of the mean."""
    return values.mean(0), values.std(0) / math.sqrt(len(values))


def nearly(posterior: str) -> ProbabilisticPCA:
    """One whose encoder is somewhat wrong: means a little off, and too sure of itself."""
    model = ProbabilisticPCA.knowing(posterior)
    to_mean, covariance = model.truth()
    model.answer(0.8 * to_mean, 0.7 * covariance)
    return model


def repeated_bound(model: ProbabilisticPCA, k: int, n: int, widen: float = 1.0) -> Tensor:
    """n independent L_k of one image, (n,)."""
    x = model.draw(1).expand(n, -1, -1, -1)
    return iwae_bound(model.vae, x, k, widen, seeded(k)).bound


@pytest.mark.parametrize("posterior", WITH_DENSITY)
@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_bound_and_sample_size_are_per_image(posterior, latent, likelihood):
    vae = vae_of(posterior, latent_shape=latent, likelihood=likelihood)
    for k, widen in ((1, 1.0), (7, 1.0), (7, 1.3)):
        bound, ess = iwae_bound(vae, X, k, widen, seeded())
        assert bound.shape == ess.shape == (6,)
        assert bound.isfinite().all()
        assert not bound.requires_grad
        assert (ess > 1.0 - 1e-9).all()
        assert (ess < k * (1.0 + 1e-9)).all()


@pytest.mark.parametrize("posterior", WITH_DENSITY)
@pytest.mark.parametrize("latent", LATENTS)
def test_one_draw_is_the_elbo_with_its_kl_sampled_too(posterior, latent):
    """The same draws as `elbo_terms` makes: L_1 = -distortion + log p(z) - log q(z|x)."""
    vae = vae_of(posterior, latent_shape=latent)
    terms = elbo_terms(vae, X, generator=seeded())
    q, p = terms.posterior, terms.prior
    expected = -terms.distortion + p.log_prob(terms.z) - q.log_prob(terms.z)
    bound, ess = iwae_bound(vae, X, 1, generator=seeded())
    torch.testing.assert_close(bound, expected.detach())
    torch.testing.assert_close(ess, torch.ones(6).double())


@pytest.mark.parametrize("posterior", GAUSSIAN)
def test_one_draw_is_the_elbo_in_expectation(posterior):
    model = ProbabilisticPCA.random(posterior=posterior)
    mean, error = mean_and_error(repeated_bound(model, 1, 50_000))
    assert abs(mean + model.negative_elbo(model.draw(1))) < 5 * error


@pytest.mark.parametrize("posterior", GAUSSIAN)
@pytest.mark.parametrize("k", [1, 2, 50, EVALUATION_BLOCK + 237])
def test_any_number_of_draws_is_exact_when_the_proposal_is_the_true_posterior(posterior, k):
    """All weights are p(x): the bound is log p(x) and every draw counts in full."""
    model = ProbabilisticPCA.knowing(posterior)
    x = model.draw(4)
    bound, ess = iwae_bound(model.vae, x, k, generator=seeded())
    torch.testing.assert_close(bound, model.log_p(x))
    torch.testing.assert_close(ess, torch.full((4,), float(k), dtype=torch.float64))


@pytest.mark.parametrize("posterior", GAUSSIAN)
def test_bound_rises_with_the_draws_and_stays_below_the_evidence(posterior):
    model = nearly(posterior)
    evidence = model.log_p(model.draw(1))
    levels = [mean_and_error(repeated_bound(model, k, 1000)) for k in (1, 4, 16, 64)]
    for (low, low_error), (high, high_error) in pairwise(levels):
        assert high > low - 5 * (low_error + high_error)
    (first, error), (last, last_error) = levels[0], levels[-1]
    assert last > first + 5 * (error + last_error)
    for mean, mean_error in levels:
        assert mean < evidence + 5 * mean_error


@pytest.mark.parametrize("posterior", GAUSSIAN)
@pytest.mark.parametrize("widen", [1.0, 1.3, 2.0])
def test_many_draws_reach_the_evidence_however_wide_the_proposal(posterior, widen):
    model, k = nearly(posterior), 4000
    x = model.draw(4)
    runs = [iwae_bound(model.vae, x, k, widen, seeded(s)) for s in range(8)]
    mean, error = mean_and_error(torch.stack([run.bound for run in runs]))
    assert ((mean - model.log_p(x)).abs() < 5 * error).all()
    assert (error < 0.05).all()
    for run in runs:
        assert (run.ess > 20).all()
        assert (run.ess < k).all()


@pytest.mark.parametrize("posterior", WITH_DENSITY)
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("widen", [1.0, 1.4])
def test_bound_reaches_the_evidence_by_quadrature(posterior, likelihood, widen):
    """A decoder that is not linear, and every family: log of the integral of p(x|z) p(z),
    over one number. A Dirichlet of two proportions has one, too."""
    simplex = not POSTERIORS[posterior].is_additive
    config = tiny_model((2,) if simplex else (1,), posterior=posterior, likelihood=likelihood)
    vae = build_vae(config, (1, 4, 4)).double().requires_grad_(False)
    x = torch.rand(3, 1, 4, 4, generator=seeded(), dtype=torch.float64)
    if simplex:
        line = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
        z, step = torch.stack([line, 1.0 - line], -1), 1.0 / 4000
    else:
        line = torch.linspace(-20.0, 20.0, 8001, dtype=torch.float64)
        z, step = line[:, None], 40.0 / 8000
    joint = vae.decode(z[:, None]).log_prob(x) + vae.prior().log_prob(z)[:, None]  # (points, 3)
    evidence = joint.logsumexp(0) + math.log(step)
    bounds = torch.stack([iwae_bound(vae, x, 500, widen, seeded(s)).bound for s in range(20)])
    mean, error = mean_and_error(bounds)
    assert ((mean - evidence).abs() < 5 * error).all()
    assert (error < 0.05).all()


def test_widening_a_proposal_that_is_too_narrow_spreads_the_weight():
    """At a fifth of the true width a few draws carry everything; twice as wide is better."""
    model = ProbabilisticPCA.knowing("diagonal")
    to_mean, covariance = model.truth()
    model.answer(to_mean, covariance / 4)
    x = model.draw(20)
    sizes = [iwae_bound(model.vae, x, 2000, w, seeded()).ess.mean() for w in (1.0, 1.5, 2.0)]
    assert sizes[0] < sizes[1] < sizes[2]
    assert float(sizes[2]) == pytest.approx(2000)  # the true posterior again
    narrow, wide = (iwae_bound(model.vae, x, 50, w, seeded()).bound for w in (1.0, 1.8))
    assert wide.mean() > narrow.mean()


def test_bound_follows_its_seed():
    vae = vae_of()
    before = torch.random.get_rng_state()
    first, again, other = (iwae_bound(vae, X, 20, 1.0, seeded(s)) for s in (0, 0, 1))
    assert torch.equal(first.bound, again.bound)
    assert torch.equal(first.ess, again.ess)
    assert not torch.equal(first.bound, other.bound)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(
    ("n_images", "k"), [(3, 1), (2500, 1), (6, EVALUATION_BLOCK), (250, 10), (2, 3456)]
)
def test_no_more_than_a_block_of_pictures_is_decoded_at_once(n_images, k):
    vae, decoded = vae_of().float(), []
    vae.decoder.register_forward_pre_hook(lambda _, inputs: decoded.append(len(inputs[0])))
    x = X.float()[torch.arange(n_images) % 6]
    bound, ess = iwae_bound(vae, x, k, generator=seeded())
    assert bound.shape == ess.shape == (n_images,)
    assert sum(decoded) == n_images * k
    assert max(decoded) <= EVALUATION_BLOCK


def test_draws_of_several_blocks_count_as_one_sample():
    """The weights of all of them, averaged at once."""
    model, k = ProbabilisticPCA.random(), 2 * EVALUATION_BLOCK + 345
    x, noise = model.draw(1), seeded(3)
    q = model.vae.encode(x)
    sizes = (EVALUATION_BLOCK, EVALUATION_BLOCK, 345)
    z = torch.cat([q.rsample((size,), noise) for size in sizes])
    log_w = model.vae.decode(z).log_prob(x) + model.vae.prior().log_prob(z) - q.log_prob(z)
    w = (log_w - log_w.max()).exp()
    bound, ess = iwae_bound(model.vae, x, k, generator=seeded(3))
    torch.testing.assert_close(bound, w.mean(0).log() + log_w.max())
    torch.testing.assert_close(ess, w.sum(0).square() / w.square().sum(0))


def test_no_image_has_no_bound():
    bound, ess = iwae_bound(vae_of(), X[:0], 5)
    assert bound.shape == ess.shape == (0,)


def test_bound_of_a_point_mass_is_refused():
    with pytest.raises(ConfigError, match="point mass has no density: there is no bound"):
        iwae_bound(vae_of("delta"), X, 5)


@pytest.mark.parametrize("k", [0, -1, MAX_SAMPLES + 1, 10**9])
def test_absurd_number_of_draws_is_refused(k):
    with pytest.raises(ConfigError, match=f"n_importance must be from 1 to .*; got {k}"):
        iwae_bound(vae_of(), X, k)


@pytest.mark.parametrize("widen", [0.0, -1.0, 1e3, math.nan, math.inf])
def test_absurd_width_is_refused(widen):
    with pytest.raises(ConfigError, match=f"widen must be from 0.1 to 10; got {widen}"):
        iwae_bound(vae_of(), X, 5, widen)


@pytest.mark.parametrize("posterior", GAUSSIAN)
def test_evaluating_at_the_mean_is_no_bound(posterior):
    """With the true posterior the ELBO is exact, so all that leaving out the noise saves, the
    blur of the code in the picture, is a claim to more than log p(x)."""
    model = ProbabilisticPCA.knowing(posterior)
    x = model.draw(8)
    claimed = at_mean_no_bound(model.vae, x)
    assert (claimed < -model.log_p(x)).all()
    saved = model.blur(x) / (2.0 * model.sigma**2)
    torch.testing.assert_close(claimed, -model.log_p(x) - saved)
    _, covariance = model.truth()
    by_eigenvalues = 0.5 * (LATENT - covariance.trace())  # what tr(W Cov W^T) / 2 sigma^2 is
    torch.testing.assert_close(saved, by_eigenvalues.expand(8))


@pytest.mark.parametrize("posterior", GAUSSIAN)
def test_at_the_mean_the_noise_is_all_that_is_missing(posterior):
    model = ProbabilisticPCA.random(posterior=posterior)
    x = model.draw(8)
    saved = model.blur(x) / (2.0 * model.sigma**2)
    claimed = at_mean_no_bound(model.vae, x)
    assert not claimed.requires_grad
    torch.testing.assert_close(claimed, model.negative_elbo(x) - saved)


def test_the_families_of_the_exact_tests_are_those_with_a_normal_prior():
    """A new Gaussian family belongs into GAUSSIAN."""
    normal = [
        name
        for name in WITH_DENSITY
        if POSTERIORS[name].prior_title == POSTERIORS["diagonal"].prior_title
    ]
    assert set(normal) == set(GAUSSIAN)
    assert set(CORRELATED) < set(GAUSSIAN)
