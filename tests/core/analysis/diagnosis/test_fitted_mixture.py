"""A mixture fitted to q(z) after training: a density, and a sampler with fewer holes."""

from __future__ import annotations

import math

import pytest
import torch

from tests.samples import seeded
from vae_core import Codes, ConfigError
from vae_core.analysis import gaussian_draws, holes
from vae_core.analysis.diagnosis.fitted_mixture import FittedMixture, fitted_holes


def two_clouds(n: int = 400) -> Codes:
    """Narrow posteriors in two far clouds, between which there is nothing."""
    side = 3.0 * (2.0 * (torch.arange(n) % 2) - 1.0)
    mean = torch.stack([side, torch.zeros(n)], 1) + 0.5 * torch.randn(n, 2, generator=seeded())
    params = torch.cat([mean, torch.full((n, 2), math.log(0.2**2))], 1)
    return Codes(params, torch.arange(n) % 2, "diagonal", (2,))


def test_samples_are_of_its_density_and_of_the_codes() -> None:
    codes = two_clouds()
    fitted = FittedMixture(codes, 2)
    z = fitted.sample(4000)
    assert z.shape == (4000, 2)
    assert z.dtype == codes.params.dtype
    assert torch.equal(z, FittedMixture(codes, 2).sample(4000))
    # its entropy by samples is that of two clouds of one variance each, half of the mass in either
    cloud = 0.5 * (2.0 * math.log(2.0 * math.pi * math.e) + 2.0 * math.log(0.5**2 + 0.2**2))
    assert -fitted.log_prob(z).mean().item() == pytest.approx(cloud + math.log(2.0), abs=0.1)
    assert (z[:, 0] > 0.0).float().mean().item() == pytest.approx(0.5, abs=0.05)


def test_it_has_fewer_holes_than_one_gaussian() -> None:
    codes = two_clouds()
    one = holes(codes).gaussian
    many = fitted_holes(codes)
    assert one.value > 0.2
    assert many.value < 0.05
    assert gaussian_draws(codes, 10).shape == (10, 2)


def test_proportions_and_points_are_refused() -> None:
    for family, params in (("dirichlet", torch.zeros(5, 3)), ("delta", torch.zeros(5, 3))):
        with pytest.raises(ConfigError, match="fitted where z lies in all of space"):
            FittedMixture(Codes(params, torch.zeros(5).long(), family, (3,)))
