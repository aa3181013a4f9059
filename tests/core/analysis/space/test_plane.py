"""How much ellipses hold: of Gaussians what is known, of mixtures what is counted."""

from __future__ import annotations

import math

import pytest
import torch

from tests.samples import seeded
from vae_core.analysis import Codes
from vae_core.analysis.space.plane import LatentPlane, share_within, within_ellipses


def gaussian_codes(d: int, n: int = 4000) -> Codes:
    """Two classes, each of which has a Gaussian q(z|y), correlated and not centred."""
    labels = torch.arange(n) % 2
    mixing = torch.randn(d, d, generator=seeded(1))
    mean = torch.randn(n, d, generator=seeded(2)) @ mixing + 3.0 * labels[:, None]
    params = torch.cat([mean, torch.full((n, d), 2.0 * math.log(0.5))], 1)
    return Codes(params, labels, "diagonal", (d,))


@pytest.mark.parametrize("n_sigma", [1, 2, 3])
@pytest.mark.parametrize("is_line", [False, True])
def test_shares_of_a_gaussian_are_those_of_its_draws(n_sigma: int, is_line: bool) -> None:
    z = torch.randn(200_000, 1 if is_line else 2, generator=seeded(n_sigma))
    share = float((z.norm(dim=1) <= n_sigma).double().mean())
    assert share_within(n_sigma, is_line) == pytest.approx(share, abs=0.005)


def test_the_shares_of_a_plane_are_not_those_of_a_line() -> None:
    assert [round(share_within(k), 3) for k in (1, 2, 3)] == [0.393, 0.865, 0.989]
    assert [round(share_within(k, True), 3) for k in (1, 2, 3)] == [0.683, 0.954, 0.997]


@pytest.mark.parametrize("d", [1, 2, 5])
def test_ellipses_of_gaussian_classes_hold_what_a_gaussian_does(d: int) -> None:
    plane = LatentPlane((d,), (0, min(1, d - 1)))
    for n_sigma, found in enumerate(within_ellipses(gaussian_codes(d), plane), start=1):
        expected = share_within(n_sigma, plane.is_line)
        assert abs(found.value - expected) < 4.0 * found.standard_error + 0.005


def test_ellipses_of_a_class_in_two_lumps_hold_what_is_counted() -> None:
    mean = torch.tensor([[-1.0, 0.0], [1.0, 0.0]]).repeat(50, 1)
    params = torch.cat([mean, torch.full((100, 2), -30.0)], 1)  # two points
    codes = Codes(params, torch.zeros(100, dtype=torch.long), "diagonal", (2,))
    one, two = within_ellipses(codes, LatentPlane((2,), (0, 1)))
    # all are at 1 sigma across; up they are Gaussian, so that a chi-squared of 1 degree is left
    assert one.value < 0.02
    assert two.value == pytest.approx(math.erf(math.sqrt(1.5)), abs=0.02)
