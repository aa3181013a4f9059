"""Bits per dimension: of a code where there is one, and none where the likelihood is no density."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from tests.samples import seeded, tiny_run
from vae_core.config import BINARISATIONS, LIKELIHOODS
from vae_core.likelihoods import ContinuousBernoulliPixels, LogisticPixels
from vae_core.likelihoods.bits import (
    LEVEL_BITS,
    bits_per_dimension,
    score_in_bits,
    unit_note,
    why_negative,
)

SHAPE = (3, 8, 8)


def of(likelihood: str, binarisation: str = "grey", nats: float = 100.0) -> float | None:
    return score_in_bits(nats, pixels_of(likelihood, binarisation), SHAPE)


def pixels_of(likelihood: str, binarisation: str):
    config = tiny_run(likelihood=likelihood)
    return replace(config, data=replace(config.data, binarisation=binarisation))


def test_256_levels_of_the_same_probability_are_8_bits():
    assert bits_per_dimension(192 * math.log(256), SHAPE) == pytest.approx(8.0)


def test_a_code_of_levels_takes_no_fewer_bits_than_their_entropy():
    """Uniform levels, under a logistic that is nearly flat over them: 8 bits, and a little more."""
    levels = torch.randint(0, 256, (400, *SHAPE), generator=seeded()) / 255
    flat = LogisticPixels(torch.full(SHAPE, 0.5), torch.full(SHAPE, math.log(0.35)))
    bits = bits_per_dimension(-flat.log_prob(levels).mean().item(), SHAPE)
    assert 8.0 <= bits < 8.7


def test_a_density_and_the_width_of_a_level_are_the_mass_of_the_level():
    """Of pixels on [0, 1]: a uniform density has 0 bits, and its levels log2 255."""
    uniform = ContinuousBernoulliPixels(torch.zeros(SHAPE))
    assert bits_per_dimension(-uniform.log_prob(torch.rand(SHAPE)).item(), SHAPE) == 0.0
    assert pytest.approx(1 / 255) == 2**-LEVEL_BITS
    wide = torch.tensor(0.3, dtype=torch.float64)
    one = torch.zeros((1, 1, 1), dtype=torch.float64)
    level = -LogisticPixels(one + 0.5, one + wide.log()).log_prob(one + 100 / 255) / math.log(2)
    t = (100 / 255 - 0.5) / wide  # the density of that logistic, at the level's middle
    density = -(torch.sigmoid(t) * torch.sigmoid(-t) / wide).log2()
    assert level.item() == pytest.approx(density.item() + LEVEL_BITS, abs=1e-4)


@pytest.mark.parametrize("binarisation", BINARISATIONS)
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_only_the_bernoulli_of_grey_pixels_has_no_bits(likelihood, binarisation):
    bits = of(likelihood, binarisation)
    if (likelihood, binarisation) == ("bernoulli", "grey"):
        assert bits is None
    else:
        assert bits == pytest.approx(100.0 / (192 * math.log(2)))


def test_an_infinite_rate_is_no_number_of_bits():
    assert of("gaussian", nats=math.inf) is None


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_the_note_says_of_densities_alone_that_their_bits_are_differential(likelihood):
    is_density = likelihood in ("gaussian", "continuous-bernoulli")
    assert LIKELIHOODS[likelihood].is_density == is_density
    note = unit_note(pixels_of(likelihood, "grey"))
    assert ("differential" in note) == ("log₂ 255 = 7.99 more" in note) == is_density
    assert "7.99" not in unit_note(pixels_of(likelihood, "static"))


def test_what_is_negative_is_explained():
    assert why_negative() == why_negative(0.0, 3.0, math.inf) == ""
    assert "is a density, which may exceed 1" in why_negative(3.0, -0.5)
