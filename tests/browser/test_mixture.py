"""The page's own mixture of all posteriors is that of vae_core.

The page reads the same float32 numbers and computes in double precision, so vae_core does here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor
from torch import distributions as td

from tests.browser.probability import (
    MAP,
    PLANES,
    Axes,
    Latent,
    ask,
    assert_same,
    encoded,
    families,
    family_of,
    numbers,
    with_density,
)
from tests.core.posteriors.families import AT_PRIOR, WITH_DENSITY, random_params
from tests.samples import seeded
from vae_core.config import POSTERIORS
from vae_core.posteriors import Dirichlet, Laplace, Posterior
from vae_core.posteriors.full import CholeskyGaussian

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]
KEEPS_PAGE = True


def plane_density(q: Posterior, axes: Axes, points: Tensor) -> Tensor:
    """log q(z_j, z_k|x) of every image at every point, (points, n), by torch's distributions."""
    c, (j, k) = q.event_shape[-1], axes
    if isinstance(q, Dirichlet):
        alpha = q.concentration.reshape(len(q.mean), -1, c)
        a, b = alpha[:, j // c], alpha[:, k // c]
        if j // c == k // c:
            pair = torch.stack([a[:, j % c], a[:, k % c]], -1)
            rest = a.sum(-1, keepdim=True) - pair.sum(-1, keepdim=True)
            z = torch.cat([points, 1 - points.sum(-1, keepdim=True)], -1)
            return td.Dirichlet(torch.cat([pair, rest], -1)).log_prob(z[:, None])
        first, second = a[:, j % c], b[:, k % c]
        return td.Beta(first, a.sum(-1) - first).log_prob(points[:, :1]) + td.Beta(
            second, b.sum(-1) - second
        ).log_prob(points[:, 1:])
    mean = q.mean.flatten(1)[:, list(axes)]
    if isinstance(q, Laplace):
        scale = q.scale.flatten(1)[:, list(axes)]
        return td.Laplace(mean, scale).log_prob(points[:, None]).sum(-1)
    covariance = torch.diag_embed(q.variance.flatten(1)[:, list(axes)])
    if isinstance(q, CholeskyGaussian) and j // c == k // c:
        factor = q.scale_tril.reshape(len(mean), -1, c, c)[:, j // c]
        covariance = (factor @ factor.mT)[:, [j % c, k % c]][:, :, [j % c, k % c]]
    return td.MultivariateNormal(mean, covariance).log_prob(points[:, None])


def prior_params(name: str, latent: Latent) -> Tensor:
    """With which a posterior is the prior."""
    return torch.full_like(random_params(name, latent, 1), AT_PRIOR.get(name, 0.0))


def points_of(name: str, n: int = 30) -> Tensor:
    """Places on a plane where there is a density."""
    uniform = torch.rand(n, 2, generator=seeded(4), dtype=torch.float64)
    is_simplex = POSTERIORS[name].low == 0
    return uniform / 2 if is_simplex else 6 * uniform - 3


def has_plane(latent: Latent, name: str) -> bool:
    return name != "dirichlet" or latent != (2,)


@with_density
def test_mixture_on_a_plane_is_the_mean_of_the_marginals(name: str, modules: Page) -> None:
    for latent, axes in PLANES:
        params, points = encoded(name, latent, n=50), points_of(name)
        got = ask(
            modules,
            """
            const mixture = planeMixture(name, Float32Array.from(params), 50, latent, axes);
            if (!mixture) return null;
            const of = (f) => points.map(([x, y]) => f(x, y));
            return {density: of(mixture.logDensity), prior: of(mixture.logPrior)};
            """,
            name=name,
            latent=latent,
            axes=axes,
            points=points,
            params=params.flatten(),
        )
        if not has_plane(latent, name):  # z_j + z_k = 1
            assert got is None
            continue
        each = plane_density(family_of(name, params), axes, points)
        assert_same(got["density"], each.logsumexp(-1) - math.log(50), rtol=1e-9)
        p = family_of(name, prior_params(name, latent))
        assert_same(got["prior"], plane_density(p, axes, points)[:, 0])


@families
def test_numbers_without_a_density_have_no_mixture(name: str, modules: Page) -> None:
    got = ask(
        modules,
        "return planeMixture(name, params, 1, [5], [0, 1]) === null;",
        name=name,
        params=encoded(name, (5,), n=1).flatten(),
    )
    assert got is not POSTERIORS[name].has_density


def test_outside_of_the_simplex_there_is_nothing(modules: Page) -> None:
    """Nor in cells whose middle is on its edge, where densities may be infinite."""
    for axes in ((0, 1), (0, 5)):
        got = ask(
            modules,
            """
            const mixture = planeMixture('dirichlet', params, 2, latent, axes);
            const outside = [[-0.1, 0.5], [0.5, -0.1], [1.1, 0.5], [0.5, 1.1]];
            if (axes[1] === 1) outside.push([0.6, 0.6]);
            const {logDensity, logPrior} = mixture;
            const both = outside.map(([x, y]) => [logDensity(x, y), logPrior(x, y)]);
            return {both, cells: finish(mixture.rows([-0.5, 1.5, -1, 2], 20, 30)).values};
            """,
            axes=axes,
            latent=MAP,
            params=encoded("dirichlet", MAP, n=2).flatten(),
        )
        assert {nats for both in got["both"] for nats in both} == {-math.inf}
        x, y = centres((-0.5, 1.5, -1, 2), 20, 30).unbind(-1)
        isnt_there = (x < 0) | (x > 1) | (y < 0) | (y > 1)
        if axes == (0, 1):
            isnt_there |= x + y > 1 - 1e-6
        assert torch.equal(numbers(got["cells"]).isnan(), isnt_there)


def centres(bounds: tuple[float, float, float, float], nx: int, ny: int) -> Tensor:
    """Middles of the cells of a grid row by row, the largest y first, (ny * nx, 2)."""
    x0, x1, y0, y1 = bounds
    x = x0 + (x1 - x0) / nx * (torch.arange(nx, dtype=torch.float64) + 0.5)
    y = y1 - (y1 - y0) / ny * (torch.arange(ny, dtype=torch.float64) + 0.5)
    return torch.cartesian_prod(y, x).flip(-1)


@with_density
def test_map_shows_log_q_minus_log_p_in_the_middle_of_the_cells(name: str, modules: Page) -> None:
    for latent, axes in PLANES:
        if not has_plane(latent, name):
            continue  # z_j + z_k = 1
        is_simplex = POSTERIORS[name].low == 0
        bounds = (0.0, 0.45, 0.0, 0.5) if is_simplex else (-3.0, 3.6, -3.3, 3.0)
        params = encoded(name, latent, n=40) / 2  # all of them broad
        got = ask(
            modules,
            "const mixture = planeMixture(name, Float32Array.from(params), 40, latent, axes);"
            "const {values} = finish(mixture.rows(bounds, 90, 75));"
            "return {values: values.filter((_, cell) => cell % 7 === 0), floor: GAP_FLOOR};",
            name=name,
            latent=latent,
            axes=axes,
            params=params.flatten(),
            bounds=bounds,
        )
        points, q = centres(bounds, 90, 75)[::7], family_of(name, params)
        p = family_of(name, prior_params(name, latent))
        gap = plane_density(q, axes, points).logsumexp(-1) - math.log(40)
        gap = (gap - plane_density(p, axes, points)[:, 0]).clamp(min=got["floor"])
        difference = (numbers(got["values"]) - gap).abs()
        assert difference.max() < 0.05


@pytest.mark.parametrize("name", [n for n in WITH_DENSITY if POSTERIORS[n].low < 0])
def test_a_map_loses_no_posterior_between_its_cells(name: str, modules: Page) -> None:
    """Of widths far below a cell's; all of q(z) is within the bounds."""
    n, bounds = 2000, (-3.0, 3.0, -3.0, 3.0)
    params = torch.zeros_like(encoded(name, (2,), n=n))
    params[:, :2] = 4 * torch.rand(n, 2, generator=seeded(5)) - 2
    params[:, 2:4] = -5.0 if name == "full" else -10.0  # log sigma or log variance
    got = ask(
        modules,
        """
        const mixture = planeMixture(name, Float32Array.from(params), n, [2], [0, 1]);
        const {values} = finish(mixture.rows(bounds, 30, 20));
        const logPrior = points.map(([x, y]) => mixture.logPrior(x, y));
        return {gap: values, logPrior};
        """,
        name=name,
        n=n,
        params=params.flatten(),
        bounds=bounds,
        points=centres(bounds, 30, 20),
    )
    density = (numbers(got["gap"]) + numbers(got["logPrior"])).exp()
    assert density.sum().item() * 6 / 30 * 6 / 20 == pytest.approx(1.0, abs=0.03)


def test_a_map_is_at_its_floor_where_no_code_comes(modules: Page) -> None:
    for name in WITH_DENSITY:
        narrow = torch.full_like(encoded(name, (3,), n=1), 0.0)
        narrow[:, 3:6] = -9.0
        narrow[:, 0] = 100.0 if name == "dirichlet" else 2.0
        got = ask(
            modules,
            "const rows = planeMixture(name, params, 1, [3], [0, 1]).rows([0, 0.1, 0, 0.1], 4, 4);"
            "return {values: finish(rows).values, floor: GAP_FLOOR};",
            name=name,
            params=narrow.flatten(),
        )
        assert set(got["values"]) == {got["floor"]}, name


@with_density
def test_a_map_lets_the_page_breathe(name: str, modules: Page) -> None:
    n = 4000
    got = ask(
        modules,
        "const row = Float32Array.from(params);"
        "const all = Float32Array.from({length: n * row.length}, (_, i) => row[i % row.length]);"
        "const mixture = planeMixture(name, all, n, [3], [0, 1]);"
        "return finish(mixture.rows([0, 1, 0, 1], 96, 96)).shares;",
        name=name,
        n=n,
        params=encoded(name, (3,), n=1).flatten(),
    )
    assert len(got) > 1
    assert got == sorted(got)
    assert 0 < got[0] < got[-1] < 1
