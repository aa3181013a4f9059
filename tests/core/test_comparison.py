"""Runs side by side: only what is measured alike; and the sweep that ships."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace

import pytest
import torch

from pages.ui.compare import rate_distortion_text
from tests.samples import ROOT, bundled, seeded, tiny_run
from vae_core import Run, RunStore, load_dataset
from vae_core.analysis import sweep, swept
from vae_core.analysis.estimates import paired_difference
from vae_core.comparison import (
    Obstacle,
    Side,
    Yardstick,
    best_point,
    by_value,
    compare,
    epoch_table,
    obstacle,
    run_table,
    same_images,
    sweep_table,
    trained_value,
    with_test_images,
)
from vae_core.config import LIKELIHOODS

SHIPPED = [e.run for e in RunStore(ROOT / "assets" / "sweeps" / "mnist-beta").list() if e.run]
MODELS = list(bundled().values())
BETAS = [0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]


def yardstick_of(root, digits, **settings) -> Yardstick:
    """That of a run which has trained one epoch."""
    run = RunStore(root).create(tiny_run(**settings))
    next(run.train(digits))
    return Yardstick.of(run)


def test_same_images_and_measure_are_comparable_whatever_the_model(tmp_path, digits):
    first = yardstick_of(tmp_path, digits)
    assert first == yardstick_of(tmp_path, digits, posterior="full", latent=(2,))
    gaussian = yardstick_of(tmp_path, digits, likelihood="gaussian")
    assert gaussian == yardstick_of(tmp_path, digits, likelihood="continuous-bernoulli")
    assert first != gaussian
    assert first.obstacle(gaussian) is Obstacle.MEASURE
    assert rate_distortion_text.reason(first, gaussian) == "scored by density of pixel values"
    title = rate_distortion_text.title(first)
    assert title == "digits, 96 grey test images, Bernoulli cross-entropy"
    assert len({kind.measure for kind in LIKELIHOODS.values()}) == 3


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"classes": (1, 7)}, "on other images of digits"),
        ({"limit": 95}, "on other images of digits"),
        ({"binarisation": "threshold"}, "on other pixels of digits"),
    ],
)
def test_other_images_or_pixels_are_not_comparable(tmp_path, digits, finished_run, changes, why):
    config = tiny_run()
    config = replace(config, data=replace(config.data, **changes))
    run = RunStore(tmp_path).create(config)
    next(run.train(load_dataset(config.data)))
    own, other = Yardstick.of(finished_run), Yardstick.of(run)
    assert own != other
    assert rate_distortion_text.reason(own, other) == why
    title = rate_distortion_text.title(other)
    assert ("test images of 1, 7," in title) == ("classes" in changes)


@pytest.fixture(scope="module")
def held_out(tmp_path_factory) -> tuple[Run, Run]:
    """Two runs with the same test images: one is trained on all training images, one on 76."""
    store, runs = RunStore(tmp_path_factory.mktemp("held-out")), []
    for n in (0, 20):
        config = tiny_run()
        config = replace(config, data=replace(config.data, validation=n))
        runs.append(store.create(config))
        list(runs[-1].train(load_dataset(config.data)))
    return runs[0], runs[1]


def test_the_same_test_images_compare_image_by_image_whatever_was_held_out(held_out):
    whole, fewer = held_out
    assert whole.data().fingerprint != fewer.data().fingerprint
    assert whole.data().n_train != fewer.data().n_train
    assert same_images(whole, fewer)
    assert obstacle(whole, fewer) is None
    assert Yardstick.of(whole) == Yardstick.of(fewer)
    a, b = Side.of(whole), Side.of(fewer)
    for score in compare(a, b):
        paired = paired_difference(getattr(a.terms, score.term), getattr(b.terms, score.term))
        assert score.is_ranked
        assert score.difference.value == pytest.approx(paired.value, abs=1e-5)
        assert score.difference.standard_error == paired.standard_error
    assert best_point([whole, fewer]).unknown == ()


def test_a_run_of_before_is_known_by_another_of_the_same_images(held_out, tmp_path):
    """What it was scored on follows from all images; where nobody knows these, it is alone."""
    whole, fewer = held_out
    old = Run(shutil.copytree(whole.path, tmp_path / "old"), whole.config, whole.created)
    facts = json.loads((old.path / "data.json").read_text())
    del facts["test_fingerprint"]
    (old.path / "data.json").write_text(json.dumps(facts))
    assert old.data().test_fingerprint is None
    assert same_images(old, whole)
    assert not same_images(old, fewer)
    lone, *both = map(Yardstick.of, (old, whole, fewer))
    assert lone not in both
    assert len(set(with_test_images([lone, *both]))) == 1
    assert len(set(with_test_images([lone, both[1]]))) == 2
    del facts["fingerprint"]
    (old.path / "data.json").write_text(json.dumps(facts))
    assert not same_images(old, old)
    assert Yardstick.of(old).fingerprint == old.id
    assert len(set(with_test_images([Yardstick.of(old), *both]))) == 2


@pytest.mark.parametrize("run", [*SHIPPED, *MODELS], ids=lambda run: run.id)
def test_a_run_that_ships_tells_its_test_images(run):
    """So that one trained here with images held out compares with it."""
    facts = run.data()
    assert facts.test_fingerprint not in (None, facts.fingerprint)
    if run.config.data.name == "digits":
        assert facts.test_fingerprint == load_dataset(run.config.data).test_fingerprint


def test_table_holds_the_metrics_and_no_rate_for_points(tmp_path, digits, finished_run):
    points = RunStore(tmp_path).create(tiny_run(posterior="delta"))
    list(points.train(digits))
    table = run_table([finished_run, points])
    metrics = finished_run.metrics()
    row = table.loc[finished_run.id]
    assert row["negative_elbo"] == metrics.negative_elbo
    assert row["rate"] + row["distortion"] == row["negative_elbo"]
    assert math.isnan(table.loc[points.id, "rate"])
    terms = finished_run.terms().negative_elbo
    assert row["standard_error"] == pytest.approx(float(terms.std()) / math.sqrt(96))
    assert math.isnan(table.loc[points.id, "standard_error"])
    assert epoch_table([points]).empty
    ways = epoch_table([finished_run])
    assert ways["epoch"].tolist() == [1, 2, 3]
    assert ways["rate"].iloc[-1] == metrics.rate


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("beta", [0.5, 2.0, 10.0]),
        ("latent", [(2,), (10,), (2, 2, 3)]),
        ("limit", [None, 5, 40]),
        ("posterior", ["diagonal", "full", "laplace"]),
    ],
)
def test_runs_of_a_sweep_come_in_the_order_of_their_values(tmp_path, setting, values):
    configs = sweep(tiny_run(), setting, [values[1], values[2], values[0]])
    runs = [RunStore(tmp_path).create(config) for config in configs]
    ordered = by_value(runs)
    wanted = [configs[2], configs[0], configs[1]]
    if setting == "latent":
        wanted = [configs[2], configs[1], configs[0]]  # (2,) < (2, 2, 3) < (10,)
    assert [run.config for run in ordered] == wanted


def test_the_sweep_that_ships_is_whole():
    assert [run.config.train.beta for run in by_value(SHIPPED)] == BETAS
    assert swept([run.config for run in SHIPPED]) == "beta"
    assert {run.config.sweep for run in SHIPPED} == {"MNIST, beta"}
    assert len({Yardstick.of(run) for run in SHIPPED}) == 1
    files = [file for file in (ROOT / "assets" / "sweeps").rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 7.5e6


def test_more_beta_is_less_rate_down_to_nothing_and_beta_one_is_best():
    table = sweep_table(SHIPPED)
    assert table["beta"].tolist() == BETAS
    assert (table["rate"].diff().dropna() < 0).all()
    assert table["rate"].iloc[-1] == pytest.approx(0.0, abs=0.01)
    assert table.set_index("beta")["negative_elbo"].idxmin() == 1.0


def test_the_best_of_the_sweep_that_ships_is_beta_one_and_no_other_is_as_good():
    """0.86 nats to the next: within the errors of both means, far beyond that of the difference."""
    best = best_point(SHIPPED)
    assert best.point.first.id == "beta-1"
    assert (best.equal, best.unknown) == ((), ())
    table = sweep_table(SHIPPED).set_index("beta")
    assert table.loc[0.5, "negative_elbo"] - table.loc[1.0, "negative_elbo"] < 2 * math.hypot(
        table.loc[0.5, "standard_error"], table.loc[1.0, "standard_error"]
    )


def test_the_column_of_beta_holds_the_effective_one():
    collapsed = RunStore(ROOT / "assets" / "models").load("mnist-collapsed")
    assert collapsed.config.train.beta == 1.0
    assert run_table([collapsed])["beta"].tolist() == [pytest.approx(784.0)]


@pytest.mark.parametrize("run", by_value(SHIPPED), ids=lambda run: run.id)
def test_every_kept_epoch_that_ships_decodes(run: Run):
    assert run.kept_epochs() == list(run.config.train.keep_epochs) == [1, 2, 3, 5, 8, 12]
    for epoch in run.kept_epochs():
        checkpoint = run.checkpoint(epoch)
        pictures = checkpoint.decode_mean(torch.randn(3, 2, generator=seeded()))
        assert pictures.shape == (3, 1, 28, 28)
        assert pictures.isfinite().all()
        assert float(checkpoint.codes.rate.mean()) == pytest.approx(
            run.history()[epoch - 1].test_rate, rel=0.15, abs=0.1
        )
    last, codes = run.checkpoint(12).codes, run.codes().take(torch.arange(1000))
    torch.testing.assert_close(last.params, codes.params, atol=0.02, rtol=0.01)
    assert torch.equal(last.labels, codes.labels)


def test_beta_is_the_effective_one_wherever_a_run_is_told_of(tmp_path, digits):
    base = tiny_run()
    base = replace(base, train=replace(base.train, reduction="mean/sum", epochs=1))
    runs = []
    for config in sweep(base, "beta", [0.5, 2.0]):
        run = RunStore(tmp_path).create(config)
        list(run.train(digits))
        runs.append(run)
    effective = [0.5 * 64, 2.0 * 64]  # times the pixels
    assert [run.effective_beta for run in runs] == effective
    assert sweep_table(runs)["beta"].tolist() == effective == run_table(runs)["beta"].tolist()
    assert [trained_value(run, "beta") for run in runs] == effective
    assert trained_value(runs[0], "epochs") == 1
    points = RunStore(tmp_path).create(tiny_run(posterior="delta"))
    assert points.effective_beta is None
