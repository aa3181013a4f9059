"""Which images lie nearest to a point of latent space."""

from __future__ import annotations

import pytest
import torch

from tests.core.posteriors.families import random_params
from tests.samples import LATENTS, seeded
from vae_core import Codes
from vae_core.analysis import nearest_codes
from vae_core.config import POSTERIORS

every_latent = pytest.mark.parametrize("latent", LATENTS)
every_family = pytest.mark.parametrize("family", POSTERIORS)


def random_codes(family: str, latent: tuple[int, ...], n: int = 40) -> Codes:
    params = random_params(family, latent, n, dtype=torch.float32)
    return Codes(params, torch.arange(n) % 4, family, latent)


@every_family
@every_latent
def test_neighbours_are_those_of_a_search_through_all(family, latent):
    codes = random_codes(family, latent)
    for z in torch.randn(5, *latent, generator=seeded(1)):
        apart = [float((mean - z).square().sum()) for mean in codes.mean]
        expected = sorted(range(40), key=apart.__getitem__)[:7]
        near = nearest_codes(codes, z, 7)
        assert near.index.tolist() == expected
        assert torch.equal(near.labels, codes.labels[expected])
        assert torch.equal(near.params, codes.params[expected])


@every_family
@every_latent
def test_an_image_is_its_own_nearest_neighbour(family, latent):
    codes = random_codes(family, latent)
    for i in (0, 17, 39):
        assert nearest_codes(codes, codes.mean[i], 1).index.tolist() == [i]


@every_latent
def test_as_many_as_there_are_come_when_more_are_asked_for(latent):
    codes = random_codes("diagonal", latent, n=5)
    near = nearest_codes(codes, torch.zeros(latent), 12)
    assert sorted(near.index.tolist()) == list(range(5))
    distance = near.mean.flatten(1).norm(dim=1)
    assert distance.tolist() == sorted(distance.tolist())


@every_latent
def test_neighbours_among_some_codes_keep_their_place_in_the_split(latent):
    codes = random_codes("diagonal", latent)
    some = codes.take(torch.tensor([31, 4, 22]))
    near = nearest_codes(some, codes.mean[22], 2)
    assert near.index[0] == 22
    assert set(near.index.tolist()) <= {31, 4, 22}
    assert torch.equal(near.mean[0], codes.mean[22])
