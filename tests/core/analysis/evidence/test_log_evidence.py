"""log p(x), the true posterior and the gaps, where all of them are known: the linear VAE."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal, kl_divergence

from tests.core.analysis.diagnosis.test_linear_vae import ProbabilisticPCA
from tests.core.posteriors.families import WITH_DENSITY, random_params
from tests.samples import seeded, tiny_model
from vae_core import RunStore, build_vae, load_dataset
from vae_core.analysis import inference_gaps, iwae_bound, log_evidence, true_posterior
from vae_core.analysis.evidence.annealing import annealed
from vae_core.analysis.evidence.best_posterior import (
    best_posterior,
    encoder_gaussian,
    gaussian_elbo,
)
from vae_core.analysis.evidence.inference_gaps import moments_at_mode
from vae_core.analysis.evidence.log_evidence import defensive
from vae_core.analysis.evidence.quadrature import TOLERANCE, Quadrature, quadrature
from vae_core.config import LIKELIHOODS, POSTERIORS
from vae_core.errors import ConfigError
from vae_core.posteriors.diagonal import NormalPrior

MODELS = RunStore("assets/models")


def linear(d: int, seed: int = 0, sigma: float = 0.7, posterior: str = "diagonal"):
    """A linear Gaussian VAE of 4 x 4 pixels in float64, images it drew, their z and log p(x)."""
    config = tiny_model((d,), hidden=(), posterior=posterior, likelihood="gaussian")
    vae = build_vae(config, (1, 4, 4), seed).double().requires_grad_(False)
    vae.likelihood.log_sigma.fill_(math.log(sigma))
    weight, bias = vae.decoder[1].weight, vae.decoder[1].bias
    z = torch.randn(12, d, generator=seeded(seed), dtype=torch.float64)
    noise = torch.randn(12, 16, generator=seeded(seed + 1), dtype=torch.float64)
    x = z @ weight.T + bias + sigma * noise
    covariance = weight @ weight.T + sigma**2 * torch.eye(16).double()
    known = MultivariateNormal(bias, covariance).log_prob(x)
    return vae, x.reshape(-1, 1, 4, 4), z, known


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("sigma", [0.7, 0.02])
def test_quadrature_finds_the_exact_evidence_however_narrow_the_posterior(d, sigma):
    vae, x, _, known = linear(d, sigma=sigma)
    found = log_evidence(vae, x)
    torch.testing.assert_close(found.value, known, atol=0.01, rtol=0)
    assert float(found.standard_error.max()) <= TOLERANCE


def test_annealing_and_the_defensive_mixture_hold_the_exact_evidence_of_ten_dimensions():
    vae, x, z, known = linear(10)
    found = log_evidence(vae, x)
    off = (found.value - known) / found.standard_error
    assert float(off.abs().mean()) < 1.5
    assert float((found.value - known).mean().abs()) < 0.15
    lower = annealed(vae, x, seeded(1), n_temperatures=60)
    upper = annealed(vae, x, seeded(2), n_temperatures=60, exact=z)
    assert float((lower.value - known).mean()) < 0.1
    assert float((upper.value - known).mean()) > -0.1
    assert float((upper.value - lower.value).mean()) < 1.0
    weighed = defensive(vae, x, seeded(3))
    assert float(((weighed.value - known) / weighed.standard_error).abs().mean()) < 1.5


def test_the_true_posterior_is_that_of_the_closed_form_and_integrates_to_one():
    model = ProbabilisticPCA.random(3)
    x = model.draw(4)
    to_mean, covariance = model.truth()
    found = true_posterior(model.vae, x, 101)
    steps = [axis[:, 1] - axis[:, 0] for axis in found.axes]
    mass = found.log_density.exp().sum((1, 2)) * steps[0] * steps[1]
    torch.testing.assert_close(mass, torch.ones(4).double(), atol=2e-3, rtol=0)
    for k in range(4):
        z = torch.cartesian_prod(*(axis[k] for axis in found.axes))
        truth = MultivariateNormal((x[k].flatten() - model.bias) @ to_mean.T, covariance)
        torch.testing.assert_close(found.log_density[k].flatten(), truth.log_prob(z), atol=1e-3,
                                   rtol=0)  # fmt: skip
    (axis,) = true_posterior(linear(1)[0], linear(1)[1][:2], 50).axes
    assert axis.shape == (2, 50)


@pytest.mark.parametrize("posterior", ["diagonal", "full", "full-correlation"])
def test_the_gaps_add_up_to_the_kl_to_the_true_posterior(posterior):
    model = ProbabilisticPCA.random(1, posterior)
    x = model.draw(6)
    table = inference_gaps(model.vae, x)
    whole = table["approximation_gap"] + table["amortisation_gap"]
    torch.testing.assert_close(torch.tensor(whole.to_numpy()), model.gap(x), atol=1e-3, rtol=0)
    assert (table["amortisation_gap"] > -1e-6).all()
    assert set(table["n_modes"]) == {1}
    rest = table["log_evidence"] - table["elbo"] - whole
    assert float(rest.abs().max()) < 1e-9


@pytest.mark.parametrize("sigma", [0.7, 0.3])
def test_a_diagonal_family_lacks_what_the_correlation_of_the_true_posterior_costs(sigma):
    """-1/2 ln(1 - rho^2) for the best diagonal Gaussian, and nothing for a full covariance."""
    lacks, correlations = {}, {}
    for posterior in ("diagonal", "full"):
        model = ProbabilisticPCA.random(5, posterior, sigma)
        model.weight[:, 1] = 0.9 * model.weight[:, 0] + 0.3 * model.weight[:, 1]
        model.weight.mul_(3.0)
        truth = model.truth()[1]
        correlations[posterior] = truth[0, 1] / (truth[0, 0] * truth[1, 1]).sqrt()
        lacks[posterior] = inference_gaps(model.vae, model.draw(3))["approximation_gap"]
    rho = correlations["diagonal"]
    assert abs(float(rho)) > 0.5
    known = float(-0.5 * torch.log1p(-rho.square()))
    assert lacks["diagonal"].to_numpy() == pytest.approx([known] * 3, abs=5e-3)
    assert lacks["full"].to_numpy() == pytest.approx([0.0] * 3, abs=2e-3)


def test_the_elbo_of_nodes_is_the_elbo_of_draws():
    vae, x, _, _ = linear(2)
    nodes = gaussian_elbo(vae, x, *encoder_gaussian(vae, x))
    q = vae.encode(x)
    z = q.sample((20_000,), seeded())
    sampled = vae.decode(z).log_prob(x) + vae.prior().log_prob(z) - q.log_prob(z)
    error = 4.0 * float(sampled.std(0).max()) / math.sqrt(20_000)
    torch.testing.assert_close(nodes, sampled.mean(0), atol=error, rtol=0)


def test_the_best_posterior_of_an_encoder_that_knows_is_the_encoders():
    model = ProbabilisticPCA.knowing("full")
    found = best_posterior(model.vae, model.draw(5))
    loc, scale = encoder_gaussian(model.vae, model.draw(5))
    torch.testing.assert_close(found.loc, loc, atol=1e-4, rtol=0)
    torch.testing.assert_close(found.scale_tril, scale, atol=1e-4, rtol=0)


SHAPES = [("laplace", (2,)), ("dirichlet", (3,)), ("dirichlet", (2,)), ("full", (1, 1, 2))]


@pytest.mark.parametrize(("shape", "likelihood"), [*zip(SHAPES, LIKELIHOODS, strict=True)])
def test_quadrature_agrees_with_many_weighed_draws_of_the_prior(shape, likelihood):
    """The nodes are those of the latent's shape, their values those of the likelihood."""
    agree(*shape, likelihood)


@pytest.mark.grid
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("shape", SHAPES)
def test_quadrature_agrees_with_many_draws_for_every_shape_and_likelihood(shape, likelihood):
    agree(*shape, likelihood)


def agree(posterior, latent, likelihood):
    """Of an untrained model, whose posterior is about as wide as its prior."""
    network = "conv" if len(latent) == 3 else "mlp"
    config = tiny_model(latent, posterior=posterior, likelihood=likelihood, network=network)
    vae = build_vae(config, (1, 8, 8), 1).requires_grad_(False)
    x = torch.rand(2, 1, 8, 8, generator=seeded())
    found = log_evidence(vae, x)
    z = vae.prior().sample((20_000,), seeded(1))
    log_w = vae.decode(z[:, None]).log_prob(x).double()
    known = log_w.logsumexp(0) - math.log(len(z))
    spread = (log_w - known).exp().std(0) / math.sqrt(len(z))
    assert ((found.value - known).abs() < 4.0 * spread + 0.005).all()


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_pairs_of_pictures_and_latents_have_the_density_of_each_pair(likelihood):
    for sigma in ("fixed", "per-image"):
        config = tiny_model((2,), likelihood=likelihood, sigma=sigma)
        vae = build_vae(config, (1, 4, 5), 2).double()
        p = vae.decode(torch.randn(3, 2, generator=seeded()).double())
        x = torch.rand(4, 1, 4, 5, generator=seeded()).double()
        expected = torch.stack([p.log_prob(image) for image in x], 1)
        torch.testing.assert_close(p.log_prob_pairs(x), expected)


def test_an_image_with_two_modes_is_told_so_and_both_are_weighed():
    """x = |z|-like: a decoder of ReLUs that makes the same picture of z and -z."""
    vae = build_vae(tiny_model((1,), hidden=(2,), likelihood="gaussian"), (1, 4, 4))
    vae = vae.double().requires_grad_(False)
    first, last = vae.decoder[1], vae.decoder[3]
    first.weight.copy_(torch.tensor([[1.0], [-1.0]]))
    first.bias.zero_()
    last.weight.fill_(1.0)
    last.bias.zero_()
    vae.likelihood.log_sigma.fill_(math.log(0.5))
    found = quadrature(vae, torch.full((1, 1, 4, 4), 2.0).double())
    assert found.n_modes.tolist() == [2]
    share = (found.log_joint + found.log_volume - found.log_evidence[0]).exp()
    assert float(share[found.z[:, 0] > 0].sum()) == pytest.approx(0.5, abs=1e-3)


def test_a_trained_model_is_bounded_by_its_evidence():
    run = MODELS.load("digits-2d")
    vae, x = run.vae(), load_dataset(run.config.data).test.batch(slice(0, 12), seeded())
    table = inference_gaps(vae, x)
    bound = iwae_bound(vae, x, 2000, 1.3, seeded()).bound
    assert (torch.tensor(table["log_evidence"].to_numpy()) > bound.double() - 0.05).all()
    assert (table["log_evidence"] >= table["best_elbo"] - 1e-3).all()
    assert (table["best_elbo"] >= table["elbo"] - 1e-6).all()


@pytest.mark.parametrize("name", ["mnist-ae-2d"])
def test_points_have_no_true_posterior(name):
    vae = MODELS.load(name).vae()
    for work in (log_evidence, true_posterior, inference_gaps):
        with pytest.raises(ConfigError, match="density"):
            work(vae, torch.zeros(1, *vae.image_shape))


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
def test_the_gaps_of_ten_dimensions_are_those_of_the_closed_form(posterior):
    """A diagonal q* has the precisions of p(z|x) on its diagonal; a full one is p(z|x)."""
    vae, x, _, known = linear(10, posterior=posterior)
    weight = vae.decoder[1].weight
    precision = torch.eye(10).double() + weight.T @ weight / 0.7**2
    lacks = 0.5 * (precision.diagonal().log().sum() - precision.logdet())
    approximation = float(lacks) if posterior == "diagonal" else 0.0
    table = inference_gaps(vae, x[:4])
    off = torch.tensor((table["log_evidence"]).to_numpy()) - known[:4]
    assert (off.abs() < 4.0 * torch.tensor(table["error"].to_numpy()) + 0.02).all()
    sure = np.hypot(table["error"], table["best_elbo_error"])
    assert (np.abs(table["approximation_gap"] - approximation) < 4.0 * sure + 0.03).all()
    rest = table["log_evidence"] - table["elbo"] - table["approximation_gap"]
    assert table["amortisation_gap"].to_numpy() == pytest.approx(rest.to_numpy())
    assert (table["error"] < 0.1).all()  # q* is in the proposal: from the encoder's q it is 0.4
    with pytest.raises(ConfigError, match="one or two free latent dimensions"):
        true_posterior(vae, x)


@pytest.mark.parametrize(("posterior", "latent"), [("laplace", (2,)), ("dirichlet", (3,))])
def test_families_that_are_not_gaussian_have_both_gaps_without_noise(posterior, latent):
    config = tiny_model(latent, posterior=posterior, likelihood="gaussian")
    vae = build_vae(config, (1, 4, 4), 3).requires_grad_(False)
    vae.likelihood.log_sigma.fill_(math.log(0.4))
    x = torch.rand(2, 1, 4, 4, generator=seeded())
    table = inference_gaps(vae, x)
    q = vae.encode(x)
    z = q.sample((20_000,), seeded(1))
    fit = vae.decode(z).log_prob(x).double()
    elbo = fit.mean(0) - kl_divergence(q, vae.prior()).double()
    error = fit.std(0) / math.sqrt(len(z))
    assert (table["elbo_error"] == 0.0).all()
    assert ((torch.tensor(table["elbo"].to_numpy()) - elbo).abs() < 4.0 * error).all()
    assert (table["amortisation_gap"] >= 0.0).all()
    assert (table["approximation_gap"] > -2e-3).all()


@pytest.mark.parametrize("name", WITH_DENSITY)
def test_nodes_have_the_moments_of_their_posterior(name):
    latent = (3,) if name == "dirichlet" else (2,)
    q = POSTERIORS[name].from_params(random_params(name, latent, 4, 0, torch.float64))
    nodes = q.nodes()
    assert POSTERIORS[name].from_params(random_params(name, (5,), 2, 0)).nodes() is None
    if nodes is None:
        assert issubclass(POSTERIORS[name], NormalPrior)  # which have `lattice`
        return
    z, weights = nodes
    mean = (weights[..., None] * z).sum(0)
    torch.testing.assert_close(weights.sum(0), torch.ones(4).double())
    torch.testing.assert_close(mean, q.mean, atol=1e-6, rtol=1e-6)
    variance = (weights[..., None] * (z - mean).square()).sum(0)
    torch.testing.assert_close(variance, q.variance, atol=1e-6, rtol=1e-4)


def test_a_search_from_the_mode_begins_without_the_other_mode():
    """Two peaks of one height: mean and variance are those of the one that is a little higher."""
    axis = torch.linspace(-3.0, 3.0, 241).double()
    z = torch.cartesian_prod(axis, axis)
    one, other = (-0.5 * ((z - m) / 0.1).square().sum(1) for m in (1.0, -1.0))
    log_joint = torch.logaddexp(one, other - 0.1)
    image, log_volume = torch.zeros(len(z)).long(), torch.full((len(z),), 2.0 * math.log(0.025))
    nothing = torch.zeros(1).double()
    found = Quadrature(nothing, nothing, z, image, log_joint, log_volume.double(), image[:1])
    mean, variance = moments_at_mode(found)
    assert mean.tolist() == [pytest.approx([1.0, 1.0], abs=1e-3)]
    assert variance.tolist() == [pytest.approx([0.01, 0.01], rel=0.05)]


def test_progress_is_told_and_may_end_the_work():
    vae, x, _, _ = linear(1)
    shares: list[float] = []
    inference_gaps(vae, x, progress=shares.append)
    assert shares == [1.0]

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inference_gaps(vae, x, progress=stop)
