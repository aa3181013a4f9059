"""Augmentation: images move by whole pixels and turn in place, and nothing else happens to them."""

from __future__ import annotations

import math

import pytest
import torch

from tests.samples import seeded
from vae_core.augmentation import MAX_TURN, augmented
from vae_core.config import AUGMENTATIONS


def spot(row: int, column: int, side: tuple[int, int] = (28, 28), n: int = 200) -> torch.Tensor:
    x = torch.zeros(n, 1, *side)
    x[:, :, row, column] = 1.0
    return x


def places(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Centre of mass of every image, rows and columns."""
    mass = x.sum((1, 2, 3))
    rows = (x.sum((1, 3)) * torch.arange(x.shape[2])).sum(1) / mass
    columns = (x.sum((1, 2)) * torch.arange(x.shape[3])).sum(1) / mass
    return rows, columns


@pytest.mark.parametrize("side", [(28, 28), (14, 28)])
def test_shifts_are_by_whole_pixels_in_all_directions(side):
    x = spot(6, 13, side)
    moved = augmented(x, "shifts", seeded())
    torch.testing.assert_close(moved.sum((1, 2, 3)), torch.ones(200), atol=1e-4, rtol=0)
    torch.testing.assert_close(moved.amax((1, 2, 3)), torch.ones(200), atol=1e-4, rtol=0)
    rows, columns = (each.round() for each in places(moved))
    assert set(rows.tolist()) == {4, 5, 6, 7, 8}
    assert set(columns.tolist()) == {11, 12, 13, 14, 15}


def test_small_images_move_by_one_pixel():
    rows, _ = places(augmented(spot(4, 4, (8, 8)), "shifts", seeded()))
    assert set(rows.round().tolist()) == {3, 4, 5}


def test_turns_leave_the_middle_and_the_distance_from_it():
    x = torch.zeros(200, 1, 29, 29)
    x[:, :, 14, 14] = 1.0
    torch.testing.assert_close(augmented(x, "turns", seeded())[:, 0, 14, 14], torch.ones(200))
    rows, columns = places(augmented(spot(14, 24, (29, 29)), "turns", seeded()))
    distance = (rows - 14).hypot(columns - 14)
    torch.testing.assert_close(distance, torch.full((200,), 10.0), atol=0.15, rtol=0)
    angles = torch.atan2(rows - 14, columns - 14) * 180 / math.pi
    assert angles.abs().max() <= MAX_TURN + 0.6
    assert angles.max() > 0.8 * MAX_TURN
    assert angles.min() < -0.8 * MAX_TURN


def test_turns_keep_the_shape_of_images_that_are_not_square():
    """Two spots as far apart as before, of an image twice as wide as high."""
    x = torch.zeros(100, 1, 29, 57)
    x[:, :, 14, 18] = 1.0
    x[:, :, 14, 38] = 1.0
    turned = augmented(x, "turns", seeded())
    left, right = turned.clone(), turned.clone()
    left[..., 28:], right[..., :29] = 0.0, 0.0
    (r1, c1), (r2, c2) = places(left), places(right)
    apart = (r1 - r2).hypot(c1 - c2)
    torch.testing.assert_close(apart, torch.full((100,), 20.0), atol=0.2, rtol=0)


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_pixels_without_greys_stay_without_greys(kind):
    x = torch.bernoulli(torch.rand(20, 3, 12, 16, generator=seeded()), generator=seeded(1))
    moved = augmented(x, kind, seeded(), has_greys=False)
    assert set(moved.unique().tolist()) <= {0.0, 1.0}
    assert moved.shape == x.shape


def test_none_draws_nothing_and_every_image_moves_by_itself():
    x = torch.rand(50, 1, 28, 28)
    generator = seeded()
    before = generator.get_state()
    assert augmented(x, "none", generator) is x
    assert torch.equal(generator.get_state(), before)
    same = x[:1].expand(50, -1, -1, -1)
    assert len(augmented(same, "shifts-turns", seeded()).unique(dim=0)) > 40
    assert torch.equal(
        augmented(x, "shifts-turns", seeded()), augmented(x, "shifts-turns", seeded())
    )
