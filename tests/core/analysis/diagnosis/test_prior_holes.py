"""Draws that no image was encoded to, and the norms of codes: against known distributions."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.distributions import MixtureSameFamily, Normal

from tests.core.posteriors.families import WITH_DENSITY, random_params
from tests.samples import LATENTS, seeded
from vae_core import Dataset
from vae_core.analysis import (
    Codes,
    class_draws,
    codes_in_shell,
    gaussian_draws,
    holes,
    nearest_distance,
)
from vae_core.analysis.diagnosis.prior_holes import FITTED_TO, HOLE
from vae_core.config import POSTERIORS
from vae_core.errors import ConfigError


def codes_of(mu: torch.Tensor, sigma: float) -> Codes:
    params = torch.cat([mu, torch.full_like(mu, 2.0 * math.log(sigma))], -1)
    return Codes(params, torch.zeros(len(mu), dtype=torch.long), "diagonal", tuple(mu.shape[1:]))


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("family", list(POSTERIORS))
def test_the_gaussian_has_the_moments_of_what_it_is_fitted_to(
    family: str, latent: tuple[int, ...]
) -> None:
    codes = Codes(random_params(family, latent, 300), torch.zeros(300).long(), family, latent)
    known = class_draws(codes, FITTED_TO).mean.flatten(1)
    z = gaussian_draws(codes, 3000).flatten(1)
    variance = float(known.var(0).max())
    torch.testing.assert_close(z.mean(0), known.mean(0), atol=0.1 * variance**0.5, rtol=0)
    torch.testing.assert_close(z.T.cov(), known.T.cov(), atol=0.13 * variance, rtol=0)


@pytest.mark.parametrize("sigma", [0.2, 0.5])
def test_the_holes_between_two_lumps_are_an_integral(sigma: float) -> None:
    mu = torch.tensor([-1.5, 1.5]).double().repeat(50)[:, None]
    found = holes(codes_of(mu, sigma), 4000)
    z = torch.linspace(-8, 8, 8001, dtype=torch.float64)
    lumps = Normal(torch.tensor([-1.5, 1.5]).double(), sigma)
    q = MixtureSameFamily(torch.distributions.Categorical(torch.ones(2)), lumps).log_prob(z)
    for origin, share in ((1.0, found.prior), (math.hypot(1.5, sigma), found.gaussian)):
        density = Normal(0.0, origin).log_prob(z)
        known = float(density.exp()[q < density - HOLE].sum() * (z[1] - z[0]))
        assert share.value == pytest.approx(known, abs=0.04)
        assert abs(share.value - known) < 4 * share.standard_error
    assert found.prior.value > 0.1


def test_where_all_posteriors_make_up_the_prior_there_is_no_hole() -> None:
    found = holes(codes_of(torch.zeros(50, 3), 1.0))
    assert (found.prior.value, found.gaussian.value, found.saturated) == (0.0, 0.0, False)


def test_too_few_images_tell_nothing_of_holes() -> None:
    found = holes(codes_of(3.0 * torch.randn(100, 20, generator=seeded()), 0.05))
    assert found.saturated
    assert math.isnan(found.prior.value)
    assert math.isnan(found.gaussian.value)


def test_a_gaussian_over_more_numbers_than_draws_is_flat() -> None:
    many = holes(codes_of(torch.zeros(9, FITTED_TO), 1.0), 20)  # more numbers than draws span
    assert (many.prior.value, many.saturated) == (0.0, False)
    assert math.isnan(many.gaussian.value)


@pytest.mark.parametrize("family", WITH_DENSITY)
def test_every_density_has_its_holes(family: str) -> None:
    codes = Codes(random_params(family, (2,), 300), torch.zeros(300).long(), family, (2,))
    found = holes(codes, 500)
    assert 0.0 <= found.prior.value < 1.0
    assert math.isnan(found.gaussian.value) == (not codes.family.is_additive)


def test_points_have_no_holes_to_tell_of() -> None:
    with pytest.raises(ConfigError, match="no density"):
        holes(Codes(torch.zeros(5, 2), torch.zeros(5).long(), "delta", (2,)))


def test_the_nearest_image_is_the_nearest(digits: Dataset) -> None:
    pictures = torch.rand(6, 1, 8, 8, generator=seeded())
    apart = (pictures[:, None] - digits.train.images).square().mean((2, 3, 4)).sqrt()
    torch.testing.assert_close(nearest_distance(pictures, digits.train), apart.min(1).values)
    itself = nearest_distance(digits.train.images[:5], digits.train)
    torch.testing.assert_close(itself, torch.zeros(5), atol=1e-3, rtol=0)


def test_the_nearest_of_many_images_may_be_the_first(digits: Dataset) -> None:
    """More than are compared at a time: the last ones are black, and nearest to nothing here."""
    black = torch.zeros(5000, *digits.image_shape, dtype=digits.train.pixels.dtype)
    pixels = torch.cat([digits.train.pixels, black])
    many = replace(digits.train, pixels=pixels, labels=torch.zeros(len(pixels)).long())
    found = nearest_distance(digits.train.images[:5], many)
    torch.testing.assert_close(found, torch.zeros(5), atol=1e-3, rtol=0)


def test_draws_lie_in_the_shell_and_means_need_not() -> None:
    at_prior = codes_in_shell(codes_of(torch.zeros(4000, 4, 4, 2), 1.0))
    assert at_prior.d == 32
    assert at_prior.inside_draws == pytest.approx(0.95, abs=0.015)
    assert at_prior.inside_means == 0.0
    assert (at_prior.norms["mean"] == 0.0).all()
    at_radius = codes_in_shell(codes_of(torch.full((9, 4), 1.0), 1e-6))
    assert at_radius.inside_draws == at_radius.inside_means == 1.0
    np.testing.assert_allclose(at_radius.norms, 2.0, atol=1e-4)


@pytest.mark.parametrize("family", list(POSTERIORS))
def test_only_a_normal_prior_has_the_shell(family: str) -> None:
    codes = Codes(random_params(family, (3,), 20), torch.zeros(20).long(), family, (3,))
    if family in ("laplace", "dirichlet", "delta", "codebook"):
        with pytest.raises(ConfigError, match="Choose a Gaussian posterior"):
            codes_in_shell(codes)
    else:
        assert codes_in_shell(codes, 100).d == 3
