"""Statistics of channels: against draws of z, and by the law of total variance."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.core.analysis.test_tables import codes_of
from tests.samples import LATENTS, seeded
from vae_core.analysis import Codes, channel_statistics, rate_table
from vae_core.config import POSTERIORS


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("posterior", POSTERIORS)
def test_mean_and_spread_are_those_of_draws_of_z(posterior, latent):
    codes = codes_of(posterior, latent)
    table, channels = channel_statistics(codes), latent[-1]
    assert table["channel"].tolist() == ["c0", "c1", "c2", "all"]
    q = codes.posterior()
    z = q.sample((4000,), seeded()).double().reshape(-1, channels)
    error = z.std(0) / math.sqrt(4000)  # of at most: draws of other images and cells count, too
    off = np.abs(z.mean(0).numpy() - table["mean"][:-1])
    np.testing.assert_array_less(off, 5 * error.numpy())
    np.testing.assert_allclose(table["std"][:-1], z.std(0), rtol=0.02)
    np.testing.assert_allclose(table["std"].iloc[-1], z.std(), rtol=0.02)
    np.testing.assert_allclose(table["mean"].iloc[-1], table["mean"][:-1].mean(), atol=1e-12)


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_total_variance_is_within_plus_between(posterior):
    codes = codes_of(posterior, (2, 2, 3))
    table = channel_statistics(codes)[:-1]
    within = codes.variance.double().mean((0, 1, 2))
    between = codes.mean.double().flatten(0, 2).var(0, correction=0)
    np.testing.assert_allclose(table["std"] ** 2, within + between, rtol=1e-9)
    np.testing.assert_allclose(table["mu_std"] ** 2, between, rtol=1e-9)


def test_of_a_vector_they_are_the_two_variances_of_each_dimension():
    codes = codes_of("diagonal", (3,))
    table, rates = channel_statistics(codes)[:-1], rate_table(codes)
    total = rates["mean_variance"] + rates["posterior_variance"]
    np.testing.assert_allclose(table["std"] ** 2, total, rtol=1e-5)


def test_the_factor_makes_the_spread_of_simulated_gaussians_1():
    """mu ~ N(m_c, s_c^2) in each cell, sigma = 2: the spread is sqrt(s_c^2 + 4)."""
    place, spread = torch.tensor([1.0, -3.0]), torch.tensor([0.5, 3.0])
    mu = place + spread * torch.randn(2000, 4, 4, 2, generator=seeded())
    params = torch.cat([mu, torch.full_like(mu, math.log(4.0))], -1)
    codes = Codes(params, torch.zeros(2000, dtype=torch.int64), "diagonal", (4, 4, 2))
    table = channel_statistics(codes)
    np.testing.assert_allclose(table["mean"], [1.0, -3.0, -1.0], atol=0.1)
    expected = np.sqrt([4.25, 13.0, (4.25 + 13.0) / 2 + 4.0])  # together: and between the means
    np.testing.assert_allclose(table["std"], expected, rtol=0.02)
    np.testing.assert_allclose(table["std"] * table["scale"], 1.0)
    np.testing.assert_allclose(table["mu_std"][:-1], [0.5, 3.0], rtol=0.02)
    z = codes.posterior().sample((), seeded(1)).flatten(0, 2) * torch.tensor(table["scale"][:-1])
    np.testing.assert_allclose(z.std(0), 1.0, rtol=0.02)


def test_where_nothing_varies_the_factor_is_infinite():
    codes = Codes(torch.zeros(5, 2), torch.zeros(5, dtype=torch.int64), "delta", (2,))
    table = channel_statistics(codes)
    assert np.isinf(table["scale"]).all()
    assert (table["std"] == 0.0).all()
