"""What cells see and paint: against autograd, and against codes whose correlation is known."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from tests.core.posteriors.families import WITH_OWN_PRIOR
from tests.samples import mask, seeded
from vae_core import ModelConfig, build_vae
from vae_core.analysis import (
    Codes,
    cell_correlation,
    decoder_difference,
    decoder_field,
    encoder_field,
    encoder_sensitivity,
)
from vae_core.config import POSTERIORS
from vae_core.errors import ConfigError
from vae_core.vae import VAE

CONVS = [  # image, latent, hidden: one to three stages, colours, an image to pad, one not square
    ((1, 8, 8), (2, 2, 3), (8, 8)),
    ((1, 28, 28), (4, 4, 2), (4, 4, 4)),
    ((3, 32, 32), (8, 8, 2), (4, 4)),
    ((1, 20, 36), (5, 9, 2), (4, 4)),
    ((1, 10, 12), (5, 6, 2), (6,)),
]
convs = pytest.mark.parametrize(("image", "latent", "hidden"), CONVS)


def conv(
    image: tuple[int, ...], latent: tuple[int, ...], hidden: tuple[int, ...], **settings
) -> VAE:
    vae = build_vae(ModelConfig("conv", hidden, latent, **settings), image).double()
    with torch.no_grad():  # every ReLU lets something through, so that no pixel is cut off
        for layer in (*vae.encoder, *vae.decoder):
            if hasattr(layer, "weight"):
                layer.weight.abs_()
                layer.bias.fill_(0.1)
    return vae


def cells_of(vae: VAE) -> list[tuple[int, int]]:
    h, w, _ = vae.latent_shape
    return list(itertools.product(range(h), range(w)))


@convs
@pytest.mark.parametrize(
    ("field_of", "reach"),
    [(encoder_field, encoder_sensitivity), (decoder_field, decoder_difference)],
    ids=["sees", "paints"],
)
def test_a_cell_sees_and_paints_its_field_and_nothing_else(image, latent, hidden, field_of, reach):
    vae = conv(image, latent, hidden)
    field, cells = field_of(vae), cells_of(vae)
    shape = image if reach is encoder_sensitivity else latent
    inputs = torch.rand(2, *shape, generator=seeded(), dtype=torch.float64)
    reached = reach(vae, inputs, cells) > 0
    for k, cell in enumerate(cells):
        assert torch.equal(reached[k], mask(field, *cell, *image[1:])), cell


def test_three_stages_see_22_pixels_and_stand_8_apart():
    vae = build_vae(ModelConfig("conv", (4, 4, 4), (4, 4, 2)), (1, 28, 28))
    field = encoder_field(vae)
    assert (field.size, field.stride) == ((22, 22), (8, 8))
    assert field.start == (-9, -9)  # 7 of padding by convolutions, 2 from 28 to 32 pixels
    assert decoder_field(vae) == field  # mirrored


def test_linear_layers_see_and_paint_all():
    vae = build_vae(ModelConfig("mlp", (8,), (2, 2, 3)), (1, 8, 8))
    assert encoder_field(vae) is None
    assert decoder_field(vae) is None
    x = torch.rand(3, 1, 8, 8, generator=seeded())
    assert (encoder_sensitivity(vae, x, [(0, 0)]) > 0).all()


@pytest.mark.parametrize("family", WITH_OWN_PRIOR)
def test_sensitivity_is_that_of_small_differences(family):
    vae = build_vae(ModelConfig("conv", (4, 4), (2, 2, 3), family), (1, 8, 8)).double()
    x = torch.rand(1, 1, 8, 8, generator=seeded(), dtype=torch.float64)
    (found,) = encoder_sensitivity(vae, x, [(1, 0)])
    expected = torch.zeros(8, 8, dtype=torch.float64)
    for row, column in itertools.product(range(8), range(8)):
        nudge = torch.zeros_like(x)
        nudge[..., row, column] = 1e-6
        change = (vae.encode(x + nudge).mean - vae.encode(x - nudge).mean) / 2e-6
        expected[row, column] = change[0, 1, 0].norm()
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("family", POSTERIORS)
def test_difference_is_that_of_decoding_twice(family):
    vae = build_vae(ModelConfig("conv", (4, 4), (2, 2, 3), family), (1, 8, 8)).double()
    z = vae.prior().sample((2,), seeded())
    (found,) = decoder_difference(vae, z, [(0, 1)], step=0.5)
    assert found.shape == (8, 8)
    assert (found > 0).any()
    low, high = vae.family.low, vae.family.high
    squares = []
    for one, j in itertools.product(z, (3, 4, 5)):
        to = one.flatten()[j] + 0.5 * vae.prior().variance.sqrt().flatten()[j]
        if to > high:
            to = to - vae.prior().variance.sqrt().flatten()[j]
        moved = vae.family.move(one, j, to.clamp(low, high)[None])
        squares.append((vae.decode(moved).mean - vae.decode(one[None]).mean).square()[0, 0])
    torch.testing.assert_close(found, torch.stack(squares).mean(0).sqrt())


def map_codes(mean: torch.Tensor, sigma: float = 0.3) -> Codes:
    """Codes of a feature map with means (n, h, w, C)."""
    logvar = torch.full_like(mean, 2.0 * math.log(sigma))
    params = torch.cat([mean, logvar], -1)
    return Codes(
        params, torch.zeros(len(mean), dtype=torch.long), "diagonal", tuple(mean.shape[1:])
    )


def test_independent_cells_are_correlated_by_chance_only():
    n = 4000
    table = cell_correlation(map_codes(torch.randn(n, 3, 4, 2, generator=seeded())))
    # a cell and itself say nothing
    assert table["distance"].tolist()[:3] == [1.0, pytest.approx(math.sqrt(2)), 2.0]
    weights = table["n_pairs"] / table["n_pairs"].sum()
    for name in ("mean_correlation", "noise_correlation"):
        mean = (table[name] * weights).sum()
        assert mean == pytest.approx(table["chance"][0], rel=0.25), name
    assert table["n_pairs"].sum() == 2 * 12 * 11 / 2


def test_equal_cells_go_together_though_their_noise_does_not():
    mean = torch.randn(3000, 1, 1, 2, generator=seeded()).expand(-1, 2, 3, -1).contiguous()
    table = cell_correlation(map_codes(mean))
    np.testing.assert_allclose(table["mean_correlation"], 1.0)
    assert (table["noise_correlation"] < 0.1).all()


def test_correlation_falls_with_distance_as_it_was_made_to():
    walk = torch.randn(6000, 1, 5, 1, generator=seeded()).double()
    rho = 0.7
    for k in range(1, 5):
        walk[:, :, k] = rho * walk[:, :, k - 1] + math.sqrt(1 - rho**2) * walk[:, :, k]
    table = cell_correlation(map_codes(walk))
    np.testing.assert_allclose(table["mean_correlation"], rho ** table["distance"], atol=0.04)


def test_a_map_that_says_nothing_has_no_correlations():
    assert cell_correlation(map_codes(torch.zeros(50, 2, 2, 3))).empty
    assert cell_correlation(map_codes(torch.randn(50, 1, 1, 3, generator=seeded()))).empty


def test_vectors_have_no_cells_and_maps_have_so_many():
    vector = build_vae(ModelConfig(hidden=(4,), latent_shape=(3,)), (1, 8, 8))
    with pytest.raises(ConfigError, match="a vector of 3, which has no cells"):
        encoder_sensitivity(vector, torch.zeros(1, 1, 8, 8), [(0, 0)])
    with pytest.raises(ConfigError, match="has no cells"):
        cell_correlation(Codes(torch.zeros(4, 6), torch.zeros(4).long(), "diagonal", (3,)))
    grid = build_vae(ModelConfig("conv", (4,), (2, 2, 3)), (1, 4, 4))
    with pytest.raises(ConfigError, match=r"a 2 x 2 grid; got \(2, 0\)"):
        decoder_difference(grid, torch.zeros(1, 2, 2, 3), [(2, 0)])


@pytest.mark.parametrize(("latent", "image"), [((4, 4, 2), 28), ((1, 1, 3), 8), ((2, 2, 3), 8)])
def test_a_cell_sees_as_many_pixels_as_its_mask_has(latent, image):
    field = encoder_field(build_vae(ModelConfig("conv", (4,), latent), (1, image, image)))
    for row in range(latent[0]):
        for column in range(latent[1]):
            seen = mask(field, row, column, image, image)
            sides = int(seen.any(1).sum()), int(seen.any(0).sum())
            assert field.inside(row, column, (image, image)) == sides
            assert max(sides) <= image
