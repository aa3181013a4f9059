"""Estimates over images: identities, coverage, and what pairing is good for."""

from __future__ import annotations

import math
import shutil

import pytest
import torch

from tests.samples import ROOT, seeded
from vae_core import RunStore
from vae_core.analysis.estimates import (
    Estimate,
    mean_estimate,
    median_estimate,
    paired_difference,
    ratio_estimate,
    root_estimate,
    share_estimate,
)
from vae_core.comparison import Side, compare
from vae_core.runs.terms import TERMS

STORE = RunStore(ROOT / "assets" / "models")


def test_a_mean_has_the_error_of_the_formula() -> None:
    values = torch.tensor([1.0, 2.0, 6.0])
    found = mean_estimate(values)
    assert found.value == 3.0
    assert found.standard_error == pytest.approx(math.sqrt(7.0) / math.sqrt(3))


@pytest.mark.parametrize("values", [[5.0], [math.inf, 1.0], [math.inf, math.inf]])
def test_of_one_image_or_of_infinity_no_error_is_known(values: list[float]) -> None:
    found = mean_estimate(torch.tensor(values))
    assert found.value == values[0]
    assert math.isnan(found.standard_error)
    assert found.is_zero is None


@pytest.mark.parametrize("n", [25, 200, 201])
@pytest.mark.parametrize("skewed", [False, True])
def test_the_error_of_a_median_is_its_spread_over_samples(n: int, skewed: bool) -> None:
    """And two of them cover the true median in 95 of 100 samples, whatever the distribution."""
    draws = torch.randn(2000, n, generator=seeded()).double()
    draws = draws.exp() if skewed else draws
    found = [median_estimate(sample) for sample in draws]
    middles = torch.tensor([one.value for one in found]).double()
    errors = torch.tensor([one.standard_error for one in found]).double()
    torch.testing.assert_close(middles, draws.quantile(0.5, 1))
    assert float(errors.square().mean().sqrt() / middles.std()) == pytest.approx(1.0, abs=0.2)
    covered = (middles - (1.0 if skewed else 0.0)).abs() <= 2.0 * errors
    assert float(covered.double().mean()) == pytest.approx(0.95, abs=0.025)


def test_few_values_or_infinite_ones_do_not_tell_how_sure_their_median_is() -> None:
    assert median_estimate(torch.arange(5.0)).value == 2.0
    for values in (torch.arange(5.0), torch.full((9,), math.inf)):
        assert math.isnan(median_estimate(values).standard_error)
    assert median_estimate(torch.arange(6.0)) == Estimate(2.5, 1.25)  # from first to last


def test_a_share_a_root_and_a_ratio_have_the_errors_that_samples_of_them_show() -> None:
    chosen = torch.rand(2000, 100, generator=seeded()) < 0.3
    values = torch.randn(2000, 100, generator=seeded(1)).double() + 2.0
    parts = 0.5 * values + 0.2 * torch.randn(2000, 100, generator=seeded(2)).double()
    for found, truth in (
        ([share_estimate(one) for one in chosen], 0.3),
        ([root_estimate(one.square()) for one in values], math.sqrt(5.0)),
        ([ratio_estimate(a, b) for a, b in zip(parts, values, strict=True)], 0.5),
    ):
        off = torch.tensor([one.value - truth for one in found]).double()
        errors = torch.tensor([one.standard_error for one in found]).double()
        assert float(errors.mean() / off.std()) == pytest.approx(1.0, abs=0.05)
        assert float((off.abs() <= 2.0 * errors).double().mean()) == pytest.approx(0.95, abs=0.02)
    assert root_estimate(torch.zeros(3)) == Estimate(0.0, 0.0)


@pytest.mark.parametrize(("n", "p"), [(100, 0.005), (100, 0.02), (2000, 0.0005), (100, 0.995)])
def test_none_of_a_hundred_or_all_of_them_is_no_certainty(n: int, p: float) -> None:
    """Two errors about the share hold the truth about as often as they say."""
    found = [share_estimate(one) for one in torch.rand(2000, n, generator=seeded()) < p]
    held = [abs(one.value - p) <= 2.0 * one.standard_error for one in found]
    assert sum(held) / len(held) >= 0.93
    assert all(one.standard_error > 0.0 for one in found)


def test_a_model_differs_from_itself_by_nothing_surely() -> None:
    values = torch.randn(100, generator=seeded())
    assert paired_difference(values, values) == Estimate(0.0, 0.0)
    assert paired_difference(values, values).is_zero


def test_the_difference_is_that_of_the_means_and_turns_with_the_order() -> None:
    a, b = torch.randn(2, 1000, generator=seeded()).double()
    found, turned = paired_difference(a, b), paired_difference(b, a)
    assert found.value == pytest.approx(float(b.mean() - a.mean()))
    assert (turned.value, turned.standard_error) == (-found.value, found.standard_error)


def test_two_standard_errors_cover_no_difference_in_95_of_100_cases() -> None:
    draws = torch.randn(2, 2000, 50, generator=seeded())
    covered = [paired_difference(a, b).is_zero for a, b in zip(*draws, strict=True)]
    # 2 standard errors of Student's t with 49 degrees of freedom: 0.949, +- 4 sd of 2000 cases
    assert sum(covered) / len(covered) == pytest.approx(0.949, abs=0.02)


def test_a_true_difference_is_found() -> None:
    a, b = torch.randn(2, 400, generator=seeded())
    assert not paired_difference(a, b + 0.5).is_zero


def test_pairing_takes_out_what_is_hard_for_both() -> None:
    hard = 10.0 * torch.randn(500, generator=seeded(1))
    a, b = hard + torch.randn(2, 500, generator=seeded(2))
    apart = math.hypot(*(mean_estimate(values).standard_error or 0.0 for values in (a, b)))
    paired = paired_difference(a, b).standard_error
    assert paired == pytest.approx(math.sqrt(2 / 500), rel=0.15)
    assert paired < apart / 5


def test_other_numbers_of_images_are_refused() -> None:
    with pytest.raises(ValueError, match="got 3 and 2 of them"):
        paired_difference(torch.zeros(3), torch.zeros(2))


def test_of_two_models_pairs_are_surer_than_their_means() -> None:
    full, diagonal = (Side.of(STORE.load(name)) for name in ("mnist-full-2d", "mnist-2d"))
    for score in compare(full, diagonal):
        assert score.is_ranked
        assert score.difference is not None
        apart = math.hypot(score.left.standard_error or 0, score.right.standard_error or 0)
        much = 1.0 if score.term == "rate" else 0.7
        assert 0 < (score.difference.standard_error or 0) < much * apart
        assert score.difference.value == score.right.value - score.left.value
        (terms, others) = (getattr(s.terms, score.term) for s in (full, diagonal))
        assert score.difference.value == pytest.approx(float((others - terms).mean()), abs=2e-3)


def test_a_run_of_before_compares_without_an_error(tmp_path) -> None:
    folder = shutil.copytree(STORE.root / "digits-2d", tmp_path / "old")
    (folder / TERMS).unlink()
    old, new = (Side.of(store.load(name)) for store, name in (
        (RunStore(tmp_path), "old"), (STORE, "digits-map"),
    ))  # fmt: skip
    assert old.terms is None
    for score in compare(old, new):
        assert score.difference is not None
        assert math.isnan(score.difference.standard_error)
        assert score.difference.is_zero is None
        assert math.isfinite(score.right.standard_error)
