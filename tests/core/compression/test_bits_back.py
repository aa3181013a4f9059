"""Bits-back coding: every model's images come back, at the cost of the negative ELBO."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.core.posteriors.families import WITH_DENSITY, draw, prior
from tests.samples import LATENTS, ROOT, tiny_model
from vae_core import RunStore, build_vae, load_dataset
from vae_core.compression import BitsBack, Stack, check_model, lanes_for, sizes, to_levels
from vae_core.compression.bits_back import Levels
from vae_core.config import LIKELIHOODS, POSTERIORS
from vae_core.data.dataset import Split
from vae_core.errors import ConfigError, DataError
from vae_core.evaluate import evaluate_images

CODABLE = [name for name, likelihood in LIKELIHOODS.items() if likelihood.n_levels]


def random_levels(n: int, n_levels: int, shape: tuple[int, int, int] = (1, 8, 8)) -> Levels:
    rng = np.random.default_rng(0)
    return rng.integers(0, n_levels, (n, *shape)).astype(np.uint8)


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("name", WITH_DENSITY)
def test_coordinates_have_the_density_of_z(name: str, latent: tuple[int, ...]) -> None:
    """log q(u_1) + log q(u_2|u_1) + ... is log q(z), up to |dz/du|, which q and p share."""
    family, q, p = POSTERIORS[name], draw(name, latent), prior(name, latent)
    n = family.n_coordinates(latent)
    generator = torch.Generator().manual_seed(1)
    rows = torch.rand(4, n, generator=generator, dtype=torch.float64) * 0.9 + 0.05
    u = torch.stack([p.conditional(j, rows[:0, :j]).icdf(rows[:, j]) for j in range(n)], 1)
    z = family.from_coordinates(u, latent)
    by_coordinates = sum(
        q.conditional(j, u[:, :j]).log_prob(u[:, j])
        - p.conditional(j, rows[:0, :j]).log_prob(u[:, j])
        for j in range(n)
    )
    torch.testing.assert_close(by_coordinates, q.log_prob(z) - p.log_prob(z))


@pytest.mark.parametrize("name", WITH_DENSITY)
def test_coordinates_know_their_cumulative_distribution(name: str) -> None:
    """Its slope is the density, and `icdf` of the prior is its inverse."""
    q, p = draw(name, (3,)), prior(name, (3,))
    u, step = torch.full((4, 1), 0.31, dtype=torch.float64), 1e-5
    for j in range(POSTERIORS[name].n_coordinates((3,))):
        one = q.conditional(j, u.expand(4, j))
        slope = (one.cdf(u[:, 0] + step) - one.cdf(u[:, 0] - step)) / (2 * step)
        torch.testing.assert_close(slope, one.log_prob(u[:, 0]).exp(), rtol=1e-5, atol=1e-7)
        alone = p.conditional(j, u[:0].expand(0, j))
        torch.testing.assert_close(alone.icdf(alone.cdf(u[:, 0])), u[:, 0])


@pytest.mark.parametrize("likelihood", CODABLE)
def test_levels_below_add_up_to_the_likelihood(likelihood: str) -> None:
    vae = build_vae(tiny_model(likelihood=likelihood), (1, 8, 8)).double()
    n_levels = check_model(vae.config)
    levels = random_levels(4, n_levels)
    pixels = vae.decode(torch.randn(4, 3, dtype=torch.float64))
    k = torch.from_numpy(levels).double()
    mass = pixels.below(k + 1) - pixels.below(k)
    torch.testing.assert_close(mass.log().sum((1, 2, 3)), pixels.log_prob(k / (n_levels - 1)))


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("posterior", WITH_DENSITY)
@pytest.mark.parametrize("likelihood", CODABLE)
def test_images_come_back_bit_for_bit(
    posterior: str, likelihood: str, latent: tuple[int, ...]
) -> None:
    """Seven on three lanes: blocks grow to three images, and the last one is not full."""
    vae = build_vae(tiny_model(latent, posterior=posterior, likelihood=likelihood), (1, 8, 8))
    coder = BitsBack(vae, before=1)
    levels, stack = random_levels(7, coder.n_levels), Stack.empty(3)
    costs = list(coder.put(levels, stack))
    assert [cost.images for cost in costs] == [1, 2, 3, 1]
    grown = stack.length - Stack.empty(3).length
    assert sum(cost.total for cost in costs) == pytest.approx(grown)
    back = list(coder.take(7, stack))
    assert (np.concatenate(back[::-1]) == levels).all()
    assert stack.is_empty


def test_the_length_is_the_negative_elbo() -> None:
    """Part by part: -log p(x|z), and log q(z|x) - log p(z), means over images, within 4 errors."""
    run = RunStore(ROOT / "assets" / "models").load("digits-2d")
    test = load_dataset(run.config.data).test.take(torch.arange(150))
    vae, n_levels = run.vae(), check_model(run.config.model)
    levels = to_levels(test.images, n_levels)
    stack = Stack.empty(1)
    costs = list(BitsBack(vae).put(levels, stack))
    nats = math.log(2.0) * np.array([[c.pixels, c.prior - c.back] for c in costs])
    split = Split(torch.from_numpy(levels), test.labels, n_levels - 1)
    terms = evaluate_images(vae, split, 100)
    expected = torch.stack([terms.distortion, terms.rate], 1).numpy()
    difference = nats - expected
    error = difference.std(0) / math.sqrt(len(difference))
    assert (abs(difference.mean(0)) < 4 * error).all()
    assert (error < 0.5).all()
    assert 0 <= stack.n_bits - sum(cost.total for cost in costs) < 160  # a head, borrowed words


def test_a_file_of_many_lanes_borrows_no_more_than_one_lane_needs_and_a_little() -> None:
    """Twenty images that are put on the empty stack at once would borrow for twenty z."""
    run = RunStore(ROOT / "assets" / "models").load("digits-map")
    levels = to_levels(load_dataset(run.config.data).test.take(torch.arange(60)).images, 2)
    borrowed = []
    for lanes in (1, 20):
        stack = Stack.empty(lanes)
        list(BitsBack(run.vae()).put(levels, stack))
        borrowed.append(stack.n_borrowed)
    assert borrowed[1] < borrowed[0] + 20


def test_lanes_are_as_many_as_are_worth_their_bits() -> None:
    assert [lanes_for(n) for n in (1, 499, 1000, 10_000, 60_000)] == [1, 1, 2, 20, 20]


def test_the_same_images_in_other_formats_take_more() -> None:
    levels = np.zeros((50, 1, 28, 28), np.uint8)
    levels[:, :, 10:18, 10:18] = 1
    found = sizes(levels, 2)
    assert set(found) == {"gzip", "bz2", "xz", "PNG", "WebP"}
    assert found["PNG"] > found["gzip"] > 0.0
    colour = sizes(random_levels(5, 256, (3, 16, 16)), 256)
    assert all(length > 0.9 * 3 * 16 * 16 for length in colour.values())  # noise does not shrink


def test_a_model_without_probabilities_or_density_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"Gaussian likelihood is a density.*bernoulli or disc"):
        check_model(tiny_model(likelihood="gaussian"))
    with pytest.raises(ConfigError, match="point mass has none"):
        check_model(tiny_model(posterior="delta"))


@pytest.mark.parametrize(
    "levels", [random_levels(0, 2), random_levels(3, 3), random_levels(3, 2, (1, 8, 9))]
)
def test_images_of_another_shape_or_level_are_refused(levels: Levels) -> None:
    coder = BitsBack(build_vae(tiny_model(), (1, 8, 8)))
    with pytest.raises(DataError, match=r"shape \(n, 1, 8, 8\) with levels 0 to 1; got"):
        coder.check(levels)
