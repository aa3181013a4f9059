"""Decimals: printed parts add up to the printed total, and no zero has a sign."""

from __future__ import annotations

import math
import random

import pytest

from vae_core.decimals import adding_up, fixed


def test_the_parts_of_the_example_add_up() -> None:
    assert [fixed(value, 1) for value in adding_up((130.83, 7.14), 1)] == ["130.8", "7.2"]
    assert fixed(130.83 + 7.14, 1) == "138.0"


@pytest.mark.parametrize("digits", [0, 1, 2, 3])
@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_printed_parts_sum_to_the_printed_total_and_are_off_by_less_than_a_unit(
    n: int, digits: int
) -> None:
    dice = random.Random(10 * n + digits)
    for _ in range(500):
        parts = [dice.choice((0.0, dice.gauss(0, 1), dice.gauss(0, 300))) for _ in range(n)]
        printed = [float(fixed(value, digits)) for value in adding_up(parts, digits)]
        total = float(fixed(math.fsum(parts), digits))
        assert math.isclose(math.fsum(printed), total, abs_tol=1e-9)
        for part, value in zip(parts, printed, strict=True):
            assert abs(value - part) < 10.0**-digits + 1e-9


def test_parts_that_are_zero_stay_zero() -> None:
    assert adding_up((501.564, 0.0), 2) == (501.56, 0.0)
    assert adding_up((100.0049, 0.0, 0.0049), 2)[1] == 0.0


def test_parts_add_up_to_a_total_that_is_printed_already() -> None:
    assert math.fsum(adding_up((3.566, 3.566), 2)) == pytest.approx(7.13)
    assert sorted(adding_up((3.566, 3.566), 2, total=7.14)) == [3.57, 3.57]
    assert sorted(adding_up((3.566, 3.566), 2, total=7.12)) == [3.56, 3.56]


def test_parts_without_a_finite_sum_are_left_as_they_are() -> None:
    assert adding_up((1.234, math.inf), 1) == (1.234, math.inf)
    assert math.isnan(adding_up((math.nan, 1.234), 1)[0])


@pytest.mark.parametrize("value", [-0.0, 0.0, -1e-9, -0.00499, 0.00499])
def test_zero_has_no_sign(value: float) -> None:
    assert fixed(value) == fixed(value, signed=True) == "0.00"


def test_other_numbers_keep_theirs() -> None:
    assert (fixed(-0.006), fixed(0.006, signed=True), fixed(-12.3, 1)) == (
        "-0.01",
        "+0.01",
        "-12.3",
    )
