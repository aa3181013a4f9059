"""Overfitting: where the test loss was lowest, what is said of it, and that epoch's weights."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import islice

import pytest

from tests.samples import tensors, tiny_run
from vae_core import DataConfig, RunConfig, RunStore, evaluate, load_dataset
from vae_core.__main__ import main
from vae_core.runs.model_file import import_model, read_model_file
from vae_core.runs.overfitting import overfitting
from vae_core.trainer import EpochTerms


def record(epoch: int, test: float, train: float = 0.0, rate: float = 1.0) -> EpochTerms:
    return EpochTerms(epoch, 1.0, train, rate, test, rate, (rate,), 1.0, 1.0)


def learns_by_heart() -> RunConfig:
    """A wide model of 24 images."""
    whole = tiny_run(hidden=(128,), latent_shape=(8,))
    train = replace(whole.train, epochs=60, batch_size=8, lr=3e-3)
    return replace(whole, data=DataConfig(limit=24), train=train)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = RunStore(tmp_path_factory.mktemp("heart")).create(learns_by_heart())
    list(run.train(load_dataset(run.config.data)))
    return run


def test_the_lowest_loss_and_its_rise_are_those_of_the_history():
    found = overfitting([record(1, 9.0), record(2, 4.0), record(3, 6.5, train=2.0)], beta=2.0)
    assert (found.epoch, found.lowest, found.last, found.train) == (2, 6.0, 8.5, 4.0)
    assert found.rise == 2.5
    assert found.is_clear
    assert str(found) == (
        "the test images' distortion + 2 rate was lowest in epoch 2: 6.0 nats per image. Since "
        "then it has risen by 2.5, to 8.5; on training images it is 4.0."
    )
    assert overfitting([], beta=1.0) is None


def test_what_chance_explains_is_no_overfitting():
    assert not overfitting([record(1, 100.0), record(2, 100.3)], 1.0).is_clear
    assert not overfitting([record(1, 100.0), record(2, 99.0)], 1.0).is_clear
    assert not overfitting([record(1, 100.0), record(2, 110.0, train=120.0)], 1.0).is_clear


def test_the_rate_of_a_point_mass_is_left_out():
    found = overfitting([record(1, 5.0, rate=math.inf), record(2, 7.0, rate=math.inf)], beta=1.0)
    assert (found.epoch, found.lowest, found.rise) == (1, 5.0, 2.0)


def test_the_best_epoch_is_kept_and_opens_as_a_run_of_its_own(run, tmp_path):
    found, data = run.overfitting(), load_dataset(run.config.data)
    assert found.is_clear
    assert 1 < found.epoch < 60
    best = run.best_weights()
    opened = import_model(read_model_file(best), RunStore(tmp_path), data, "Best")
    score = run.history()[found.epoch - 1]
    result = evaluate(opened.vae(), data.test)
    assert (result.distortion, result.rate) == (score.test_distortion, score.test_rate)
    assert result.negative_elbo == pytest.approx(found.lowest)
    assert run.metrics().negative_elbo == pytest.approx(found.last)


def test_a_resumed_run_keeps_the_same_epoch(run, tmp_path):
    again, data = RunStore(tmp_path).create(learns_by_heart()), load_dataset(run.config.data)
    stop = run.overfitting().epoch
    for steps in (stop, 1, 5, 60):  # at the best epoch, then behind it
        list(islice(again.train(data), steps))
    assert again.is_finished
    for name in ("best", "weights"):
        mine, theirs = tensors(again, name), tensors(run, name)
        assert all((mine[key] == theirs[key]).all() for key in theirs)


def test_a_model_that_goes_on_to_learn_has_no_other_epoch_to_open(finished_run):
    assert finished_run.best_weights() is None
    assert finished_run.overfitting().epoch == 3


def test_what_is_said_is_true_of_every_history():
    lowest_last = overfitting([record(1, 9.0), record(2, 4.0)], 1.0)
    assert str(lowest_last).startswith("the test images' negative ELBO is lowest in the last epoch")
    noise = str(overfitting([record(1, 99.0), record(2, 99.02)], 1.0))
    assert "risen by less than 0.1, to 100.0, within the noise" in noise
    both = str(overfitting([record(1, 99.0), record(2, 109.0, train=120.0)], 1.0))
    assert "so high it is on training images as well: 121.0" in both
    points = overfitting([record(1, 5.0, rate=math.inf)], 1.0)
    assert "the test images' distortion is lowest" in str(points)
    assert points.caution == "chosen on the test images, so its own number is optimistic"


def test_validation_images_choose_where_there_are_some():
    terms = [(1, 9.0, 3.0), (2, 4.0, 5.0), (3, 3.0, 7.0)]
    history = [
        replace(record(n, test), validation_distortion=held_out, validation_rate=1.0)
        for n, test, held_out in terms
    ]
    found = overfitting(history, 1.0)
    assert (found.epoch, found.split, found.lowest, found.last) == (1, "validation", 4.0, 8.0)
    assert "optimistic" not in found.caution


def test_the_command_line_says_so(run, finished_run, capsys):
    assert main(["show", str(run.path)]) == 0
    said = capsys.readouterr().out
    assert f"Overfitting: {run.overfitting()}" in said
    assert "chosen on the test images, so its own number is optimistic" in said
    assert main(["show", str(finished_run.path)]) == 0
    assert "Overfitting" not in capsys.readouterr().out


def test_the_command_line_has_train_against_test_in_json(run, capsys):
    assert main(["show", str(run.path), "--json"]) == 0
    said, last = json.loads(capsys.readouterr().out), run.history()[-1]
    score = said["last_epoch"]
    assert score["train_score"] == last.train_distortion + last.train_rate
    assert score["gap"] == pytest.approx(score["test_score"] - score["train_score"])
    error = math.hypot(score["train_score_error"], score["test_score_error"])
    assert score["gap_error"] == pytest.approx(error)
    chosen = said["chosen_epoch"]
    assert (chosen["epoch"], chosen["kept"]) == (run.overfitting().epoch, True)
    assert chosen["test_score"] == chosen["lowest_loss"] == pytest.approx(run.overfitting().lowest)
