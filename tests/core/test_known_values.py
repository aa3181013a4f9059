"""Numbers of the models that ship, as other programs found them.

Rates and their parts by exact integration over a grid, evidence by another one in numpy: none of
these values was printed by this package first.
"""

from __future__ import annotations

import math
from functools import cache

import pytest
import torch

from tests.conftest import REAL_MNIST
from tests.samples import ROOT
from vae_core import Codes, DataConfig, Run, RunStore, load_dataset
from vae_core.analysis import RateParts, class_surgery, holes, inference_gaps, rate_parts
from vae_core.analysis.space.plane import LatentPlane, within_ellipses
from vae_core.analysis.space.receptive_fields import encoder_field

STORE = RunStore(ROOT / "assets" / "models")
LOG_EVIDENCE = [-85.336, -176.246, -41.938, -137.839, -115.673, -46.077]  # of the first test images


def run(name: str) -> Run:
    return STORE.load(name)


@cache
def codes(name: str) -> Codes:
    return run(name).codes()


@cache
def parts(name: str) -> RateParts:
    return rate_parts(codes(name), 80 if name == "mnist-20d" else 500)


@pytest.mark.parametrize(
    ("name", "low", "high"), [("mnist-2d", 6.749, 6.95), ("mnist-ones-2d", 4.35, 4.50)]
)
def test_the_information_of_the_images_at_hand_and_the_cap_of_all_images(name, low, high):
    """The low end is of these test images; the high end never exceeds what the rate allows."""
    found = parts(name).mutual_information
    assert abs(found.low.value - low) < 3 * math.hypot(found.low.standard_error, 0.02)
    assert abs(found.high.value - high) < 3 * math.hypot(found.high.standard_error, 0.02)
    assert found.high.value < parts(name).mean_kl.value


def test_a_saturated_model_has_the_bracket_that_its_rate_leaves():
    found = parts("mnist-20d").mutual_information
    assert abs(found.low.value - 9.13) < 3 * math.hypot(found.low.standard_error, 0.03)
    assert abs(found.high.value - 25.2) < 3 * math.hypot(found.high.standard_error, 0.03)


@pytest.mark.parametrize(
    ("name", "here", "of_all"), [("total_correlation", 0.31, 0.21), ("marginal_kl", 0.36, 0.26)]
)
def test_what_is_sample_size_is_within_the_bracket(name, here, of_all):
    """The high end is what 10,000 images give; the limit of ever more images is inside."""
    found = getattr(parts("mnist-2d"), name)
    assert abs(found.high.value - here) < 3 * found.high.standard_error
    assert found.low.value < of_all < found.high.value


def test_what_classes_cost_and_say_with_more_images_is_within_the_bracket():
    found = class_surgery(codes("mnist-2d"), 500, 0, parts("mnist-2d"))
    for bracket, here, of_60_000 in (
        (found.mean_class_kl, 2.31, 2.18),
        (found.label_information, 1.964, 1.906),
    ):
        assert abs(bracket.high.value - here) < 3 * bracket.high.standard_error
        assert bracket.low.value < of_60_000 < bracket.high.value


@pytest.mark.parametrize(("name", "share"), [("mnist-2d", 0.097), ("mnist-ones-2d", 0.106)])
def test_the_share_of_the_prior_that_is_hole(name, share):
    found = holes(codes(name), 500).prior
    assert abs(found.value - share) < 3 * found.standard_error


def test_the_collapsed_models_card_is_that_of_its_files():
    """A sigma that was rounded to half precision would say 501.56."""
    record = run("mnist-collapsed").history()[-1]
    score = run("mnist-collapsed").metrics().negative_elbo
    assert score == pytest.approx(501.63, abs=0.005)
    assert score == pytest.approx(record.test_distortion + record.test_rate, abs=0.005)


def test_ellipses_of_the_classes_hold_what_was_counted():
    one, two = within_ellipses(codes("mnist-2d"), LatentPlane((2,), (0, 1)))
    assert one.value == pytest.approx(0.52, abs=0.02)
    assert two.value == pytest.approx(0.89, abs=0.02)


def test_no_cell_sees_more_pixels_than_there_are():
    field = encoder_field(run("mnist-map").vae())
    assert field is not None
    assert field.size == (22, 22)
    seen = {field.inside(row, column, (28, 28)) for row in range(4) for column in range(4)}
    assert max(seen) == (21, 21)
    assert field.inside(0, 0, (28, 28)) == (13, 13)


@pytest.mark.skipif(REAL_MNIST is None, reason="no MNIST on this machine")
def test_the_evidence_of_images_is_that_of_another_grid():
    data = load_dataset(DataConfig("mnist"))
    x = data.test.batch(slice(0, len(LOG_EVIDENCE)))
    found = inference_gaps(run("mnist-2d").vae(), x)
    expected = torch.tensor(LOG_EVIDENCE).double()
    torch.testing.assert_close(
        torch.tensor(found["log_evidence"].to_numpy()), expected, atol=0.01, rtol=0
    )
    assert (found["elbo"] < found["log_evidence"]).all()
