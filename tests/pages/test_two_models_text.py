"""Two runs side by side: what can be ranked, and what is said of what cannot."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations_with_replacement
from pathlib import Path

import pytest

from pages.ui.compare.two_models_text import (
    EQUAL,
    NAMES,
    NO_RATE,
    compare_table,
    difference,
    errors_note,
    in_print,
    why_not,
)
from pages.ui.drawing.numbers import fixed
from tests.samples import bundled, tiny_run
from vae_core import Run, RunStore, load_dataset
from vae_core.analysis import Estimate
from vae_core.comparison import PairScore, Side, comparable, same_images
from vae_core.config import LIKELIHOODS


def value(cell: str) -> str:
    """What stands before the error."""
    return cell.split(" ±")[0]


def number(cell: str) -> float:
    return float(value(cell).replace("−", "-"))


SHIPPED = bundled()


def trained(root: Path, binarisation: str = "grey", **settings: object) -> Run:
    """A tiny run on 96 digits."""
    config = tiny_run(**settings)
    data = replace(config.data, binarisation=binarisation)
    train = replace(config.train, epochs=1)
    run = RunStore(root).create(replace(config, data=data, train=train))
    list(run.train(load_dataset(data)))
    return run


@pytest.mark.parametrize("name", ["digits-2d", "mnist-map", "mnist-dirichlet-3", "mnist-ae-2d"])
def test_a_run_beside_itself_has_equal_columns_and_no_difference(name: str) -> None:
    side = Side.of(SHIPPED[name])
    table = compare_table(side, side).set_index("quantity")
    assert (table["left"] == table["right"]).all()
    scores = table[[q.endswith("nats per image") for q in table.index]]
    assert len(scores) == 3
    has_rate = side.codes.family.has_rate
    none = f"0.00, {EQUAL}"
    assert set(scores["difference"]) == ({none} if has_rate else {none, NO_RATE})
    assert set(table["difference"]) == set(scores["difference"]) | {""}


def test_the_table_has_the_numbers_of_each_run() -> None:
    a, b = Side.of(SHIPPED["mnist-2d"]), Side.of(SHIPPED["mnist-20d"])
    table = compare_table(a, b).set_index("quantity")
    metrics = [run.metrics() for run in (a.run, b.run)]
    for term, title in NAMES.items():
        row = table.loc[f"{title}, nats per image"]
        one, other = (getattr(m, term) for m in metrics)
        assert [value(row[side]) for side in ("left", "right")] == [fixed(one), fixed(other)]
        assert number(row["difference"]) == pytest.approx(other - one, abs=0.0051)
        assert all("±" in row[side] for side in ("left", "right", "difference"))
        assert EQUAL not in row["difference"]
    assert table.loc["parameters", "left"] == f"{a.vae.n_parameters:,}"
    assert list(table.loc["active units"])[:2] == [
        "2 of 2",
        "20 of 20",
    ]
    swapped = compare_table(b, a).set_index("quantity")
    assert swapped["left"].equals(table["right"].rename("left"))


def test_comparable_is_symmetric_and_every_run_is_with_itself() -> None:
    for a, b in combinations_with_replacement(SHIPPED.values(), 2):
        assert comparable(a, b) == comparable(b, a), (a.id, b.id)
        assert comparable(a, b) or a is not b
        assert same_images(a, b) == same_images(b, a)
        assert not comparable(a, b) or same_images(a, b)


def test_nothing_is_ranked_across_data_sets_or_classes() -> None:
    digits, mnist, ones = (SHIPPED[n] for n in ("digits-2d", "mnist-2d", "mnist-ones-2d"))
    reason = why_not(digits, mnist)
    assert reason is not None
    assert "360 test images of digits, grey pixels" in reason
    assert "10,000 test images of MNIST, grey pixels" in reason
    assert "1,135 test images of MNIST, classes 1" in str(why_not(mnist, ones))
    table = compare_table(Side.of(digits), Side.of(mnist))
    assert list(table["difference"][:3]) == ["not comparable"] * 3


def test_nothing_is_ranked_across_binarisations(tmp_path: Path) -> None:
    grey, on_off = trained(tmp_path), trained(tmp_path, binarisation="threshold")
    assert not comparable(grey, on_off)
    assert "grey pixels" in str(why_not(grey, on_off))
    assert "threshold pixels" in str(why_not(grey, on_off))
    assert comparable(grey, trained(tmp_path, posterior="full"))


def test_a_density_is_not_ranked_with_a_probability(tmp_path: Path) -> None:
    runs = {name: trained(tmp_path, likelihood=name) for name in LIKELIHOODS}
    densities = {"gaussian", "continuous-bernoulli"}
    for one, other in combinations_with_replacement(runs, 2):
        alike = one == other or {one, other} == densities
        assert comparable(runs[one], runs[other]) == alike
    reason = str(why_not(runs["bernoulli"], runs["gaussian"]))
    assert "a Bernoulli cross-entropy" in reason
    assert "a density of pixel values" in reason
    table = compare_table(Side.of(runs["bernoulli"]), Side.of(runs["gaussian"]))
    assert list(table["difference"][:2]) == ["not comparable"] * 2
    assert number(table["difference"][2]) == pytest.approx(
        runs["gaussian"].metrics().rate - runs["bernoulli"].metrics().rate,
        abs=0.0051,
    )


def test_a_point_mass_has_no_finite_rate_beside_any_run() -> None:
    table = compare_table(Side.of(SHIPPED["mnist-ae-2d"]), Side.of(SHIPPED["mnist-2d"]))
    table = table.set_index("quantity")
    for term in ("rate", "negative_elbo"):
        row = table.loc[f"{NAMES[term]}, nats per image"]
        assert [row["left"], row["difference"]] == [NO_RATE, NO_RATE]
        assert number(row["right"]) > 0
    row = table.loc[f"{NAMES['distortion']}, nats per image"]
    assert number(row["difference"]) == pytest.approx(0.7, abs=1)
    assert NO_RATE in table.loc["β in training", "left"]


def test_means_in_the_loss_show_as_the_beta_they_stand_for() -> None:
    side = Side.of(SHIPPED["mnist-collapsed"])
    table = compare_table(side, side).set_index("quantity")
    assert table.loc["β in training", "left"] == "784 (mean/sum)"


def test_the_same_data_set_with_other_images_is_told_apart_by_fingerprint(
    tmp_path: Path, finished_run: Run
) -> None:
    run = RunStore(tmp_path).create(
        replace(finished_run.config, data=replace(finished_run.config.data, seed=1))
    )
    list(run.train(load_dataset(run.config.data)))
    assert not comparable(run, finished_run)
    for one in (run, finished_run):
        assert f"(fingerprint {one.data().fingerprint})" in str(why_not(run, finished_run))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (0.3, f"+0.50 ± 0.30, {EQUAL}"),
        (0.2, "+0.50 ± 0.20"),
        (math.nan, "+0.50"),
    ],
)
def test_a_difference_is_told_with_its_error_and_whether_it_is_one(error: float, said: str) -> None:
    score = PairScore("rate", Estimate(1.0), Estimate(1.5), True, Estimate(0.5, error))
    assert difference(score) == said


def test_the_note_on_errors_says_what_is_not_in_them() -> None:
    side = Side.of(SHIPPED["digits-2d"])
    known = errors_note((side, side), ("a", "b"))
    assert "image by image" in known
    assert "another seed gives other weights" in known
    apart = errors_note((side, Side.of(SHIPPED["mnist-2d"])), ("a", "b"))
    assert "image by image" not in apart
    old = replace(side, terms=None)
    assert "not known: b was trained before" in errors_note((side, old), ("a", "b"))
    assert "not known: a and b were trained before" in errors_note((old, old), ("a", "b"))


def test_terms_add_up_as_they_are_printed_in_every_column() -> None:
    def score(term: str, left: float, right: float) -> PairScore:
        error = 0.0052
        return PairScore(
            term, Estimate(left, error), Estimate(right, error), True, Estimate(right - left, error)
        )

    parts = [score("distortion", 130.834, 99.994), score("rate", 7.114, 7.124)]
    whole = score("negative_elbo", 130.834 + 7.114, 99.994 + 7.124)
    found = {one.term: one for one in in_print([whole, *parts])}
    for column in ("left", "right", "difference"):
        total, distortion, rate = (
            float(f"{getattr(found[term], column).value:.2f}")
            for term in ("negative_elbo", "distortion", "rate")
        )
        assert distortion + rate == pytest.approx(total), column
    # 0.0098 is equal within 2 errors of 0.0052, and stays so where it is printed as 0.02
    assert difference(score("rate", 0.0, 0.0098), Estimate(0.02, 0.0052)).endswith(EQUAL)
