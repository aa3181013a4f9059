"""Several seeds of a value are one point: its mean, its spread, and who stands for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.samples import tiny_run
from vae_core import ConfigError, Dataset, Run, RunConfig, RunStore
from vae_core.analysis import sweep, swept
from vae_core.comparison import (
    best_point,
    by_value,
    first_seeds,
    point_table,
    points,
    run_table,
    sweep_table,
)
from vae_core.runs.terms import TERMS


def configs(n_seeds: int = 2, values: tuple[float, ...] = (0.5, 2.0), **train) -> list[RunConfig]:
    base = tiny_run()
    base = replace(base, train=replace(base.train, epochs=1, **train))
    return sweep(base, "beta", values, n_seeds)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, digits: Dataset) -> list[Run]:
    """Two values with two seeds each, as a folder lists them: the newest first."""
    store = RunStore(tmp_path_factory.mktemp("seeds"))
    made = [store.create(config) for config in configs()]
    for run in made:
        list(run.train(digits))
    return made[::-1]


def test_each_value_has_the_seeds_that_follow_the_configs_own() -> None:
    found = configs(3, seed=7)
    assert [c.train.beta for c in found] == [0.5] * 3 + [2.0] * 3
    assert [c.train.seed for c in found] == [7, 8, 9] * 2
    names = ["beta 0.5", "beta 0.5, seed 8", "beta 0.5, seed 9"]
    assert [c.name for c in found[:3]] == names
    assert {c.sweep for c in found} == {"digits beta"}
    assert swept(found) == "beta"


def test_more_seeds_keep_those_that_are_there() -> None:
    """So that the same command with more of them trains the new ones alone."""
    few, more = configs(1), configs(3)
    assert few == [more[0], more[3]]


def test_the_name_of_a_further_seed_is_never_too_long() -> None:
    wide, config = "x".join(["4096"] * 8), tiny_run()
    config = replace(config, train=replace(config.train, seed=2**31 - 2))
    first, second = sweep(config, "keep-epochs", ["1,2,3"], 2), sweep(config, "hidden", [wide], 2)
    for _, further in (first, second):
        assert str(further.name).endswith(f", seed {2**31 - 1}")


@pytest.mark.parametrize(
    ("setting", "n_seeds", "message"),
    [
        ("beta", 0, "seeds must be from 1 to 100; got 0"),
        ("beta", 101, "seeds must be from 1 to 100; got 101"),
        ("seed", 2, "a sweep over seed has one for each value"),
    ],
)
def test_seeds_that_make_no_sense_are_refused(setting: str, n_seeds: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        sweep(tiny_run(), setting, ["1", "2"], n_seeds)


@pytest.mark.parametrize("setting", ["reduction", "keep-epochs", "lr", "posterior"])
def test_what_is_swept_is_never_the_seed_while_something_else_is(setting: str) -> None:
    values = {"reduction": ["sum/sum", "mean/sum"], "keep-epochs": ["1", "1,3"],
              "lr": [0.1, 0.2], "posterior": ["full", "laplace"]}[setting]  # fmt: skip
    assert swept(sweep(tiny_run(), setting, values, 3)) == setting
    assert swept(sweep(tiny_run(), "seed", [0, 1])) == "seed"


def test_runs_of_one_value_are_one_point_in_the_order_of_their_seeds(runs: list[Run]) -> None:
    ordered = by_value(runs)
    assert [(r.config.train.beta, r.config.train.seed) for r in ordered] == [
        (0.5, 0), (0.5, 1), (2.0, 0), (2.0, 1),
    ]  # fmt: skip
    found = points(runs)
    assert [[r.config.train.seed for r in point.runs] for point in found] == [[0, 1], [0, 1]]
    assert [point.first.config.train.beta for point in found] == [2.0, 0.5]
    assert first_seeds(ordered) == [ordered[0], ordered[2]]


def test_runs_apart_are_points_apart(runs: list[Run], finished_run: Run) -> None:
    alone = replace(runs[0], config=replace(runs[0].config, sweep=None))
    other = replace(runs[1], config=replace(runs[1].config, sweep="another"))
    assert [len(point.runs) for point in points([alone, other, finished_run])] == [1, 1, 1]
    twice = replace(runs[0], path=runs[0].path.with_name("again"))
    assert [len(point.runs) for point in points([runs[0], twice])] == [1, 1]  # no further seed


def test_a_sweep_over_the_seed_shows_every_one(runs: list[Run]) -> None:
    seeds = by_value([run for run in runs if run.config.train.beta == 2.0])
    assert first_seeds(seeds) == seeds
    assert sweep_table(seeds)["seed"].tolist() == [0, 1]


def test_the_table_has_mean_and_spread_over_seeds(runs: list[Run]) -> None:
    table = sweep_table(runs)
    assert table["beta"].tolist() == [0.5, 2.0]
    assert table["n_seeds"].tolist() == [2, 2]
    assert table["run"].tolist() == ["beta 0.5", "beta 2"]
    for row, some in zip(table.to_dict("records"), (by_value(runs)[:2], by_value(runs)[2:]),
                         strict=True):  # fmt: skip
        for term in ("distortion", "rate", "negative_elbo"):
            each = [getattr(run.metrics(), term) for run in some]
            assert row[term] == pytest.approx(np.mean(each))
            assert row[f"{term}_sd"] == pytest.approx(abs(each[1] - each[0]) / np.sqrt(2))
    assert run_table(runs)["n_seeds"].tolist() == [1] * 4
    assert run_table(runs)["rate_sd"].isna().all()
    assert list(point_table(runs).index) == [point.first.id for point in points(runs)]


def test_the_error_over_images_is_that_of_the_mean_over_seeds(runs: list[Run]) -> None:
    first = points(runs)[0]
    each = [run.terms().negative_elbo for run in first.runs]
    mean = (each[0] + each[1]) / 2
    error = float(mean.std()) / np.sqrt(len(mean))
    assert point_table(runs)["standard_error"].iloc[0] == pytest.approx(error)


def test_what_is_equal_to_the_best_or_not_known_is_told_apart(runs: list[Run], tmp_path) -> None:
    best = best_point(runs)
    lowest = point_table(runs)["negative_elbo"].idxmin()
    assert best.point.first.id == lowest
    assert best_point([]) is None
    twin = replace(by_value(runs)[0], config=replace(runs[0].config, sweep=None))
    both = best_point([twin, replace(twin, path=twin.path)])
    assert both.unknown == ()
    (runs[0].path / TERMS).rename(tmp_path / TERMS)
    try:
        assert len(best_point(runs).unknown) == 1
    finally:
        (tmp_path / TERMS).rename(runs[0].path / TERMS)
