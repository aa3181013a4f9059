"""The page's own p(x|z) is that of vae_core.

The page reads the same float32 numbers and computes in double precision, so vae_core does here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor

from tests.browser.probability import (
    IMAGE,
    ask,
    assert_same,
    kinds,
    numbers,
)
from tests.core.likelihoods.test_likelihoods import KINDS
from tests.samples import seeded
from vae_core import ModelConfig, build_vae
from vae_core.browser.graph import graph
from vae_core.config import LIKELIHOODS
from vae_core.likelihoods import Likelihood

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]
KEEPS_PAGE = True


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
