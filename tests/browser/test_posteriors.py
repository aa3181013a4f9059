"""The page's own q(z|x) and p(z) are those of vae_core.

The page reads the same float32 numbers and computes in double precision, so vae_core does here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch.distributions import constraints, kl_divergence

from tests.browser.probability import (
    GAUSSIAN,
    MAP,
    PLANES,
    Latent,
    ask,
    assert_same,
    covariance_of,
    encoded,
    families,
    family_of,
    latents,
    numbers,
)
from tests.core.posteriors.families import prior
from tests.samples import seeded
from vae_core.config import POSTERIORS
from vae_core.posteriors import kl_per_dim

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]
KEEPS_PAGE = True


def test_page_and_package_have_the_same_families(modules: Page) -> None:
    assert set(ask(modules, "return Object.keys(FAMILIES);")) == set(POSTERIORS)


@families
def test_what_is_true_of_a_family_is_so_in_the_page(name: str, modules: Page) -> None:
    got = ask(
        modules, "const {support, isRotationInvariant: r} = FAMILIES[name]; return [support, r];",
        name=name,
    )  # fmt: skip
    family = POSTERIORS[name]
    names = {constraints.simplex: "simplex", constraints.real_vector: "real"}
    assert got == [names[family.support], family.is_rotation_invariant]


@families
@latents
def test_posterior_is_that_of_the_package(name: str, latent: Latent, modules: Page) -> None:
    params = encoded(name, latent)
    q, p = family_of(name, params), prior(name, latent)
    z = torch.stack([q.sample((), seeded(1)), q.sample((), seeded(2))], 1)
    got = ask(
        modules,
        """
        return floats(params).map((row, i) => {
          const q = posterior(name, row, latent);
          const {mean, variance, klPerDim, kl} = q;
          const covariance = Array.from(mean, (_, j) => mean.map((_, k) => q.covariance(j, k)));
          return {mean, variance, covariance, klPerDim, kl, logProb: z[i].map((z) => q.logProb(z))};
        });
        """,
        name=name,
        latent=latent,
        params=params.flatten(1),
        z=z.flatten(2),
    )
    images = {key: [image[key] for image in got] for key in got[0]}
    assert_same(images["mean"], q.mean)
    assert_same(images["variance"], q.variance)
    assert_same(images["covariance"], torch.stack([covariance_of(name, row) for row in params]))
    assert_same(images["klPerDim"], kl_per_dim(q, p))
    assert_same(images["kl"], kl_divergence(q, p))
    if q.has_density:
        assert_same(images["logProb"], q.log_prob(z.movedim(1, 0)).T)
    else:
        assert numbers(images["logProb"]).isnan().all()


@families
def test_prior_is_that_of_the_package(name: str, modules: Page) -> None:
    p = prior(name, MAP)
    z = p.sample((5,), seeded(1))
    got = ask(
        modules,
        "const {mean, variance} = prior(name, latent);"
        "return {mean, variance, logProb: z.map((one) => prior(name, latent).logProb(one))};",
        name=name,
        latent=MAP,
        z=z.flatten(1),
    )
    assert_same(got["mean"], p.mean)
    assert_same(got["variance"], p.variance)
    assert_same(got["logProb"], p.log_prob(z))


@families
def test_kl_of_a_gaussian_marginal_is_location_and_width(name: str, modules: Page) -> None:
    params = encoded(name, MAP, n=1)
    got = ask(
        modules,
        "const {parts, klPerDim} = posterior(name, params, latent); return {parts, klPerDim};",
        name=name,
        latent=MAP,
        params=params.flatten(),
    )
    if name not in GAUSSIAN:
        assert got["parts"] is None
        return
    q = family_of(name, params)
    location, width = numbers(got["parts"]["location"]), numbers(got["parts"]["width"])
    assert_same(got["parts"]["location"], q.mean.square().flatten() / 2)
    assert_same(got["parts"]["width"], (q.variance - q.variance.log() - 1).flatten() / 2)
    assert_same(got["klPerDim"], location + width)


@families
def test_absurd_parameters_are_limited_as_in_the_package(name: str, modules: Page) -> None:
    """In float32, as models run: what torch keeps correlations from 1 by depends on it."""
    params = 60.0 * encoded(name, (3,), n=8).sign()
    q, p = POSTERIORS[name].from_params(params), POSTERIORS[name].prior((3,), params)
    mean, variance, kl = ask(
        modules,
        "const qs = floats(params).map((row) => posterior(name, row, [3]));"
        "return ['mean', 'variance', 'kl'].map((key) => qs.map((q) => q[key]));",
        name=name,
        params=params,
    )
    assert_same(mean, q.mean, rtol=1e-4)
    assert_same(variance, q.variance, rtol=1e-4, atol=0.0)
    assert_same(kl, kl_divergence(q, p), rtol=1e-4)


def test_posteriors_stay_when_their_parameters_are_written_over(modules: Page) -> None:
    """The engine answers every image in the same array."""
    for name in POSTERIORS:
        kept, changed = ask(
            modules,
            """
            return [false, true].map((isChanged) => {
              const row = Float32Array.from(params);
              const q = posterior(name, row, latent);
              if (isChanged) row.fill(9);
              return [q.mean, q.variance, q.klPerDim];
            });
            """,
            name=name,
            latent=MAP,
            params=encoded(name, MAP, n=1).flatten(),
        )
        assert kept == changed


@families
def test_a_number_moves_as_in_the_package(name: str, modules: Page) -> None:
    p, values = prior(name, MAP), numbers([0.0, 0.25, 1.0])
    corner = torch.zeros(MAP, dtype=torch.float64)
    corner[..., 0] = 1.0  # where the others of a simplex have nothing to share by
    for z in (p.sample((), seeded(3)), corner):
        got = ask(
            modules,
            "return z.map((_, j) => values.map((value) => move(name, z, latent, j, value)));",
            name=name,
            latent=MAP,
            z=z.flatten(),
            values=values,
        )
        expected = [POSTERIORS[name].move(z, j, values) for j in range(z.numel())]
        assert_same(got, torch.stack(expected))


@families
def test_moments_of_two_numbers_are_those_of_the_posteriors(name: str, modules: Page) -> None:
    for latent, axes in [*PLANES, ((5,), (3, 3))]:
        params = encoded(name, latent, n=7)
        got = ask(
            modules,
            "return moments(name, Float32Array.from(params), 7, latent, axes);",
            name=name,
            latent=latent,
            axes=axes,
            params=params.flatten(),
        )
        (j, k), mean = axes, family_of(name, params).mean.flatten(1)
        covariance = torch.stack([covariance_of(name, row) for row in params])
        assert_same(got["x"], mean[:, j])
        assert_same(got["y"], mean[:, k])
        assert_same(got["xx"], covariance[:, j, j])
        assert_same(got["xy"], covariance[:, j, k])
        assert_same(got["yy"], covariance[:, k, k])
