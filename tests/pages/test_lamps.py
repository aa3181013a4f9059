"""The lamps of the verdict: over the models that ship, and of what would light each of them."""

from __future__ import annotations

import math
from functools import cache

import pandas as pd
import pytest

from pages.ui.drawing import numbers
from pages.ui.measure import lamps
from pages.ui.measure.lamps import Lamp, State
from pages.ui.train import curves
from tests.core.runs.test_overfitting import record
from tests.pages.app import MODELS
from vae_core.analysis import Collapse, Estimate, Holes, collapse, holes
from vae_core.analysis.diagnosis.collapse import NO_KL, PARTLY
from vae_core.analysis.diagnosis.epochs import EpochScore
from vae_core.analysis.diagnosis.prior_holes import FEW_HOLES
from vae_core.analysis.estimates import mean_estimate
from vae_core.figures import training_curves
from vae_core.runs.overfitting import overfitting

RUNS = {run.id: run for run in MODELS}
SOME = ("mnist-2d", "mnist-collapsed", "mnist-ae-2d", "mnist-ones-2d", "mnist-map")
COLLAPSE, USE, OVERFITTING, HOLES = range(4)


@cache
def lit(name: str) -> list[Lamp]:
    run = RUNS[name]
    codes, found = run.codes(), collapse(run.vae(), run.codes())
    has_density = codes.family.has_density
    return [
        lamps.collapse_lamp(found),
        lamps.use_lamp(found),
        lamps.overfitting_lamp(run.overfitting(), curves.last_score(run, run.history())),
        lamps.holes_lamp(holes(codes) if has_density else None, len(codes), "test images"),
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mnist-2d", ("none", "all 2 used", "train ahead, no clear rise", "up to 10 %")),
        ("mnist-collapsed", ("collapsed", "none used", "none seen", "few")),
        ("mnist-ae-2d", ("does not apply", "all 2 used", "train ahead, no clear rise")),
        ("mnist-ones-2d", ("none", "all 2 used", "none seen", "up to 10 %")),
        ("mnist-map", ("not as a whole", "43 of 64 used", "none seen", "cannot be told")),
    ],
)
def test_each_model_that_ships_has_its_four_answers(name: str, words: tuple[str, ...]) -> None:
    assert tuple(lamp.word for lamp in lit(name))[: len(words)] == words


@pytest.mark.parametrize("name", SOME)
def test_every_sentence_ends_and_has_its_number(name: str) -> None:
    for lamp in lit(name):
        assert lamp.evidence.endswith(".")
        assert "nan" not in lamp.evidence
        assert "inf " not in lamp.evidence
        if lamp.state != State.UNKNOWN:
            assert any(letter.isdigit() for letter in lamp.evidence)


def test_states_differ_in_colour_and_in_icon() -> None:
    assert len({state.colour for state in State}) == len({state.icon for state in State}) == 4


def test_the_numbers_are_those_of_the_core() -> None:
    mean_kl = mean_estimate(RUNS["mnist-2d"].codes().kl.flatten(1).sum(1))
    said = f"{mean_kl.value:.2f} ± {mean_kl.standard_error:.2f} nats per image"
    assert said in lit("mnist-2d")[COLLAPSE].evidence
    run = RUNS["mnist-2d"]
    last, found = run.history()[-1], run.overfitting()
    gap = last.test_distortion + last.test_rate - last.train_distortion - last.train_rate
    assert f"Test less train in epoch {last.epoch}: {gap:.2f} ± " in lit("mnist-2d")[2].evidence
    assert f"was lowest in epoch {found.epoch}: " in lit("mnist-2d")[OVERFITTING].evidence


def test_what_does_not_apply_says_why() -> None:
    points = lit("mnist-ae-2d")
    assert [lamp.state == State.UNKNOWN for lamp in points] == [True, False, False, True]
    assert "KL to any density is infinite" in points[COLLAPSE].evidence
    assert "without a prior" in points[HOLES].evidence
    assert "too few to know q(z)" in lit("mnist-map")[HOLES].evidence
    assert "without its history" in lamps.overfitting_lamp(None, None).evidence


def some(kl: list[float], unused: list[bool]) -> Collapse:
    table = pd.DataFrame(
        {"name": ["z0", "z1"], "kl": kl, "mean_variance": [0.5, 0.25], "active": True}
    ).assign(picture_change=[0.2, 0.001], unused=unused)
    total = Estimate(sum(kl), 0.1)
    return Collapse(PARTLY, table, total, Estimate(0.1, 0.01), (-3.0, 3.0), 16)


def test_use_counts_what_is_used() -> None:
    lamp = lamps.use_lamp(some([2.0, 0.5], [False, True]))
    assert (lamp.state, lamp.word) == (State.PARTLY, "1 of 2 used")
    assert "all move, but the decoded picture does not" in lamp.evidence
    assert "cost 0.5 of 2.50 nats" in lamp.evidence
    said = lamps.collapse_lamp(some([2.0, 0.5], [False, True])).evidence
    assert f"mean KL is 2.50 ± 0.10 nats per image (collapsed: below {NO_KL})" in said


@pytest.mark.parametrize("name", ["mnist-full-2d", "mnist-dirichlet-3", "mnist-2d"])
def test_the_mean_kl_of_the_lamp_is_the_rate_whatever_the_family(name: str) -> None:
    """With correlations, the KLs of single dimensions do not add up to it."""
    run = RUNS[name]
    rate = mean_estimate(run.codes().rate)
    assert rate.value == pytest.approx(run.metrics().rate, abs=0.01)
    assert f"The mean KL is {numbers.estimate(rate)} nats" in lit(name)[COLLAPSE].evidence


@pytest.mark.parametrize(
    ("tests", "train", "gap_error", "state"),
    [
        ((9.0, 4.0, 6.5), 2.0, 0.1, State.BAD),
        ((90.0, 80.0, 70.0), 60.0, 0.1, State.PARTLY),
        ((90.0, 80.0, 70.0), 60.0, 9.0, State.GOOD),
        ((90.0, 80.0, 70.0), 60.0, math.nan, State.PARTLY),
        ((90.0, 80.0, 70.0), 69.8, math.nan, State.GOOD),
        ((90.0, 80.0, 70.0), 75.0, 0.1, State.GOOD),
    ],
)
def test_overfitting_is_a_rise_and_a_gap_beyond_its_error_is_said(
    tests: tuple[float, ...], train: float, gap_error: float, state: State
) -> None:
    history = [record(n, test, train) for n, test in enumerate(tests, start=1)]
    last = EpochScore(3, Estimate(train + 1.0, gap_error), Estimate(tests[-1] + 1.0, 0.0), None)
    lamp = lamps.overfitting_lamp(overfitting(history, 1.0), last)
    assert lamp.state == state
    if state == State.BAD:
        assert lamp.word == "rises since epoch 2"
        assert "so its own number is optimistic" in lamp.evidence


@pytest.mark.parametrize(
    ("share", "error", "state"),
    [
        (0.0, 0.0, State.GOOD),
        (0.9 * FEW_HOLES, 0.001, State.GOOD),
        (0.9 * FEW_HOLES, 0.01, State.PARTLY),
        (0.5, 0.01, State.PARTLY),
    ],
)
def test_holes_are_few_when_the_bound_is_surely_low(
    share: float, error: float, state: State
) -> None:
    found = Holes(Estimate(share, error), Estimate(0.0, 0.0), False, 2000)
    lamp = lamps.holes_lamp(found, 360, "test images")
    assert lamp.state == state
    assert "upper bound from 360 test images" in lamp.evidence
    assert ("No prior sample of 2,000" in lamp.evidence) == (share == 0.0)


def test_the_epoch_marked_on_the_curves_is_the_lowest_of_the_split_that_chose() -> None:
    run = RUNS["mnist-2d"]
    history, found = run.history(), run.overfitting()
    table = pd.DataFrame(history)
    figure = training_curves(table, 60, chosen=(found.epoch, found.split))
    total = table["test_distortion"] + table["test_rate"]
    marks = [t for t in figure.data if t.legendgroup == "chosen"]
    assert {t.x for t in marks} == {(table["epoch"][total.idxmin()],)}
    assert list(marks[-1].y) == [total.min()]
    held_out = table.assign(
        validation_distortion=table["test_distortion"][::-1].to_numpy(),
        validation_rate=table["test_rate"],
    )
    other = training_curves(held_out, 60, chosen=(1, "validation"))
    assert {t.name for t in other.data} == {
        "train", "test", "validation", "epoch 1: lowest validation loss",
    }  # fmt: skip
    assert len({t.line.dash for t in other.data if t.mode == "lines"}) == 3
