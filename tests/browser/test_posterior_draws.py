"""What the page draws from posteriors and priors.

The page reads the same float32 numbers and computes in double precision, so vae_core does here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch.distributions import kl_divergence

from tests.browser.probability import (
    GAUSSIAN,
    MAP,
    N_DRAWS,
    Latent,
    ask,
    assert_averages,
    assert_same,
    covariance_of,
    encoded,
    families,
    family_of,
    latents,
    numbers,
    with_density,
)
from tests.core.posteriors.families import AT_PRIOR, prior
from tests.samples import LATENTS
from vae_core.config import POSTERIORS
from vae_core.posteriors import Laplace
from vae_core.posteriors.full import CholeskyGaussian

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]
KEEPS_PAGE = True


@with_density
@pytest.mark.parametrize("latent", LATENTS)
def test_draws_have_the_moments_and_the_kl_of_the_posterior(
    name: str, latent: Latent, modules: Page
) -> None:
    """One draw from each of many consecutive seeds: their streams are independent, too."""
    params = encoded(name, latent, n=1)
    got = ask(
        modules,
        """
        const [q, p] = [posterior(name, params, latent), prior(name, latent)];
        const d = q.mean.length;
        return averages(n, d + d * d + 1, (seed) => {
          const z = q.draw(seed);
          const centred = Array.from(z, (number, j) => number - q.mean[j]);
          const products = centred.flatMap((a) => centred.map((b) => a * b));
          return [...z, ...products, q.logProb(z) - p.logProb(z)];
        });
        """,
        name=name,
        latent=latent,
        params=params.flatten(),
        n=N_DRAWS,
    )
    q, covariance = family_of(name, params), covariance_of(name, params[0])
    kl = kl_divergence(q, prior(name, latent))
    assert_averages(got, torch.cat([q.mean.flatten(), covariance.flatten(), kl]))


@with_density
def test_prior_draws_as_a_posterior_that_is_the_prior(name: str, modules: Page) -> None:
    params = torch.full_like(encoded(name, MAP, n=1), AT_PRIOR.get(name, 0.0))
    drawn, expected = ask(
        modules,
        "const both = [prior(name, latent), posterior(name, params, latent)];"
        "return both.map((one) => [1, 2, 3].map((seed) => one.draw(seed)));",
        name=name,
        latent=MAP,
        params=params.double().flatten(),
    )
    assert_same(drawn, numbers(expected), rtol=1e-5)


@families
def test_a_seed_says_the_draw(name: str, modules: Page) -> None:
    first, again, other, prior_first, prior_other = ask(
        modules,
        "const [q, p] = [posterior(name, params, latent), prior(name, latent)];"
        "return [q.draw(5), q.draw(5), q.draw(6), p.draw(5), p.draw(6)];",
        name=name,
        latent=MAP,
        params=encoded(name, MAP, n=1).flatten(),
    )
    assert first == again
    assert all(a != b for a, b in zip(prior_first, prior_other, strict=True))
    if POSTERIORS[name].has_density:
        assert all(a != b for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("name", GAUSSIAN)
@latents
def test_gaussians_draw_mu_plus_factor_times_the_noise_of_the_seed(
    name: str, latent: Latent, modules: Page
) -> None:
    params = encoded(name, latent)
    got = ask(
        modules,
        "const draws = floats(params).map((row) => posterior(name, row, latent).draw(7));"
        "return {draws, eps: standardNormals(7, draws[0].length)};",
        name=name,
        latent=latent,
        params=params.flatten(1),
    )
    q, eps = family_of(name, params), numbers(got["eps"]).reshape(latent)
    shift = q.scale_tril @ eps[..., None] if isinstance(q, CholeskyGaussian) else q.scale * eps
    assert_same(got["draws"], q.mean + shift.reshape(q.mean.shape))


def test_laplace_draws_scale_and_shift_the_noise_of_the_seed(modules: Page) -> None:
    params = encoded("laplace", MAP)
    got = ask(
        modules,
        "return floats(params).map((row) => posterior('laplace', row, latent).draw(7));",
        latent=MAP,
        params=params.flatten(1),
    )
    q = family_of("laplace", params)
    assert isinstance(q, Laplace)
    eps = (numbers(got).reshape(q.mean.shape) - q.mean) / q.scale
    assert_same(eps.tolist(), eps[:1].expand_as(eps))


def test_a_point_mass_draws_its_place(modules: Page) -> None:
    params = encoded("delta", MAP, n=1)
    got = ask(
        modules,
        "return posterior('delta', params, latent).draw(1);",
        latent=MAP,
        params=params.flatten(),
    )
    assert got == params.flatten().tolist()


def test_sparse_dirichlet_draws_are_never_empty(modules: Page) -> None:
    """At the least alpha there is, where gamma draws themselves underflow in float32."""
    got = ask(
        modules,
        "const q = posterior('dirichlet', new Float32Array(6).fill(-100), [2, 1, 3]);"
        "return Array.from({length: 2000}, (_, seed) => q.draw(seed));",
    )
    sums = numbers(got).reshape(-1, 3).sum(-1)
    torch.testing.assert_close(sums, torch.ones_like(sums), rtol=0.0, atol=1e-12)
