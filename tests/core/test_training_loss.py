"""The loss of a batch: the ELBO's, the importance-weighted bound, and both of its gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.core.posteriors.families import WITH_OWN_PRIOR
from tests.samples import LATENTS, assert_mean_is, seeded, tiny_model
from vae_core import (
    VAE,
    ConfigError,
    Dataset,
    ModelConfig,
    Objective,
    Run,
    RunConfig,
    TrainConfig,
    build_vae,
    elbo_terms,
    evaluate,
    fit,
)
from vae_core.analysis import iwae_bound
from vae_core.cli import report
from vae_core.config import GRADIENTS, POSTERIORS
from vae_core.training_loss import TrainingLoss, importance_weighted_loss

WITH_DENSITY = [name for name, kind in POSTERIORS.items() if kind.has_density]
N = 100  # times that gradients of single draws are averaged
X = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def vae_of(posterior: str = "diagonal", latent: tuple[int, ...] = (3,), **settings: object) -> VAE:
    config = tiny_model(latent, posterior=posterior, **settings)
    return build_vae(config, (1, 8, 8)).double()


def gradient(loss: Tensor, vae: VAE) -> tuple[Tensor, Tensor]:
    """With respect to the encoder's weights, and to all others, each as one vector."""
    vae.zero_grad()
    loss.backward()
    encoder = [*vae.encoder.parameters()]
    rest = [*vae.decoder.parameters(), *vae.likelihood.parameters()]
    return tuple(torch.cat([p.grad.flatten() for p in some]) for some in (encoder, rest))


@pytest.mark.parametrize("posterior", WITH_DENSITY)
@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("k", [1, 7])
def test_loss_is_the_bound_of_the_analysis_on_the_same_draws(
    posterior: str, latent: tuple[int, ...], k: int
) -> None:
    vae = vae_of(posterior, latent)
    bound = iwae_bound(vae, X, k, generator=seeded()).bound
    for name in GRADIENTS:
        loss = importance_weighted_loss(vae, X, k, name, seeded())
        torch.testing.assert_close(loss.detach(), -bound.mean())


@pytest.mark.parametrize("posterior", WITH_OWN_PRIOR)
def test_with_one_draw_the_loss_is_the_objective_of_the_elbo_to_the_bit(posterior: str) -> None:
    vae, config = vae_of(posterior), TrainConfig(beta=2.0, warmup_epochs=3)
    loss = TrainingLoss.of(config, vae, 96)(vae, X, epoch=2, generator=seeded())
    terms = elbo_terms(vae, X, generator=seeded())
    assert torch.equal(loss, Objective.of(config, vae, 96)(terms, epoch=2))


def many(one: Callable[[int], tuple[Tensor, ...]], n: int = N) -> list[Tensor]:
    """The values of `one` for so many seeds, each (n, ...)."""
    return [torch.stack(values) for values in zip(*map(one, range(n)), strict=True)]


@pytest.mark.parametrize("posterior", WITH_DENSITY)
def test_the_bound_of_one_draw_is_the_elbo_in_value_and_gradient(posterior: str) -> None:
    """In expectation: it estimates by the draw what the ELBO's KL has in closed form."""
    vae, x = vae_of(posterior, hidden=()), X.repeat(30, 1, 1, 1)

    def apart(seed: int) -> tuple[Tensor, ...]:
        bound = importance_weighted_loss(vae, x, 1, "standard", seeded(seed))
        elbo = elbo_terms(vae, x, generator=seeded(1000 + seed)).negative_elbo.mean()
        pairs = zip(gradient(bound, vae), gradient(elbo, vae), strict=True)
        return bound.detach() - elbo.detach(), *(one - other for one, other in pairs)

    for difference in many(apart):
        assert_mean_is(torch.zeros(()), difference, slack=1e-9)


@pytest.mark.parametrize("posterior", WITH_DENSITY)
def test_doubly_reparameterised_gradient_has_the_mean_of_the_standard_one(posterior: str) -> None:
    vae, x = vae_of(posterior, hidden=()), X.repeat(30, 1, 1, 1)

    def both(seed: int) -> tuple[Tensor, ...]:
        standard = gradient(importance_weighted_loss(vae, x, 3, "standard", seeded(seed)), vae)
        dreg = gradient(importance_weighted_loss(vae, x, 3, "dreg", seeded(seed)), vae)
        torch.testing.assert_close(dreg[1], standard[1])  # the decoder's, draw by draw
        return standard[0] - dreg[0], standard[0]

    difference, standard = many(both)
    assert_mean_is(torch.zeros(()), difference, slack=1e-9)
    assert (standard.mean(0).abs() > 5 * standard.std(0) / math.sqrt(N)).any()  # none is 0


def with_true_posterior(sigma: float = 0.7) -> VAE:
    """A linear Gaussian VAE whose encoder gives the true posterior of every image.

    x = W z + b + sigma eps: p(z|x) = N(W^T (x - b) / m, sigma^2 / m), m = W^T W + sigma^2.
    """
    vae = vae_of(latent=(1,), hidden=(), likelihood="gaussian", sigma_value=sigma)
    weight, bias = vae.decoder.parameters()
    with torch.no_grad():
        scale = float(weight.square().sum()) + sigma**2
        to_params, from_zero = vae.encoder.parameters()
        to_params.copy_(torch.cat([weight.T / scale, torch.zeros_like(weight.T)]))
        from_zero[0] = -(weight[:, 0] @ bias) / scale
        from_zero[1] = math.log(sigma**2 / scale)
    return vae


def test_at_the_true_posterior_every_doubly_reparameterised_gradient_is_zero() -> None:
    """All weights are p(x) there: nothing is left to learn, and this gradient has no noise."""
    vae = with_true_posterior()
    loss = importance_weighted_loss(vae, X, 5, "dreg", seeded())
    torch.testing.assert_close(loss, importance_weighted_loss(vae, X, 5, "dreg", seeded(1)))
    encoder, decoder = gradient(loss, vae)
    assert encoder.abs().max() < 1e-7 < decoder.abs().max()  # sigma is rounded to float32
    noisy, _ = gradient(importance_weighted_loss(vae, X, 5, "standard", seeded()), vae)
    assert noisy.abs().max() > 1e-3


@pytest.mark.parametrize("name", GRADIENTS)
def test_training_tightens_the_bound_and_the_records_are_the_elbos(
    digits: Dataset, name: str
) -> None:
    vae = build_vae(tiny_model(), digits.image_shape)
    before = iwae_bound(vae, digits.test.images, 5, generator=seeded()).bound.mean()
    config = TrainConfig(epochs=10, batch_size=32, importance=5, gradient=name, threads=1)
    *_, last = fit(vae, digits, config)
    assert iwae_bound(vae, digits.test.images, 5, generator=seeded()).bound.mean() > before + 1.0
    result = evaluate(vae, digits.test)
    assert (last.test_distortion, last.test_rate) == (result.distortion, result.rate)


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ({"beta": 2.0}, "set beta 1.0, or importance 1"),
        ({"beta": 2.0, "free_bits": 0.1}, "set beta 1.0 and free-bits 0.0, or"),
        ({"warmup_epochs": 1}, "set warmup-epochs 0"),
        ({"tc_weight": 1.0}, "set tc-weight 0.0"),
        ({"reduction": "mean/sum"}, "set reduction sum/sum"),
    ],
)
def test_what_weighs_the_terms_of_the_elbo_is_refused(
    train: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=f"^importance: .*no sum of a distortion.*{message}"):
        TrainConfig(importance=5, **train)
    TrainConfig(importance=5)
    TrainConfig(**train)


def test_the_command_line_tells_the_bound_and_that_the_scores_are_the_elbos(
    finished_run: Run,
) -> None:
    assert "Trained on" not in " ".join(report.notes(finished_run))
    train = replace(finished_run.config.train, importance=8, gradient="dreg")
    run = replace(finished_run, config=replace(finished_run.config, train=train))
    assert report.notes(run)[0] == (
        "Trained on the importance-weighted bound of 8 draws with doubly reparameterised "
        "gradients; these numbers are those of the ELBO."
    )


def test_its_gradient_is_refused_without_it() -> None:
    with pytest.raises(ConfigError, match=r"^gradient dreg .* set importance above 1"):
        TrainConfig(gradient="dreg")


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_a_family_whose_draws_cannot_be_weighted_is_refused(posterior: str) -> None:
    model, train = ModelConfig(posterior=posterior), TrainConfig(importance=5)
    if posterior in WITH_DENSITY:
        assert RunConfig(model=model, train=train).train.importance == 5
    else:
        with pytest.raises(ConfigError, match=r"^importance: .* no density.* set it to 1"):
            RunConfig(model=model, train=train)


def test_the_analytic_sigma_is_refused() -> None:
    model = ModelConfig(likelihood="gaussian", sigma="analytic")
    with pytest.raises(ConfigError, match=r"^importance: the analytic sigma .* sigma learned"):
        RunConfig(model=model, train=TrainConfig(importance=5))
    RunConfig(model=ModelConfig(sigma="analytic"), train=TrainConfig(importance=5))  # has none
