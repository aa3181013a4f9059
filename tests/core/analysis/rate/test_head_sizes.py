"""Outputs of the encoder's head: the arithmetic is that of the families."""

from __future__ import annotations

import math

import pytest

from tests.samples import LATENTS
from vae_core.analysis.rate.head_sizes import DIAGONAL, FULL, FULL_CELL, head_sizes
from vae_core.config import POSTERIORS


@pytest.mark.parametrize("latent", [*LATENTS, (4, 4, 4)])
def test_counts_are_those_of_the_families(latent: tuple[int, ...]) -> None:
    row = head_sizes(latent).iloc[0]
    *sites, channels = latent
    n_sites = math.prod(sites)
    assert row[DIAGONAL] == n_sites * POSTERIORS["diagonal"].n_params(channels)
    assert row[FULL_CELL] == n_sites * POSTERIORS["full"].n_params(channels)
    d = math.prod(latent)
    assert row[FULL] == d + sum(range(1, d + 1))  # means, and the rows of a triangle
    if n_sites == 1:
        assert row[FULL] == row[FULL_CELL]


def test_the_latent_at_hand_comes_first_and_no_vector_twice() -> None:
    assert head_sizes((10,))["latent"].tolist() == [(10,), (2,), (20,), (64,)]
