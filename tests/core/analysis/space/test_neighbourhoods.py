"""Trustworthiness and continuity of a plane, by definition and where they are known."""

from __future__ import annotations

import pytest
import torch
from sklearn.manifold import trustworthiness

from vae_core import ConfigError
from vae_core.analysis.space.neighbourhoods import MAX_IMAGES, neighbourhoods


def points(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("k", [1, 5, 30])
def test_both_are_the_definition_of_venna_and_kaski(k: int) -> None:
    z, plane = points(80, 6), points(80, 2, 1)
    found = neighbourhoods(z, plane, k)
    expected = trustworthiness(z.numpy(), plane.numpy(), n_neighbors=k)
    assert found.trustworthiness.value == pytest.approx(expected, abs=1e-12)
    expected = trustworthiness(plane.numpy(), z.numpy(), n_neighbors=k)
    assert found.continuity.value == pytest.approx(expected, abs=1e-12)


def test_a_turned_plane_keeps_all_neighbours_and_a_random_one_half() -> None:
    plane = points(400, 2)
    z = torch.cat([plane @ torch.tensor([[0.6, 0.8], [-0.8, 0.6]]), torch.zeros(400, 3)], 1)
    kept = neighbourhoods(z, 2.5 * plane)
    assert kept.trustworthiness.value == kept.continuity.value == 1.0
    lost = neighbourhoods(points(400, 5, 2), plane)
    for found in (lost.trustworthiness, lost.continuity):
        assert abs(found.value - 0.5) < 5 * found.standard_error
        assert 0 < found.standard_error < 0.02


def test_a_fold_tears_nothing_and_a_cut_of_a_circle_is_no_intruder() -> None:
    """Two sheets laid on each other: false neighbours. A circle cut open: lost ones."""
    line = torch.linspace(-1, 1, 200)
    folded = neighbourhoods(
        torch.stack([line, 0 * line], 1), torch.stack([line.abs(), 0 * line], 1)
    )
    assert folded.trustworthiness.value < 0.9
    assert folded.continuity.value > 0.97
    angle = torch.linspace(0, 2 * torch.pi, 201)[:-1]
    circle = torch.stack([angle.cos(), angle.sin()], 1)
    cut = neighbourhoods(circle, torch.stack([angle, 0 * angle], 1))
    assert cut.continuity.value < cut.trustworthiness.value


def test_of_many_images_some_are_taken_and_of_few_none_are_judged() -> None:
    many = points(MAX_IMAGES + 100, 2)
    assert neighbourhoods(many, many).n_images == MAX_IMAGES
    with pytest.raises(ConfigError, match="12 neighbours need more than 24 images; got 24"):
        neighbourhoods(many[:24], many[:24])
