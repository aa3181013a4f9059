"""Classifiers of codes, on codes whose classes are known to be read or not."""

from __future__ import annotations

import pytest
import torch

from tests.samples import bundled, seeded
from vae_core import Codes, ConfigError
from vae_core.analysis.diagnosis.class_probes import FOLDS, MAX_IMAGES, class_probes


def codes_of(mean: torch.Tensor, labels: torch.Tensor) -> Codes:
    """Diagonal Gaussians of these means, all with sigma 1."""
    params = torch.cat([mean, torch.zeros_like(mean)], 1)
    return Codes(params, labels, "diagonal", (mean.shape[1],))


def noise(n: int, d: int = 2) -> torch.Tensor:
    return torch.randn(n, d, generator=seeded())


def test_classes_on_two_sides_are_read_by_both_and_a_ring_by_neighbours_alone() -> None:
    labels = torch.arange(300) % 2
    apart = class_probes(codes_of(noise(300) + 12.0 * labels[:, None], labels), "mean")
    assert apart.linear.value == apart.nearest.value == 1.0
    assert 0 < apart.linear.standard_error < 0.02
    angle = torch.linspace(0, 20, 300)
    ring = torch.stack([angle.cos(), angle.sin()], 1) * (1.0 + 2.0 * labels[:, None])
    found = class_probes(codes_of(ring, labels), "mean")
    assert found.nearest.value > 0.98
    assert found.linear.value < 0.65


def test_codes_that_tell_nothing_are_read_no_better_than_by_a_guess() -> None:
    labels = (torch.rand(2000, generator=seeded(1)) < 0.7).long()
    found = class_probes(codes_of(noise(2000), labels))
    assert found.guess == pytest.approx(float(labels.double().mean()))
    assert abs(found.linear.value - found.guess) < 4 * found.linear.standard_error
    assert found.nearest.value < found.guess + 4 * found.nearest.standard_error


def test_a_model_of_twenty_dimensions_tells_more_of_the_class_than_one_of_two() -> None:
    two, twenty, collapsed, plain = (
        class_probes(bundled()[name].codes())
        for name in ("mnist-2d", "mnist-20d", "mnist-collapsed", "mnist-ae-2d")
    )
    assert two.n_images == MAX_IMAGES
    assert twenty.linear.value > two.linear.value + 0.1
    assert two.nearest.value > two.linear.value
    for found in (collapsed.linear, collapsed.nearest):
        assert abs(found.value - collapsed.guess) < 0.03
    assert plain == class_probes(bundled()["mnist-ae-2d"].codes(), "mean")
    assert class_probes(bundled()["mnist-20d"].codes(), "mean").nearest.value > twenty.nearest.value


def test_classes_that_are_too_few_or_too_small_are_a_sentence() -> None:
    labels = torch.tensor([0] * 30 + [1] * (FOLDS - 1))
    with pytest.raises(ConfigError, match="needs 2 classes with 5 images each; got 1"):
        class_probes(codes_of(noise(len(labels)), labels))
    labels = torch.tensor([0] * 30 + [1] * 30 + [2])
    assert class_probes(codes_of(noise(len(labels)), labels)).n_images == 60
