"""Answers as a table, and what a class has gained."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.core.lessons.asking import asked
from vae_core import Run
from vae_core.lessons import QUANTITIES, Lesson
from vae_core.lessons.gain import gain
from vae_core.lessons.rooms import Room
from vae_core.lessons.votes_table import COLUMNS, votes_table


def test_a_row_an_answer_with_what_was_believed(
    room: Room,
    lesson: Lesson,
    finished_run: Run,
) -> None:
    room.answer("0000000a", "a", asked(lesson), 3.0)
    room.answer("0000000b", "b", asked(lesson))
    room.move(room.state(), step="transfer")
    room.answer("0000000a", 2.04, asked(lesson, "transfer"))
    room.answer("0000000b", 2.06, asked(lesson, "transfer"))
    table = votes_table(room, lesson, finished_run, lambda _: finished_run)
    assert tuple(table.columns) == COLUMNS
    assert list(table["right"]) == [False, True, True, False]
    assert list(table["misconception"]) == ["It is one.", "", "", ""]
    assert list(table["said"]) == ["a", "b", "2.04", "2.06"]
    assert table["live_value"].iloc[2] == QUANTITIES["kl_normal"](finished_run, 2.0, 1.0) == 2.0
    assert math.isnan(table["live_value"].iloc[0])
    assert set(table["lesson_sha256"]) == {lesson.digest}
    assert list(table["seconds_since_shown"]) == [3.0, 0.0, 0.0, 0.0]


def test_the_gain_of_a_class_of_known_effect() -> None:
    """Scores one standard deviation apart; the interval holds it in about 95 of 100 classes."""
    rng, held = np.random.default_rng(0), 0
    for _ in range(400):
        ability = rng.normal(size=40)
        before, after = (ability * 0.8 + 0.6 * rng.normal(size=40) + shift for shift in (0.0, 1.0))
        found = gain(list(before), list(after), most=10.0)
        held += found.low <= 1.0 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_a_gain_of_nothing_and_of_too_few() -> None:
    same = gain([3.0, 4.0, 5.0], [3.0, 4.0, 5.0], most=10.0)
    assert (same.effect, same.normalised) == (0.0, 0.0)
    assert math.isnan(gain([1.0, 2.0], [2.0, 3.0], most=10.0).effect)
    assert math.isnan(gain([2.0] * 5, [2.0] * 5, most=10.0).effect)
    assert gain([0.0, 0.0, 5.0], [10.0, 10.0, 10.0], most=10.0).normalised == 1.0
    with pytest.raises(ValueError, match="as many"):
        gain([1.0], [], most=10.0)
