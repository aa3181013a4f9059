"""The page's own q(z|x), p(z), p(x|z) and aggregate posterior are those of vae_core.

The page reads the same float32 numbers and computes in double precision, so vae_core does here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor
from torch import distributions as td
from torch.distributions import kl_divergence

from tests.core.families import AT_PRIOR, WITH_DENSITY, prior, random_params
from tests.core.test_likelihoods import KINDS
from tests.samples import LATENTS, seeded
from vae_core import ModelConfig, build_vae
from vae_core.config import LIKELIHOODS, POSTERIORS
from vae_core.graph import graph
from vae_core.likelihoods import Likelihood
from vae_core.posteriors import DiagonalGaussian, Dirichlet, Laplace, Posterior, kl_per_dim
from vae_core.posteriors.full import CholeskyGaussian

if TYPE_CHECKING:
    from playwright.sync_api import Page

Latent = tuple[int, ...]
Axes = tuple[int, int]
pytestmark = [pytest.mark.browser]

GAUSSIAN = [n for n, f in POSTERIORS.items() if issubclass(f, (DiagonalGaussian, CholeskyGaussian))]
N_DRAWS = 20_000
IMAGE = (3, 4, 5)
MAP = (2, 2, 3)
# Two numbers of each: of a vector, of one site and of two, in either order.
AXES = {(2,): ((0, 1), (1, 0)), (5,): ((0, 1), (4, 2)), MAP: ((1, 2), (2, 9), (10, 9))}
PLANES = [(latent, axes) for latent, some in AXES.items() for axes in some]

families = pytest.mark.parametrize("name", POSTERIORS)
with_density = pytest.mark.parametrize("name", WITH_DENSITY)
latents = pytest.mark.parametrize("latent", [(5,), MAP])
kinds = pytest.mark.parametrize(("name", "sigma"), KINDS, ids=map("-".join, KINDS))

PRELUDE = """
const {FAMILIES, posterior, prior, move, moments} = await import('/families.js');
const {standardNormals} = await import('/gaussian.js');
const {planeMixture, GAP_FLOOR} = await import('/aggregate.js');
const {pixels} = await import('/pixels.js');
const {noise} = await import('/noise.js');
const {lgamma, digamma, lbeta} = await import('/special.js');
const floats = (rows) => rows.map((row) => Float32Array.from(row));
const finish = (rows) => {
  const shares = [];
  let step = rows.next();
  for (; !step.done; step = rows.next()) shares.push(step.value);
  return {shares, values: step.value.values};
};
const averages = (n, size, numbersOf) => {
  const [mean, square] = [new Float64Array(size), new Float64Array(size)];
  for (let seed = 0; seed < n; seed++) {
    numbersOf(seed).forEach((number, i) => {
      mean[i] += number / n;
      square[i] += number * number / n;
    });
  }
  return {mean, square};
};
const plain = (x) => {
  if (ArrayBuffer.isView(x)) return Array.from(x);
  if (Array.isArray(x)) return x.map(plain);
  if (x === null || typeof x !== 'object') return x;
  return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, plain(value)]));
};
"""


def ask(modules: Page, body: str, **given: Any) -> Any:
    """What this JavaScript returns, knowing all modules and what is given by name."""
    script = f"async ({{{', '.join(given)}}}) => {{{PRELUDE} return plain((() => {{{body}}})());}}"
    given = {k: v.tolist() if isinstance(v, Tensor) else v for k, v in given.items()}
    return modules.evaluate(script, given)


def numbers(got: Any) -> Tensor:
    return torch.tensor(got, dtype=torch.float64)


def assert_same(got: Any, expected: Tensor, rtol: float = 1e-10, atol: float = 1e-10) -> None:
    got, expected = numbers(got).reshape(expected.shape), expected.double()
    torch.testing.assert_close(got, expected, rtol=rtol, atol=atol, equal_nan=True)


def assert_averages(got: dict[str, Any], expected: Tensor, n: int = N_DRAWS) -> None:
    """Averages over n independent draws are what was expected, within five standard errors."""
    mean, square = numbers(got["mean"]), numbers(got["square"])
    error = ((square - mean.square()).clamp(min=0.0) / n).sqrt()
    assert ((mean - expected.flatten()).abs() <= 5 * error + 1e-9).all()


def encoded(name: str, latent: Latent, n: int = 4, seed: int = 0) -> Tensor:
    """Parameters such as an encoder says, in its own precision."""
    return random_params(name, latent, n, seed, torch.float32)


def family_of(name: str, params: Tensor) -> Posterior:
    return POSTERIORS[name].from_params(params.double())


def covariance_of(name: str, params: Tensor) -> Tensor:
    """Of all numbers of z of one image, (d, d): sites are independent."""
    each = family_of(name, params[None]).mean_covariance()
    return torch.block_diag(*each.reshape(-1, *each.shape[-2:]))


# Families


def test_page_and_package_have_the_same_families(modules: Page) -> None:
    assert set(ask(modules, "return Object.keys(FAMILIES);")) == set(POSTERIORS)


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


# Draws


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


def test_noise_has_the_moments_of_its_distributions(modules: Page) -> None:
    """z, z^2 and z^4 of draws that follow each other; of gammas also of the logarithm."""
    shapes = [0.05, 0.7, 1.0, 3.5, 200.0]
    got = ask(
        modules,
        """
        const random = noise(1);
        return averages(n, 9 + 3 * shapes.length, () => [
          ...[random.uniform(), random.normal(), random.exponential()]
            .flatMap((z) => [z, z ** 2, z ** 4]),
          ...shapes.flatMap((shape) => {
            const z = random.gamma(shape);
            return [z, z ** 2, random.logGamma(shape)];
          }),
        ]);
        """,
        shapes=shapes,
        n=N_DRAWS,
    )
    expected = [1 / 2, 1 / 3, 1 / 5, 0.0, 1.0, 3.0, 1.0, 2.0, 24.0]
    for shape in shapes:
        expected += [shape, shape * (shape + 1), torch.digamma(numbers(shape)).item()]
    assert_averages(got, numbers(expected))


def test_numbers_of_one_seed_and_of_the_next_are_not_correlated(modules: Page) -> None:
    """Two from each seed: with each other, with the next seed's, and with those of 2^16 on."""
    got = ask(
        modules,
        """
        const two = (seed) => {
          const random = noise(seed);
          return [random.uniform() - 0.5, random.uniform() - 0.5];
        };
        return averages(n, 5, (seed) => {
          const [[a, b], [c, d], [e]] = [seed, seed + 1, seed + 65536].map(two);
          return [a * b, a * c, b * d, a * d, a * e];
        });
        """,
        n=N_DRAWS,
    )
    assert_averages(got, torch.zeros(5))


def test_special_functions_are_those_of_torch(modules: Page) -> None:
    x = torch.logspace(math.log10(0.05), 6, 500, dtype=torch.float64)
    got = ask(modules, "return [lgamma, digamma, (x) => lbeta(x, 2)].map((f) => x.map(f));", x=x)
    beta = -x.log() - torch.log1p(x)  # B(x, 2) = 1 / (x (x + 1))
    assert_same(got[0], torch.lgamma(x), rtol=1e-12, atol=1e-13)
    assert_same(got[1], torch.digamma(x), rtol=1e-12, atol=1e-13)
    assert_same(got[2], beta, rtol=1e-11, atol=1e-8)  # of logarithms that nearly cancel


# The aggregate posterior


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


# Pixels


def pixel_family(name: str, sigma: str) -> tuple[Likelihood, dict[str, Any]]:
    """A family, and how the page is told of it."""
    config = ModelConfig(hidden=(), likelihood=name, sigma=sigma, sigma_value=0.3)
    vae = build_vae(config, IMAGE)
    return vae.likelihood.double().eval(), graph(vae)["likelihood"]


def outputs(family: Likelihood) -> Tensor:
    """What a decoder might say, within all limits and far outside of them; then nearly nothing."""
    shape = (IMAGE[0] * family.n_params, *IMAGE[1:])
    usual = torch.randn(2, *shape, generator=seeded(0))
    strange = torch.tensor([1e-3, 4.0, 40.0, -40.0]).reshape(-1, 1, 1, 1)
    return torch.cat([usual, strange * (1.0 + usual[:1].abs()), torch.zeros(1, *shape)])


def images(n: int) -> Tensor:
    """Random grey levels, some of them black and some white."""
    x = 1.4 * torch.rand(n, *IMAGE, generator=seeded(1)) - 0.2
    return x.clamp(0.0, 1.0)


def test_every_kind_of_pixels_is_tested() -> None:
    assert {name for name, _ in KINDS} == set(LIKELIHOODS)


@kinds
def test_pixels_are_those_of_the_package(name: str, sigma: str, modules: Page) -> None:
    family, told = pixel_family(name, sigma)
    output = outputs(family)
    x, p = images(len(output)), family(output.double())
    mean, nats, per_pixel = ask(
        modules,
        """
        const all = floats(output).map((one) => pixels(told, one, shape));
        return [
          all.map((p) => p.mean),
          all.map((p, i) => p.logProb(x[i])),
          all.map((p, i) => p.logProbPerPixel(x[i])),
        ];
        """,
        told=told,
        shape=IMAGE,
        output=output.flatten(1),
        x=x.flatten(1),
    )
    assert_same(mean, p.mean, rtol=1e-6, atol=1e-6)  # the page keeps pictures in float32
    assert_same(nats, p.log_prob(x.double()), rtol=1e-9)
    assert_same(numbers(per_pixel).sum(1).tolist(), numbers(nats), rtol=1e-5)


@kinds
def test_pixels_are_drawn_from_their_distribution(name: str, sigma: str, modules: Page) -> None:
    """Mean and mean square are those of as many draws by the package, within their errors."""
    family, told = pixel_family(name, sigma)
    output, n = outputs(family)[:1] / 2, 4000
    got = ask(
        modules,
        "const p = pixels(told, Float32Array.from(output), shape);"
        "const size = p.mean.length;"
        "const numbers = (x) => [...x, ...x.map((v) => v * v)];"
        "const again = [1, 1, 2].map((seed) => p.draw(seed));"
        "return {again, ...averages(n, 2 * size, (seed) => numbers(p.draw(seed)))};",
        told=told,
        shape=IMAGE,
        output=output.flatten(),
        n=n,
    )
    assert got["again"][0] == got["again"][1] != got["again"][2]
    draws = family(output.double()).sample((n,), seeded(2)).reshape(n, -1)
    draws = torch.cat([draws, draws.square()], -1)
    mean, square = numbers(got["mean"]), numbers(got["square"])
    error = ((draws.var(0) + square - mean.square()).clamp(min=0.0) / n).sqrt()
    assert ((mean - draws.mean(0)).abs() <= 5 * error + 1e-6).all()
