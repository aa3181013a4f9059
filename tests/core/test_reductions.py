"""Means where the ELBO sums: another beta, another sigma, and what becomes of training."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import product

import pytest
import torch
from torch import Tensor
from torch.distributions import kl_divergence
from torch.nn import functional as F

from tests.samples import LATENTS, seeded, tiny_model
from vae_core import (
    VAE,
    Dataset,
    Objective,
    Split,
    TrainConfig,
    build_vae,
    elbo_terms,
    encode_dataset,
    evaluate,
    fit,
)
from vae_core.analysis import active_units, data_spectrum, directions_used, total_rate
from vae_core.config import POSTERIORS, REDUCTIONS
from vae_core.evaluate import EVALUATION_BLOCK
from vae_core.objective import Reduction, effective_beta

WITH_RATE = [name for name, kind in POSTERIORS.items() if kind.has_rate]
X = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
ONE_HALF = math.sqrt(0.5)  # the sigma at which the Gaussian's distortion is the squared error

# weight of the summed squared error, of the summed KL; MNIST with a 4 x 4 x 8 feature map
KNOWN = {
    "sum/sum": (1.0, 1.0),
    "sum/mean": (1.0, 1.0 / 128),
    "mean/sum": (1.0 / 784, 1.0),
    "mean/mean": (1.0 / 784, 1.0 / 128),
    "sum/cell": (1.0, 1.0 / 16),
}


def vae_of(
    latent: tuple[int, ...] = (2, 2, 3), sigma: float = 1.0, posterior: str = "diagonal"
) -> VAE:
    """Gaussian pixels of 28 x 28, all in float64."""
    config = tiny_model(latent, posterior=posterior, likelihood="gaussian")
    vae = build_vae(config, (1, 28, 28)).double()
    vae.likelihood.log_sigma.fill_(math.log(sigma))
    return vae


def over(name: str, vae: VAE) -> Reduction:
    return Reduction.of(name, vae.image_shape, vae.latent_shape)


def gradient(loss: Tensor, vae: VAE) -> Tensor:
    """With respect to all the weights, as one vector."""
    vae.zero_grad()
    loss.backward()
    return torch.cat([p.grad.flatten() for p in vae.parameters()])


def test_every_reduction_is_known_here():
    assert set(KNOWN) == set(REDUCTIONS)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_weights_implied_beta_and_sigma_of_a_feature_map_on_mnist(name):
    reduction = Reduction.of(name, (1, 28, 28), (4, 4, 8))
    distortion, rate = KNOWN[name]
    assert (reduction.distortion, reduction.rate) == pytest.approx((distortion, rate))
    assert reduction.implied_beta == pytest.approx(rate / distortion)
    assert reduction.implied_sigma(0.3) ** 2 == pytest.approx(0.3**2 * rate / distortion)
    assert reduction.implied_sigma(0.3, beta=4.0) == pytest.approx(
        2.0 * reduction.implied_sigma(0.3)
    )


def test_mean_squared_error_beside_a_summed_kl_is_a_variance_of_392():
    reduction = Reduction.of("mean/sum", (1, 28, 28), (20,))
    assert reduction.implied_sigma(ONE_HALF) ** 2 == pytest.approx(784 / 2)


def test_means_on_both_sides_are_the_normalised_beta_of_higgins():
    """beta_norm = beta d / D: with means, beta_norm = 1 is beta = D / d."""
    reduction = Reduction.of("mean/mean", (3, 32, 32), (10,))
    assert reduction.implied_beta * 10 / (3 * 32 * 32) == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 8, 8)])
def test_a_mean_over_d_latent_dimensions_is_a_beta_of_one_in_d_whatever_the_pixels(
    shape: tuple[int, int, int],
) -> None:
    train = TrainConfig(beta=3.0, reduction="sum/mean")
    assert effective_beta(train, shape, (20,)) == pytest.approx(3.0 / 20)
    assert effective_beta(train, shape, (4, 4, 8)) == pytest.approx(3.0 / 128)


def test_a_vector_is_one_cell():
    assert Reduction.of("sum/cell", (1, 28, 28), (20,)) == Reduction()


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_loss_is_the_one_people_write_by_hand(name, latent):
    """With sigma^2 = 1/2 the distortion is the squared error and a constant."""
    vae = vae_of(latent, sigma=ONE_HALF)
    terms = elbo_terms(vae, X, generator=seeded())
    output, (*sites, _) = vae.decode(terms.z).mean, latent
    squares, pixels = F.mse_loss(output, X), 784
    kl = kl_divergence(vae.encode(X), vae.prior()).mean()  # summed over the latent
    constant = pixels * (math.log(ONE_HALF) + 0.5 * math.log(2.0 * math.pi))
    by_hand = {
        "sum/sum": pixels * squares + kl + constant,
        "sum/mean": pixels * squares + kl / math.prod(latent) + constant,
        "mean/sum": squares + kl + constant / pixels,
        "mean/mean": squares + kl / math.prod(latent) + constant / pixels,
        "sum/cell": pixels * squares + kl / math.prod(sites) + constant,
    }
    loss = Objective(reduction=over(name, vae))(terms)
    torch.testing.assert_close(loss, by_hand[name])


@pytest.mark.parametrize("posterior", WITH_RATE)
@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("beta", [1.0, 4.0])
def test_gradient_is_a_multiple_of_that_of_the_elbo_with_the_implied_beta(posterior, name, beta):
    vae = vae_of(posterior=posterior)
    terms = elbo_terms(vae, X, generator=seeded())
    reduction = over(name, vae)
    reduced = gradient(Objective(beta, reduction=reduction)(terms), vae)
    terms = elbo_terms(vae, X, generator=seeded())
    summed = gradient(Objective(beta * reduction.implied_beta)(terms), vae)
    torch.testing.assert_close(reduced, reduction.distortion * summed, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("beta", [1.0, 4.0])
def test_gradient_is_a_multiple_of_that_of_the_elbo_with_the_implied_sigma(name, beta):
    """The same weights and noise under another sigma, and no beta at all."""
    vae = vae_of(sigma=0.3)
    reduction = over(name, vae)
    objective = Objective(beta, reduction=reduction)
    reduced = gradient(objective(elbo_terms(vae, X, generator=seeded())), vae)
    other = vae_of(sigma=reduction.implied_sigma(0.3, beta))
    elbo = gradient(elbo_terms(other, X, generator=seeded()).negative_elbo.mean(), other)
    scale = beta * reduction.rate
    torch.testing.assert_close(reduced, scale * elbo, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_free_bits_and_warm_up_are_weighed_as_the_rate_is(name):
    vae = vae_of()
    terms, reduction = elbo_terms(vae, X, generator=seeded()), over(name, vae)
    settings = {"warmup_epochs": 4, "free_bits": 0.5}
    reduced = Objective(2.0, **settings, reduction=reduction)(terms, epoch=2)
    summed = Objective(2.0 * reduction.implied_beta, **settings)(terms, epoch=2)
    torch.testing.assert_close(reduced, reduction.distortion * summed)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_records_are_nats_summed_whatever_the_reduction(digits, name):
    vae = build_vae(tiny_model((2, 2, 3)), digits.image_shape)
    *_, record = fit(vae, digits, TrainConfig(epochs=2, batch_size=32, reduction=name, threads=1))
    result = evaluate(vae, digits.test)
    assert (record.test_distortion, record.test_rate) == (result.distortion, result.rate)
    assert record.test_rate == pytest.approx(sum(record.test_rate_per_dim))
    assert record.beta == 1.0
    assert record.test_distortion > 20.0  # 64 pixels, not the mean of them


VARIANCES = torch.tensor([0.4, 0.2, 0.1, 0.05, 0.025], dtype=torch.float64)


@pytest.fixture(scope="module")
def directions() -> Dataset:
    """4 x 4 pixels that vary by known amounts along five orthogonal directions, and no other.

    All 32 combinations of plus and minus along each, so that mean and covariance are exact
    but for the rounding to 256 grey levels.
    """
    hadamard = torch.ones(1, 1, dtype=torch.float64)
    for _ in range(4):
        hadamard = torch.kron(torch.tensor([[1.0, 1.0], [1.0, -1.0]]).double(), hadamard)
    signs = torch.tensor(list(product((-1.0, 1.0), repeat=5)), dtype=torch.float64)
    grey = 0.5 + signs * VARIANCES.sqrt() @ hadamard[1:6] / 4
    pixels = (255 * grey).round().to(torch.uint8).reshape(-1, 1, 4, 4)
    once = Split(pixels, torch.zeros(32).long())
    return Dataset("directions", once.take(torch.arange(512) % 32), once, ("a",))


@pytest.fixture(scope="module")
def trained(directions) -> Callable[[float, str], VAE]:
    """Linear Gaussian VAEs with a latent dimension to spare, by sigma^2 and reduction."""

    @cache
    def train(variance: float, reduction: str) -> VAE:
        sigma = math.sqrt(variance)
        config = tiny_model((6,), hidden=(), likelihood="gaussian", sigma_value=sigma)
        vae = build_vae(config, directions.image_shape)
        for lr, epochs in ((3e-2, 40), (3e-3, 20), (1e-3, 20)):
            settings = TrainConfig(
                epochs=epochs, batch_size=64, lr=lr, reduction=reduction, threads=1
            )
            list(fit(vae, directions, settings))
        return vae

    return train


def test_spectrum_is_that_of_the_data(directions):
    spectrum = data_spectrum(directions.train)
    torch.testing.assert_close(spectrum[:5], VARIANCES, rtol=0.0, atol=1e-3)
    torch.testing.assert_close(spectrum[5:], torch.zeros(11).double(), rtol=0.0, atol=1e-4)


def test_spectrum_is_that_of_the_covariance_whatever_the_block(digits):
    """More images than one block; pixels that are the same in all images have eigenvalue 0."""
    split = digits.train.take(torch.arange(EVALUATION_BLOCK + 237) % len(digits.train))
    pixels = split.images.flatten(1).double()
    expected = torch.linalg.eigvalsh(pixels.T.cov(correction=0)).flip(0)
    torch.testing.assert_close(data_spectrum(split), expected, rtol=1e-5, atol=1e-6)


def test_directions_above_the_water_line_are_counted():
    spectrum = torch.tensor([5.0, 4.0, 1.0, 0.0])
    assert [directions_used(spectrum, s) for s in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)] == [
        *(3, 3, 2, 2, 1, 0)
    ]


@pytest.mark.parametrize(("variance", "n_used"), [(0.07, 3), (0.8, 0)])
def test_linear_vae_uses_the_directions_above_the_water_line(directions, trained, variance, n_used):
    """And each for 0.5 log(eigenvalue / sigma^2) nats, as probabilistic PCA does."""
    codes = encode_dataset(trained(variance, "sum/sum"), directions.test)
    assert directions_used(data_spectrum(directions.train), math.sqrt(variance)) == n_used
    assert int(active_units(codes).sum()) == n_used
    rate = 0.5 * float((VARIANCES[:n_used] / variance).log().sum())
    assert total_rate(codes) == pytest.approx(rate, abs=0.05)


@pytest.mark.parametrize(("name", "n_used"), [("sum/sum", 3), ("mean/sum", 0)])
def test_mean_over_pixels_collapses_a_model_that_the_sum_does_not(
    directions, trained, name, n_used
):
    """The same data, weights, sigma and noise; the mean is a sigma four times as large."""
    vae = trained(0.07, name)
    implied = over(name, vae).implied_sigma(math.sqrt(0.07))
    assert directions_used(data_spectrum(directions.train), implied) == n_used
    codes = encode_dataset(vae, directions.test)
    assert int(active_units(codes).sum()) == n_used
    pictures = vae.decode(codes.mean).mean.detach()
    distance = (pictures - directions.test.images.mean(0)).abs().max()  # from the mean picture
    if n_used:
        assert total_rate(codes) > 1.0
        assert distance > 0.2
    else:
        assert total_rate(codes) < 0.01
        assert distance < 0.05


@pytest.mark.parametrize("name", REDUCTIONS)
def test_the_total_correlation_is_weighed_as_the_rate_it_is_a_part_of(name):
    terms = elbo_terms(
        build_vae(tiny_model(), (1, 8, 8)), torch.rand(6, 1, 8, 8), generator=seeded()
    )
    reduction = Reduction.of(name, (1, 8, 8), (3,))
    reduced = Objective(tc_weight=2.0, n_images=20, reduction=reduction)(terms)
    beta = reduction.implied_beta
    plain = Objective(beta=beta, tc_weight=2.0 * beta, n_images=20)(terms)
    torch.testing.assert_close(reduced, reduction.distortion * plain)
