"""256 grey levels, each with a probability: sums instead of integrals."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tests.core.likelihoods.test_likelihoods import likelihood, output, pictures
from tests.samples import seeded
from vae_core.likelihoods.logistic import LEVELS, LOG_SCALE_MAX, LOG_SCALE_MIN, LogisticPixels

FAMILY = likelihood("discretised-logistic")
GRID = torch.arange(LEVELS, dtype=torch.float64) / (LEVELS - 1)
dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def pixels(loc: Tensor, log_scale: Tensor) -> LogisticPixels:
    """One-pixel images, one for every number of loc and of log_scale."""
    return FAMILY(torch.stack([loc, log_scale], dim=-1)[..., None, None])


def spread(dtype: torch.dtype) -> LogisticPixels:
    """Locations inside and far outside [0, 1], with every scale up to and past the limits."""
    inside = torch.linspace(-0.2, 1.2, 57, dtype=torch.float64)
    loc = torch.cat([inside, torch.tensor([-1e4, -50.0, -2.0, 3.0, 50.0, 1e4]).double()])
    log_scale = torch.linspace(LOG_SCALE_MIN - 2, LOG_SCALE_MAX + 2, 15, dtype=torch.float64)
    loc, log_scale = torch.meshgrid(loc, log_scale, indexing="ij")
    return pixels(loc.flatten().to(dtype), log_scale.flatten().to(dtype))


def log_masses(p: LogisticPixels) -> Tensor:
    """Of every level, (levels, images)."""
    return p.log_prob(GRID.to(p.loc.dtype).reshape(-1, 1, 1, 1, 1))


@dtypes
def test_masses_of_all_levels_add_up_to_one(dtype):
    total = log_masses(spread(dtype)).exp().sum(0)
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    torch.testing.assert_close(total, torch.ones_like(total), rtol=0.0, atol=tolerance)


@dtypes
def test_mass_is_finite_and_no_more_than_one(dtype):
    nats = log_masses(spread(dtype))
    assert nats.isfinite().all()
    assert nats.max() <= 0.0


@dtypes
def test_mean_is_the_levels_weighed_by_their_masses(dtype):
    p = spread(dtype)
    expected = GRID.to(dtype) @ log_masses(p).exp()
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    torch.testing.assert_close(p.mean.flatten(), expected, rtol=0.0, atol=tolerance)
    assert p.mean.min() >= 0.0
    assert p.mean.max() <= 1.0 + 1e-6


@given(st.floats(-0.5, 1.5), st.floats(-3, 3), st.integers(0, LEVELS - 1))
def test_mass_is_the_difference_of_two_sigmoids(loc, log_scale, k):
    """Where that difference is accurate; the first and the last level reach to infinity."""

    def rise(edge: float) -> float:
        return 1.0 / (1.0 + math.exp(-(edge - loc) / math.exp(log_scale)))

    below = rise((k - 0.5) / 255) if k > 0 else 0.0
    above = rise((k + 0.5) / 255) if k < 255 else 1.0
    p = pixels(torch.tensor([loc]).double(), torch.tensor([log_scale]).double())
    mass = log_masses(p)[k].exp().item()
    # loc and log_scale were rounded to single precision on their way
    assert mass == pytest.approx(above - below, rel=1e-4, abs=1e-9)


def test_mass_far_from_the_location_keeps_its_digits():
    """There the difference of sigmoids would be 0: it is the density times the bin's width."""
    scale = math.exp(-5.0)
    p = pixels(torch.zeros(1).double(), torch.full((1,), -5.0).double())
    nats, x = log_masses(p)[200].item(), 200 / 255
    assert 1.0 - torch.sigmoid(torch.tensor(x / scale)) == 0.0
    width = 2.0 * math.sinh(0.5 / 255 / scale)  # of the bin, in a tail that falls exponentially
    assert nats == pytest.approx(-x / scale + math.log(width), rel=1e-12)


def test_scale_is_limited():
    loc = torch.full((2,), 0.4, dtype=torch.float64)
    p = pixels(loc, torch.tensor([-1e6, 1e6], dtype=torch.float64))
    assert p.log_scale.flatten().tolist() == [LOG_SCALE_MIN, LOG_SCALE_MAX]


def test_decoder_says_locations_then_log_scales():
    y = output(FAMILY, 6)
    p = FAMILY(y)
    assert torch.equal(p.loc, y[:, :3])
    assert torch.equal(p.log_scale, y[:, 3:])


def test_an_image_is_read_as_the_nearest_levels():
    p, x = FAMILY(output(FAMILY, 6)), pictures(6)
    levels = (x * 255).round() / 255
    assert not torch.equal(levels, x)
    torch.testing.assert_close(p.log_prob(x), p.log_prob(levels))
    outside = torch.cat([x[:3] - 5, x[3:] + 5])
    assert torch.equal(p.log_prob(outside), p.log_prob(outside.clamp(0, 1)))


def test_bytes_of_a_picture_are_levels():
    """As they come from a file: n / 255 in single precision."""
    p, n = FAMILY(output(FAMILY, dtype=torch.float32)), torch.arange(60) * 4 % 256
    picture = (n / 255).reshape(3, 4, 5)
    assert torch.equal(p.log_prob(picture), p.log_prob(picture + 0.4 / 255))
    assert not torch.equal(p.log_prob(picture), p.log_prob(picture + 0.6 / 255))


@pytest.mark.parametrize(("loc", "log_scale"), [(0.4, -3.0), (-0.1, -2.0), (1.3, 0.5), (0.5, 3.0)])
def test_draws_are_levels_as_often_as_their_mass_says(loc, log_scale):
    p = pixels(torch.tensor([loc]).double(), torch.tensor([log_scale]).double())
    x = p.sample((20_000,), seeded(0)).flatten()
    level = (x * 255).round().long()
    assert torch.equal(x, GRID[level])
    mass = log_masses(p).exp().flatten()
    counts = level.bincount(minlength=LEVELS).double()
    error = (20_000 * mass * (1 - mass)).sqrt()
    assert ((counts - 20_000 * mass).abs() <= 5 * error + 1).all()


def test_a_perfect_guess_costs_almost_nothing_and_ignorance_eight_bits():
    """-log p is a number of nats to write the level down: 8 ln 2 when nothing is known."""
    sure = pixels(GRID, torch.full_like(GRID, LOG_SCALE_MIN))
    cost = -log_masses(sure).diagonal()
    assert cost.max() < 0.3
    assert cost.min() > 0.0
    wide = pixels(torch.full((1,), 0.5).double(), torch.full((1,), LOG_SCALE_MAX).double())
    middle = -log_masses(wide)[1:-1]  # the first and the last take the tails
    assert middle.std() < 1e-3
    assert middle.min() > 8 * math.log(2)
