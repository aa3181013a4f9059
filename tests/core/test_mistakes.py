"""Mistakes on purpose: what the wrong code computes, and that nothing else does."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from tests.samples import LATENTS, assert_mean_is, seeded, tiny_model, tiny_run
from vae_core import (
    VAE,
    ConfigError,
    DataConfig,
    Dataset,
    ModelConfig,
    Objective,
    RunConfig,
    RunStore,
    TrainConfig,
    build_vae,
    elbo_terms,
    evaluate,
    fit,
)
from vae_core.analysis import drawn_loss, reported_loss
from vae_core.comparison import Obstacle, comparable, obstacle
from vae_core.config import MISTAKES, POSTERIORS
from vae_core.mistakes import NOISES, RATES, mistaken_terms
from vae_core.objective import Reduction
from vae_core.training_loss import TrainingLoss

WRONG = MISTAKES[1:]
X = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def vae_of(latent: tuple[int, ...] = (3,), posterior: str = "diagonal") -> VAE:
    return build_vae(tiny_model(latent, posterior=posterior), (1, 8, 8)).double()


def test_every_mistake_is_in_the_noise_or_in_the_kl() -> None:
    assert {*NOISES, *RATES} == set(WRONG)


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_terms_are_those_of_the_wrong_line_written_out(
    mistake: str, latent: tuple[int, ...]
) -> None:
    vae = vae_of(latent)
    terms = mistaken_terms(vae, X, mistake, seeded())
    q, eps = vae.encode(X), torch.randn(6, *latent, generator=seeded(), dtype=torch.float64)
    mu, logvar, sigma = q.loc, q.logvar, q.variance.sqrt()
    z = {
        "seed-noise": mu + torch.log(0.5 * sigma) * eps,
        "exp-logvar": mu + torch.exp(logvar) * eps,
    }.get(mistake, mu + sigma * eps)
    kl = {
        "sign-slip": (sigma.log() + (mu**2 + sigma**2 - 1.0) / 2.0).flatten(1).sum(1),
        "mean-kl": (-0.5 * (1.0 + logvar - mu**2 - logvar.exp())).flatten(1).mean(1),
    }.get(mistake, kl_divergence(q, vae.prior()))
    torch.testing.assert_close(terms.z, z)
    torch.testing.assert_close(terms.rate, kl)
    torch.testing.assert_close(terms.distortion, -vae.decode(z).log_prob(X))


def test_without_a_mistake_they_are_the_terms_of_the_elbo() -> None:
    terms, right = (f(vae_of(), X, *a) for f, a in (
        (mistaken_terms, ("none", seeded())), (elbo_terms, (1, seeded())),
    ))  # fmt: skip
    assert torch.equal(terms.negative_elbo, right.negative_elbo)


@pytest.mark.parametrize("latent", LATENTS)
def test_a_mean_kl_is_the_reduction_that_averages_it(latent: tuple[int, ...]) -> None:
    vae = vae_of(latent)
    loss = TrainingLoss(Objective(), mistake="mean-kl")(vae, X, generator=seeded())
    reduction = Reduction.of("sum/mean", vae.image_shape, latent)
    right = Objective(reduction=reduction)(elbo_terms(vae, X, generator=seeded()))
    torch.testing.assert_close(loss, right)


@pytest.mark.parametrize("mistake", ["seed-noise", "exp-logvar"])
def test_the_noise_that_a_wrong_line_adds_has_its_standard_deviation(mistake: str) -> None:
    vae = vae_of((1,))
    x = X[:1].expand(20_000, -1, -1, -1)
    z = mistaken_terms(vae, x, mistake, seeded()).z[:, 0].detach()
    sigma = vae.encode(X[:1]).variance.sqrt().detach()
    sd = (0.5 * sigma).log().abs() if mistake == "seed-noise" else sigma**2
    assert_mean_is(sd.square(), (z - vae.encode(X[:1]).loc[0].detach()).square())


@pytest.mark.parametrize("mistake", WRONG)
def test_records_and_metrics_are_those_of_the_right_code(digits: Dataset, mistake: str) -> None:
    vae = build_vae(tiny_model(), digits.image_shape)
    config = TrainConfig(epochs=5, batch_size=32, lr=1e-2, mistake=mistake, threads=1)
    *_, last = fit(vae, digits, config)
    result = evaluate(vae, digits.test)
    assert (last.test_distortion, last.test_rate) == (result.distortion, result.rate)
    right = reported_loss(vae, digits.test, "none")
    assert right.value == pytest.approx(result.negative_elbo)
    assert right.standard_error == pytest.approx(result.error)
    assert reported_loss(vae, digits.test, mistake).value != pytest.approx(right.value)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_a_wrong_code_draws_has_an_elbo_of_its_own(digits: Dataset, mistake: str) -> None:
    """Both have the same distortion, so they differ by what the two take for the KL."""
    vae = build_vae(tiny_model(), digits.image_shape)
    reported, drawn = (f(vae, digits.test, mistake) for f in (reported_loss, drawn_loss))
    q = vae.requires_grad_(False).encode(digits.test.images)
    sd = {"seed-noise": (q.scale / 2.0).log().abs(), "exp-logvar": q.scale**2}.get(mistake, q.scale)
    terms = mistaken_terms(vae, digits.test.images, mistake, seeded())
    kl = kl_divergence(Normal(q.loc, sd), Normal(0.0, 1.0)).sum(-1)
    assert drawn.value - reported.value == pytest.approx(float((kl - terms.rate).mean()), abs=1e-3)


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("data", ["digits", "mnist"])
def test_a_mistake_is_for_the_digits_and_a_diagonal_posterior_alone(
    posterior: str, data: str
) -> None:
    parts = DataConfig(data), ModelConfig(posterior=posterior), TrainConfig(mistake="mean-kl")
    if (data, posterior) == ("digits", "diagonal"):
        assert RunConfig(*parts).train.mistake == "mean-kl"
    else:
        ways = r"^mistake: .* set it to none, or choose (dataset|prior)"
        with pytest.raises(ConfigError, match=ways):
            RunConfig(*parts)


@pytest.mark.parametrize("setting", [{"beta": 2.0}, {"importance": 3}, {"reduction": "sum/mean"}])
def test_a_mistake_stands_alone(setting: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"^mistake: only the plain ELBO .*, or mistake none"):
        TrainConfig(mistake="sign-slip", **setting)


def test_a_family_without_these_formulas_is_refused() -> None:
    with pytest.raises(ConfigError, match="mistake: expected a diagonal Gaussian; got a Laplace"):
        mistaken_terms(vae_of(posterior="laplace"), X, "sign-slip")


def test_a_run_with_a_mistake_says_so_in_its_title_and_is_not_ranked(
    digits: Dataset, tmp_path
) -> None:
    config = tiny_run()
    right, wrong = (
        RunStore(tmp_path).create(replace(config, train=replace(config.train, mistake=mistake)))
        for mistake in ("none", "sign-slip")
    )
    for run in (right, wrong):
        list(run.train(digits))
    assert (right.has_mistake, wrong.has_mistake) == (False, True)
    assert wrong.title == f"{right.title} (mistake)"
    assert comparable(right, right)
    assert obstacle(right, wrong) is obstacle(wrong, right) is Obstacle.MISTAKE
    assert math.isfinite(wrong.metrics().negative_elbo)
