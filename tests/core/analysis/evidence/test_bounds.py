"""Bounds of many images: what they bound, what pairing them is worth, and which images."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, kl_divergence

from tests.core.analysis.diagnosis.test_linear_vae import GAUSSIAN, ProbabilisticPCA
from tests.samples import seeded, tiny_model
from vae_core import ConfigError, Split, build_vae, evaluate
from vae_core.analysis import (
    ImageBounds,
    at_mean_no_bound,
    image_bounds,
    iwae_bound,
    random_images,
    summarise_bound,
)
from vae_core.analysis.estimates import median_estimate
from vae_core.analysis.evidence.bounds import APART, mean_and_error
from vae_core.evaluate import EVALUATION_BLOCK


def model_of(posterior: str = "diagonal", scale: float = 0.7) -> ProbabilisticPCA:
    """One whose encoder has means a little off, and `scale` times the true covariance."""
    model = ProbabilisticPCA.knowing(posterior)
    to_mean, covariance = model.truth()
    model.answer(0.8 * to_mean, scale * covariance)
    return model


def images(n: int = 200) -> Split:
    """Of 4 x 4 pixels. Bright ones are far from what the model expects: they score apart."""
    bright = torch.linspace(0.1, 1.0, n)[:, None, None, None]
    pixels = bright * 255 * torch.rand(n, 1, 4, 4, generator=seeded())
    return Split(pixels.to(torch.uint8), torch.zeros(n, dtype=torch.int64))


def of(split: Split) -> Tensor:
    return split.images.double()


@pytest.mark.parametrize("redraw", [False, True])
def test_elbo_is_the_same_whatever_the_proposal(digits, redraw):
    vae, split = build_vae(tiny_model(), digits.image_shape), replace(digits.test, redraw=redraw)
    own = image_bounds(vae, split, (1, 5), 1.0, 3, 2)
    for widen, steps in ((0.8, (1, 5)), (2.0, (1, 5)), (1.3, (7,))):
        other = image_bounds(vae, split, steps, widen, 3, 2)
        assert torch.equal(other.negative_elbo, own.negative_elbo)
        assert not torch.equal(other.negative_bounds[0], own.negative_bounds[0])


@pytest.mark.parametrize("n_samples", [1, 7])
def test_elbo_is_what_evaluate_says(digits, n_samples):
    """Of more images than one block."""
    vae = build_vae(tiny_model(), digits.image_shape)
    split = digits.test.take(torch.arange(EVALUATION_BLOCK + 37) % len(digits.test))
    summary = summarise_bound(vae, split, 3, 1.4, seed=5, n_samples=n_samples)
    assert summary.negative_elbo == pytest.approx(evaluate(vae, split, n_samples, 5).negative_elbo)


@pytest.mark.parametrize("posterior", GAUSSIAN)
def test_elbo_is_that_of_the_encoders_own_posterior(posterior):
    model, split = model_of(posterior), images(20)
    found = image_bounds(model.vae, split, (2,), 1.9, n_samples=1000).negative_elbo
    apart = mean_and_error(found - model.negative_elbo(of(split)))
    assert abs(apart[0]) < 5 * apart[1] < 0.2


def test_one_draw_is_the_elbo_of_the_encoders_posterior_and_of_no_other():
    """-E L_1 = -log p(x) + KL(r || p(z|x)), of the proposal."""
    model, split = model_of(), images(50)
    split = split.take(torch.arange(5000) % 50)
    own = image_bounds(model.vae, split, (1, 2))
    assert torch.equal(own.negative_bounds[0], own.negative_elbo)
    wide = image_bounds(model.vae, split, (1, 2), 1.5).negative_bounds[0]
    x, q = of(split), model.q(of(split))
    to_mean, covariance = model.truth()
    truth = MultivariateNormal((x.flatten(1) - model.bias) @ to_mean.T, covariance)
    r = MultivariateNormal(q.mean, scale_tril=1.5 * q.scale_tril)
    mean, error = mean_and_error(wide + model.log_p(x) - kl_divergence(r, truth))
    assert abs(mean) < 5 * error < 0.2
    assert float(wide.mean()) > float(own.negative_elbo.mean()) + 5 * error


@pytest.mark.parametrize("posterior", GAUSSIAN)
@pytest.mark.parametrize("widen", [1.0, 1.4])
def test_bounds_stay_above_minus_log_p_and_come_down_to_it(posterior, widen):
    model, split = model_of(posterior), images(100)
    found = image_bounds(model.vae, split, (1, 2, 10, 100), widen, n_samples=200)
    table = found.table()
    assert (table["gain"][1:] > 3 * table["gain_error"][1:]).all()
    above = [mean_and_error(b + model.log_p(of(split))) for b in found.negative_bounds]
    assert all(mean > -5 * error for mean, error in above)
    assert above[-1][0] < 0.02


def test_steps_are_groups_of_one_sample():
    """Which more draws of the same sample never make looser: the logarithm is concave."""
    model, split = model_of(), images(8)
    found = image_bounds(model.vae, split, (1, 3, 6, 7), 1.2, seed=2)
    assert found.steps == (1, 3, 6, 7)
    bound, ess = iwae_bound(model.vae, of(split), 7, 1.2, seeded(2 + APART))
    torch.testing.assert_close(found.negative_bounds[-1], -bound)
    torch.testing.assert_close(found.ess, ess)
    torch.testing.assert_close(found.at_mean, at_mean_no_bound(model.vae, of(split)))
    nested = image_bounds(model.vae, split, (1, 2, 4, 8, 16), 1.2).negative_bounds
    assert (nested.diff(dim=0) < 0).all()


def test_pairing_takes_off_as_much_error_as_the_bounds_correlate():
    """Var(a - b) = Var a + Var b - 2 Cov(a, b): nearly all is of how images differ."""
    found = image_bounds(model_of().vae, images(), (1, 10, 100), 1.2, n_samples=100)
    table, n = found.table(), 200
    pairs = [(found.negative_elbo, b, "gap_error", k) for k, b in enumerate(found.negative_bounds)]
    pairs += [(*found.negative_bounds[k - 1 : k + 1], "gain_error", k) for k in (1, 2)]
    for one, other, column, row in pairs:
        covariance = torch.stack([one, other]).cov() / n
        apart = float(covariance.trace())
        assert table[column][row] ** 2 == pytest.approx(apart - 2.0 * float(covariance[0, 1]))
        assert table[column][row] < 0.2 * math.sqrt(apart)
    assert table["gain"].isna().tolist() == [True, False, False]
    assert table["gap"].diff()[1:].tolist() == pytest.approx(table["gain"][1:].tolist())


def test_error_of_a_gap_is_how_far_it_lies_from_the_truth():
    """Over many samples of images, the gap misses that of all of them by its error."""
    found = image_bounds(model_of().vae, images(4000), (1, 10), n_samples=20)
    gaps = found.negative_elbo - found.negative_bounds[-1]
    missed = []
    for sample in random_images(4000).split(100):
        mean, error = mean_and_error(gaps[sample])
        missed.append((mean - float(gaps.mean())) / error)
    assert float(torch.tensor(missed).square().mean()) == pytest.approx(1.0, abs=0.5)


def test_summary_is_of_the_most_draws():
    model, split = model_of(), images()
    found = image_bounds(model.vae, split, (1, 30), 1.2, 7, 3)
    summary, last = found.summary(), found.table().iloc[-1]
    assert (summary.n_images, summary.n_importance) == (200, 30)
    assert (summary.negative_bound, summary.bound_error) == tuple(last[1:3])
    assert (summary.gap, summary.gap_error) == tuple(last[3:5])
    assert summary.gap == pytest.approx(summary.negative_elbo - summary.negative_bound)
    assert (summary.at_mean, summary.at_mean_error) == mean_and_error(found.at_mean)
    assert summary.ess_median == pytest.approx(float(found.ess.sort().values[99:101].mean()))
    assert summary.ess_median_error == median_estimate(found.ess).standard_error > 0.0
    assert summary.n_few == int((found.ess < 10).sum())
    assert summary.n_heavy == int((found.pareto_k > 0.7).sum())
    assert summarise_bound(model.vae, split, 30, 1.2, 7, 3) == summary


def test_one_image_has_no_error_and_few_draws_no_tail():
    one = image_bounds(model_of().vae, images(1), (1, 4)).summary()
    errors = [getattr(one, f.name) for f in fields(one) if f.name.endswith("error")]
    assert len(errors) == 5
    assert all(map(math.isnan, errors))
    assert one.n_heavy is None


def test_a_posterior_far_too_narrow_has_heavy_weights():
    """At a fifth of the true width k is 1 - 1/25; from more than the true width, below 0."""
    split = images(40)
    narrow, wide = (image_bounds(model_of(scale=s).vae, split, (2000,)) for s in (1.0 / 25.0, 1.5))
    assert narrow.summary().n_heavy > 32
    assert wide.summary().n_heavy == 0
    assert narrow.summary().n_few > wide.summary().n_few == 0


def test_parts_join_to_the_whole():
    model, split = model_of(), images(30)
    parts = [
        image_bounds(model.vae, split.take(torch.arange(30)[part]), (1, 25), 1.1, seed)
        for seed, part in enumerate((slice(0, 20), slice(20, 30)))
    ]
    whole = ImageBounds.joined(parts)
    assert whole.negative_bounds.shape == (2, 30)
    assert whole.summary().n_images == 30
    for name in ("negative_elbo", "negative_bounds", "at_mean", "ess", "pareto_k"):
        sides = [getattr(part, name) for part in parts]
        assert torch.equal(getattr(whole, name), torch.cat(sides, -1))
    x = of(split)
    torch.testing.assert_close(whole.at_mean, at_mean_no_bound(model.vae, x))


def test_images_are_a_random_sample_and_more_of_them_hold_the_fewer():
    order = random_images(10_000)
    assert torch.equal(order.sort().values, torch.arange(10_000))
    assert torch.equal(order, random_images(10_000))
    assert not torch.equal(order, random_images(10_000, seed=1))
    assert abs(float(order[:100].double().mean()) - 5000) < 5 * 2887 / 10  # not the first ones


@pytest.mark.parametrize("steps", [(), (2, 1), (3, 3), (0,), (1, 10**9)])
def test_numbers_of_draws_that_make_no_sense_are_refused(steps):
    with pytest.raises(ConfigError, match=r"rising numbers of draws|n_importance must be"):
        image_bounds(model_of().vae, images(2), steps)


def test_bounds_of_a_point_mass_and_absurd_samples_are_refused(digits):
    point = build_vae(tiny_model(posterior="delta"), digits.image_shape)
    with pytest.raises(ConfigError, match="point mass has no density"):
        image_bounds(point, digits.test, (1, 5))
    with pytest.raises(ConfigError, match="n_samples must be from 1 to 100000; got 0"):
        image_bounds(model_of().vae, images(2), (1,), n_samples=0)
