"""Total correlation KL(q(z) || prod_j q(z_j)) from one batch, by minibatch stratified sampling."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import cycle, permutations

import pytest
import torch
from torch import Tensor

from tests.samples import LATENTS, seeded, tiny_model
from vae_core import ElboTerms, Objective, TrainConfig, build_vae, elbo_terms, fit
from vae_core.config import POSTERIORS
from vae_core.likelihoods import BernoulliPixels
from vae_core.objective import stratified_weights, total_correlation
from vae_core.posteriors import DiagonalGaussian, FullCorrelationGaussian, Posterior

WITH_TC = [name for name, kind in POSTERIORS.items() if kind.has_density and kind.is_additive]
BATCHES = [(4, 2), (4, 3), (4, 4), (5, 2), (5, 3)]  # of N images, so many at once
X = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def terms_of(q: Posterior, z: Tensor | None = None) -> ElboTerms:
    """As of a batch whose posteriors and draws are these."""
    zero = torch.zeros(len(q.mean), dtype=q.mean.dtype)
    z = q.rsample((), seeded()) if z is None else z
    return ElboTerms(zero, zero, q, q.prior(tuple(q.event_shape), z), z, BernoulliPixels(X))


def narrow(means: Tensor, sigma: float) -> DiagonalGaussian:
    """q(z|x_i) = N(mean_i, sigma^2)."""
    return DiagonalGaussian(means, torch.full_like(means, 2.0 * math.log(sigma)), means.ndim - 1)


def weights_in_wide_use(batch: int, n_images: int) -> Tensor:
    """As in widely copied code: `W.view(-1)[::M + 1]` is meant to be the diagonal of W, which
    has M + 1 columns: it is the first column."""
    m, n = batch - 1, n_images
    w = torch.full((batch, batch), 1.0 / m)
    w.view(-1)[:: m + 1] = 1.0 / n
    w.view(-1)[1 :: m + 1] = (n - m) / (n * m)
    w[m - 1, 0] = (n - m) / (n * m)
    return w


def expected_mixture(weights: Tensor, density: Tensor, image: int, place: int) -> float:
    """Mean of sum_j W_ij q(z_i|x_j) over all ordered batches with `image` at `place`."""
    batch, n_images = len(weights), len(density)
    others = [j for j in range(n_images) if j != image]
    sums = []
    for rest in permutations(others, batch - 1):
        members = [*rest[:place], image, *rest[place:]]
        sums.append(float(weights[place] @ density[image, members]))
    return sum(sums) / len(sums)


@pytest.mark.parametrize(("n_images", "batch"), BATCHES)
def test_weights_estimate_the_mixture_without_bias_by_enumeration(n_images, batch):
    """density[i, j] = q(z_i|x_j): any numbers, for the estimate is linear in them."""
    density = torch.rand(n_images, n_images, generator=seeded(), dtype=torch.float64)
    weights = stratified_weights(batch, n_images).double()
    for image in range(n_images):
        truth = float(density[image].mean())
        for place in range(batch):
            estimate = expected_mixture(weights, density, image, place)
            assert estimate == pytest.approx(truth, rel=1e-6)  # the weights are float32


@pytest.mark.parametrize(("n_images", "batch"), BATCHES)
def test_weights_in_wide_use_are_biased_by_enumeration(n_images, batch):
    """They give an image's own posterior, the largest of all, the weight of any other."""
    density = 0.01 + torch.eye(n_images, dtype=torch.float64)
    weights = weights_in_wide_use(batch, n_images).double()
    last = batch - 1
    estimate = expected_mixture(weights, density, 0, last)
    assert abs(estimate / float(density[0].mean()) - 1.0) > 0.2


@pytest.mark.parametrize(("n_images", "batch"), [*BATCHES, (60_000, 128), (97, 1000)])
def test_weights_of_every_row_add_up_to_one(n_images, batch):
    weights = stratified_weights(batch, n_images)
    assert (weights > 0).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(batch))
    torch.testing.assert_close(weights.diagonal(), torch.full((batch,), 1.0 / max(n_images, batch)))


@pytest.mark.parametrize("posterior", WITH_TC)
@pytest.mark.parametrize("latent", [*LATENTS, (1,)])
def test_total_correlation_matches_a_direct_computation(posterior, latent):
    """One pair of images at a time, in densities rather than their logarithms."""
    family, n, n_images = POSTERIORS[posterior], 5, 40
    shape = (n, *latent[:-1], family.n_params(latent[-1]))
    params = torch.randn(shape, generator=seeded(1), dtype=torch.float64)
    q = family.from_params(params)
    z = q.rsample((), seeded(2))
    each = [family.from_params(params[j : j + 1]) for j in range(n)]
    weights = stratified_weights(n, n_images).double()
    total = 0.0
    for i in range(n):
        joint = sum(weights[i, j] * each[j].log_prob(z[i]).exp() for j in range(n))
        parts = sum(weights[i, j] * each[j].marginals().log_prob(z[i]).exp() for j in range(n))
        total += float(joint.log() - parts.log().sum()) / n
    measured = float(total_correlation(terms_of(q, z), n_images))
    assert measured == pytest.approx(total, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("posterior", WITH_TC)
@pytest.mark.parametrize("latent", LATENTS)
def test_several_draws_are_averaged(posterior, latent):
    vae = build_vae(tiny_model(latent, posterior=posterior), (1, 8, 8)).double()
    terms = elbo_terms(vae, X, 3, seeded())
    single = [total_correlation(replace(terms, z=z), 96) for z in terms.z]
    torch.testing.assert_close(total_correlation(terms, 96), torch.stack(single).mean())


def test_one_number_alone_has_no_total_correlation():
    q = narrow(torch.randn(50, 1, generator=seeded(), dtype=torch.float64), 0.3)
    assert float(total_correlation(terms_of(q), 1000)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("posterior", WITH_TC)
def test_batch_of_one_says_nothing(posterior):
    """Nor does it break training: a last batch may be that small."""
    vae = build_vae(tiny_model(posterior=posterior), (1, 8, 8)).double()
    terms = elbo_terms(vae, X[:1], generator=seeded())
    assert float(total_correlation(terms, 1000)) == 0.0
    with_it, without = Objective(tc_weight=3.0, n_images=1000), Objective()
    assert torch.equal(with_it(terms), without(terms))


def test_scale_and_origin_of_every_number_do_not_matter():
    params = torch.randn(8, 6, generator=seeded(), dtype=torch.float64)
    q = DiagonalGaussian.from_params(params)
    scale, shift = torch.tensor([3.0, 0.2, -5.0]).double(), torch.tensor([1.0, -4.0, 0.0]).double()
    moved = DiagonalGaussian(q.loc * scale + shift, q.logvar + 2.0 * scale.abs().log(), 1)
    terms = terms_of(q)
    same = total_correlation(terms_of(moved, terms.z * scale + shift), 30)
    torch.testing.assert_close(total_correlation(terms, 30), same)


def test_factorised_aggregate_has_none():
    """Means on a grid, widths alike: q(z) is the product of its marginals exactly."""
    axis = torch.linspace(-1.5, 1.5, 30, dtype=torch.float64)
    q = narrow(torch.cartesian_prod(axis, axis), 0.3)
    assert float(total_correlation(terms_of(q), 900)) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("rho", [0.5, 0.9])
def test_correlated_means_cost_minus_half_log_one_minus_rho_squared(rho):
    """Many images whose means are N(0, S): q(z) is N(0, S + sigma^2), correlated by rho."""
    n, sigma = 1500, 0.3
    covariance = torch.tensor([[1.0, rho], [rho, 1.0]]).double() - sigma**2 * torch.eye(2)
    sobol = torch.quasirandom.SobolEngine(2, scramble=True, seed=0).draw(n, dtype=torch.float64)
    means = torch.special.ndtri(sobol) @ torch.linalg.cholesky(covariance).T
    q = narrow(means, sigma)
    measured = [float(total_correlation(terms_of(q, q.rsample((), seeded(s))), n)) for s in (0, 1)]
    assert sum(measured) / 2 == pytest.approx(-0.5 * math.log(1.0 - rho**2), abs=0.02)


@pytest.mark.parametrize("rho", [0.0, 0.8])
@pytest.mark.parametrize("n_images", [400, 60_000])
def test_correlation_within_every_posterior_counts_too(rho, n_images):
    """All images alike: q(z) = q(z|x), whose correlation costs -0.5 log det Omega."""
    n = 400
    params = torch.zeros(n, 5, dtype=torch.float64)
    params[:, 4] = math.atanh(rho)
    q = FullCorrelationGaussian.from_params(params)
    torch.testing.assert_close(q.mean_covariance()[0, 1], torch.tensor(rho).double())
    draws = [q.rsample((), seeded(s)) for s in range(5)]
    values = torch.stack([total_correlation(terms_of(q, z), n_images) for z in draws])
    assert float(values.mean()) == pytest.approx(-0.5 * math.log(1.0 - rho**2), abs=0.03)


@pytest.mark.parametrize("posterior", WITH_TC)
@pytest.mark.parametrize("latent", LATENTS)
def test_objective_adds_the_weighted_total_correlation(posterior, latent):
    vae = build_vae(tiny_model(latent, posterior=posterior), (1, 8, 8)).double()
    terms = elbo_terms(vae, X, generator=seeded())
    expected = Objective(2.0)(terms) + 3.0 * total_correlation(terms, 96)
    loss = Objective(2.0, tc_weight=3.0, n_images=96)(terms)
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert all(p.grad.isfinite().all() for p in vae.parameters())


@pytest.mark.parametrize(  # a vector and a map in turn; every family has met both above
    ("posterior", "latent"), list(zip(WITH_TC, cycle([(3,), (2, 2, 1)]), strict=False))
)
def test_training_on_it_lowers_it(digits, posterior, latent):
    measured = {}
    for tc_weight in (0.0, 10.0):
        config = tiny_model(latent, posterior=posterior, likelihood="gaussian", sigma_value=0.2)
        vae = build_vae(config, digits.image_shape)
        train = TrainConfig(epochs=40, batch_size=32, lr=1e-2, tc_weight=tc_weight, threads=1)
        *_, last = fit(vae, digits, train)
        with torch.no_grad():
            terms = elbo_terms(vae, digits.train.images, 20, seeded())
            measured[tc_weight] = float(total_correlation(terms, len(digits.train)))
        assert last.test_rate > 1.0  # not by saying nothing at all
    assert measured[10.0] < 0.6 * measured[0.0]
