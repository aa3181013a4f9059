"""Distortion against sigma: the closed form is what the likelihood says, and where it is lowest."""

from __future__ import annotations

import math

import pytest
import torch

from vae_core import ConfigError, ModelConfig, build_vae
from vae_core.analysis import Estimate, sigma_curve
from vae_core.analysis.estimates import mean_estimate


def scores(sigma: float, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """−log p(x|z) of a decoder with this sigma and weights of one seed, float64."""
    torch.manual_seed(0)
    config = ModelConfig(
        hidden=(5,), latent_shape=(2,), likelihood="gaussian", sigma="fixed", sigma_value=sigma
    )
    vae = build_vae(config, (1, 4, 4)).double()
    with torch.no_grad():
        return -vae.decode(z).log_prob(x)


def test_one_measurement_tells_the_distortion_at_every_sigma_with_its_error() -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(50, 1, 4, 4, generator=generator, dtype=torch.float64)
    z = torch.randn(50, 2, generator=generator, dtype=torch.float64)
    curve = sigma_curve(16, 0.3, mean_estimate(scores(0.3, x, z)))
    for sigma in (0.05, 0.3, 2.0):
        there, measured = curve.at(sigma), mean_estimate(scores(sigma, x, z))
        assert there.value == pytest.approx(measured.value, rel=1e-6)
        assert there.standard_error == pytest.approx(measured.standard_error, rel=1e-6)
        row = curve.table([sigma]).iloc[0]
        assert row["log_part"] + row["error_part"] == pytest.approx(row["distortion"])


def test_the_best_sigma_is_the_root_of_the_mean_squared_error_and_lowest() -> None:
    curve = sigma_curve(100, 0.5, Estimate(40.0, 1.0))
    best = curve.best.value
    assert best**2 == pytest.approx(curve.mse.value)
    for factor in (0.9, 0.999, 1.001, 1.1):
        assert curve.at(best * factor).value > curve.at(best).value
    step = 1e-4  # of the errors, by differences
    more = sigma_curve(100, 0.5, Estimate(40.0 + step)).best.value
    assert curve.best.standard_error == pytest.approx((more - best) / step, rel=1e-3)


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan, math.inf])
def test_a_sigma_that_is_none_is_refused(sigma: float) -> None:
    with pytest.raises(ConfigError, match="above 0"):
        sigma_curve(4, 1.0, Estimate(1.0)).at(sigma)
