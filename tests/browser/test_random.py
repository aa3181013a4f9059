"""The page's random generator: its distributions, and that one seed follows no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from tests.browser.probability import N_DRAWS, ask, assert_averages, numbers

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]


def test_draws_have_the_moments_of_their_distributions(modules: Page) -> None:
    """z, z^2 and z^4 of draws that follow each other; of gammas also of the logarithm."""
    shapes = [0.05, 0.7, 1.0, 3.5, 200.0]
    got = ask(
        modules,
        """
        const random = randomGenerator(1);
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
          const random = randomGenerator(seed);
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
