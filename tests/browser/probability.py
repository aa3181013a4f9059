"""Asking the page for numbers, and what vae_core says instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor

from tests.core.likelihoods.test_likelihoods import KINDS
from tests.core.posteriors.families import WITH_DENSITY, WITH_OWN_PRIOR, random_params
from tests.samples import seeded
from vae_core.analysis.evidence.best_posterior import (
    encoder_gaussian,
    gaussian_elbo,
    has_best_posterior,
)
from vae_core.analysis.evidence.image_elbo import image_elbo
from vae_core.config import POSTERIORS
from vae_core.posteriors import DiagonalGaussian, Posterior
from vae_core.posteriors.full import CholeskyGaussian
from vae_core.vae import VAE

if TYPE_CHECKING:
    from playwright.sync_api import Page

Latent = tuple[int, ...]
Axes = tuple[int, int]

GAUSSIAN = [n for n, f in POSTERIORS.items() if issubclass(f, (DiagonalGaussian, CholeskyGaussian))]
N_DRAWS = 20_000
IMAGE = (3, 4, 5)
MAP = (2, 2, 3)
# Two numbers of each: of a vector, of one site and of two, in either order.
AXES = {(2,): ((0, 1), (1, 0)), (5,): ((0, 1), (4, 2)), MAP: ((1, 2), (2, 9), (10, 9))}
PLANES = [(latent, axes) for latent, some in AXES.items() for axes in some]

families = pytest.mark.parametrize("name", WITH_OWN_PRIOR)
with_density = pytest.mark.parametrize("name", WITH_DENSITY)
latents = pytest.mark.parametrize("latent", [(5,), MAP])
kinds = pytest.mark.parametrize(("name", "sigma"), KINDS, ids=map("-".join, KINDS))

PRELUDE = """
const {FAMILIES} = await import('/math/posteriors/families.js');
const {standardNormals} = await import('/math/posteriors/diagonal.js');
const mixture = await import('/math/mixture.js');
const {GAP_FLOOR} = mixture;
const {pixels} = await import('/math/likelihoods.js');
const {randomGenerator} = await import('/math/random.js');
const {lgamma, digamma, lbeta, sumOfSoftplus} = await import('/math/special.js');
const posterior = (name, params, shape) => FAMILIES[name].fromParams(params, shape);
const prior = (name, shape) => FAMILIES[name].prior(shape);
const move = (name, z, shape, ...to) => FAMILIES[name].move(z, shape.at(-1), ...to);
const moments = (name, ...given) => FAMILIES[name].moments(...given);
const planeMixture = (name, ...given) => mixture.planeMixture(FAMILIES[name], ...given);
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


def elbos(vae: VAE, x: Tensor) -> Tensor:
    """ELBO of the encoder's q for each image, without noise: as `inference_gaps` has it."""
    if has_best_posterior(vae):
        with torch.no_grad():
            return gaussian_elbo(vae, x, *encoder_gaussian(vae, x))
    with torch.no_grad():
        params = vae.encode_params(x)
    return image_elbo(vae, x, params, seeded()).value


def covariance_of(name: str, params: Tensor) -> Tensor:
    """Of all dimensions of z of one image, (d, d): sites are independent."""
    each = family_of(name, params[None]).mean_covariance()
    return torch.block_diag(*each.reshape(-1, *each.shape[-2:]))
