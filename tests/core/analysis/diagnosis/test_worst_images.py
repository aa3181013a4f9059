"""The images that a model explains worst: in order, and how far they are from the others."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.samples import seeded, tiny_model
from vae_core import ConfigError, ImageTerms, build_vae, elbo_terms, encode_dataset, evaluate_images
from vae_core.analysis import Codes, Spread, draw_deviation, worst_images
from vae_core.analysis.diagnosis.worst_images import TERMS

N = 200


def simulated(family: str = "diagonal") -> tuple[Codes, ImageTerms]:
    distortion = 100 + 10 * torch.randn(N, generator=seeded(1), dtype=torch.float64)
    rate = 20 + torch.randn(N, generator=seeded(2), dtype=torch.float64)
    if family == "delta":
        rate = torch.full_like(rate, math.inf)
    codes = Codes(
        torch.zeros(N, 4 if family == "diagonal" else 2), torch.arange(N) % 10, family, (2,)
    )
    return codes, ImageTerms(distortion, rate, 1)


@pytest.mark.parametrize("by", TERMS)
def test_the_worst_come_first_with_their_terms(by):
    codes, terms = simulated()
    table, nats = worst_images(codes, terms, by, 12), getattr(terms, by)
    assert len(table) == 12
    assert table[by].tolist() == nats.sort(descending=True).values[:12].tolist()
    assert table[by].min() >= nats[np.setdiff1d(np.arange(N), table["index"])].max().item()
    assert table["label"].tolist() == (table["index"] % 10).tolist()
    np.testing.assert_array_equal(table["negative_elbo"], table["distortion"] + table["rate"])
    expected = (table[by] - nats.mean().item()) / nats.std().item()
    np.testing.assert_allclose(table["deviations"], expected)


def test_of_some_images_the_worst_are_told_by_their_place_in_the_split():
    codes, terms = simulated()
    some = codes.of_class(3)
    table = worst_images(some, terms, "distortion", 1000)
    assert sorted(table["index"]) == some.index.tolist()
    assert set(table["label"]) == {3}
    assert table["distortion"].is_monotonic_decreasing


def test_images_with_the_same_keep_their_order_and_lie_nowhere():
    codes, terms = simulated()
    same = ImageTerms(torch.ones_like(terms.distortion), terms.rate, 1)
    table = worst_images(codes, same, "distortion", 3)
    assert table["index"].tolist() == [0, 1, 2]
    assert table["deviations"].isna().all()


def test_an_auto_encoder_is_ordered_by_distortion_only():
    codes, terms = simulated("delta")
    assert worst_images(codes, terms, "distortion", 5)["distortion"].is_monotonic_decreasing
    for by in ("rate", "negative_elbo"):
        with pytest.raises(ConfigError, match="order images of this model by distortion"):
            worst_images(codes, terms, by, 5)
    with pytest.raises(ConfigError, match="expected a term of negative_elbo, distortion, rate; "):
        worst_images(codes, terms, "luck", 5)


def test_the_spread_is_that_of_the_values():
    spread = Spread.of(torch.tensor([1.0, 2.0, 6.0, 11.0], dtype=torch.float64))
    values = [1.0, 2.0, 6.0, 11.0]
    assert (spread.mean.value, spread.median.value) == (5.0, 4.0)
    assert spread.deviation == pytest.approx(np.std(values, ddof=1))
    assert spread.mean.standard_error == pytest.approx(spread.deviation / 2)
    assert math.isnan(Spread.of(torch.ones(1)).mean.standard_error)
    assert math.isnan(spread.median.standard_error)
    assert Spread.of(torch.arange(100.0)).median.standard_error == 5.25  # 39.5 ... 60.5


def test_the_error_of_a_draw_is_the_spread_of_evaluations_with_other_seeds(digits):
    vae, index = build_vae(tiny_model(), digits.image_shape), torch.tensor([5, 80])
    found = draw_deviation(vae, digits.test, index, 2000)
    many = [evaluate_images(vae, digits.test, seed=k).distortion[index] for k in range(150)]
    np.testing.assert_allclose(found, torch.stack(many).std(0), rtol=0.2)


def test_a_point_has_no_error_of_a_draw(digits):
    vae = build_vae(tiny_model(posterior="delta"), digits.image_shape)
    assert (draw_deviation(vae, digits.test, torch.tensor([0, 7]), 4) < 1e-4).all()


def test_worst_of_a_model_are_those_whose_own_terms_are_highest(digits):
    vae = build_vae(tiny_model(posterior="delta"), digits.image_shape)
    codes, terms = encode_dataset(vae, digits.test), evaluate_images(vae, digits.test)
    (first,) = worst_images(codes, terms, "distortion", 1)["index"]
    each = elbo_terms(vae, digits.test.images).distortion
    assert first == each.argmax().item()
