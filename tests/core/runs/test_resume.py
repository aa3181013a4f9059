"""Interrupted runs: by closing, by a torn file, by SIGKILL; resumed to the very same bits."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.core.test_trainer import MODELS
from tests.samples import rewrite, start_copy, tensors, tiny_run, wait_for_epochs
from vae_core import DataConfig, Run, RunError, RunStore, TrainConfig, evaluate, load_dataset
from vae_core.config import SIGMAS
from vae_core.settings import command_line


def assert_same(first: Run, second: Run, name: str = "weights") -> None:
    a, b = tensors(first, name), tensors(second, name)
    assert a.keys() == b.keys()
    assert [key for key in a if not torch.equal(a[key], b[key])] == []


def interrupted(root: Path, digits, **settings: object) -> Run:
    """A run that stopped after its first epoch of three."""
    run = RunStore(root).create(tiny_run(**settings))
    training = run.train(digits)
    next(training)
    training.close()
    return run


def test_resumed_run_equals_the_uninterrupted_one(tmp_path, digits, finished_run):
    run = interrupted(tmp_path, digits)
    assert [record.epoch for record in RunStore(tmp_path).load(run.id).train(digits)] == [2, 3]
    for name in ("weights", "codes", "resume"):
        assert_same(run, finished_run, name)
    assert [record.epoch for record in run.history()] == [1, 2, 3]


@pytest.mark.parametrize("settings", MODELS)
def test_run_of_any_model_resumes_to_the_same_bits(tmp_path, digits, settings):
    whole = RunStore(tmp_path / "whole").create(tiny_run(**settings))
    list(whole.train(digits))
    run = interrupted(tmp_path / "part", digits, **settings)
    list(RunStore(tmp_path / "part").load(run.id).train(digits))
    for name in ("weights", "codes", "resume"):
        assert_same(run, whole, name)
    assert evaluate(run.vae(), digits.test).distortion == run.metrics().distortion


@pytest.mark.parametrize("sigma", SIGMAS)
def test_sigma_of_a_saved_run_is_the_one_training_ended_with(tmp_path, digits, sigma):
    run = RunStore(tmp_path).create(tiny_run(likelihood="gaussian", sigma=sigma, sigma_value=0.5))
    *_, last = run.train(digits)
    kept = last.state.model.get("likelihood.log_sigma")
    if sigma in ("learned", "analytic"):
        assert torch.equal(tensors(run)["likelihood.log_sigma"], kept)
        assert run.vae().likelihood.sigma == pytest.approx(float(kept.exp()))
        assert run.vae().likelihood.sigma != pytest.approx(0.5, rel=1e-3)
    else:
        assert kept is None
        assert run.vae().likelihood.sigma == (pytest.approx(0.5) if sigma == "fixed" else None)


def test_torn_history_line_is_dropped_and_trained_again(tmp_path, digits, finished_run):
    run = interrupted(tmp_path, digits)
    with (run.path / "history.jsonl").open("a") as file:
        file.write('{"epoch": 2, "test_dist')
    assert len(RunStore(tmp_path).load(run.id).history()) == 1
    list(run.train(digits))
    assert [record.epoch for record in run.history()] == [1, 2, 3]
    assert_same(run, finished_run)


def test_record_without_its_state_is_dropped_on_resume(tmp_path, digits, finished_run):
    """Killed between the line of epoch 2 and its state."""
    run = interrupted(tmp_path, digits)
    with (run.path / "history.jsonl").open("a") as file:
        file.write(json.dumps(run.history()[0].to_dict() | {"epoch": 2, "beta": 9}) + "\n")
    list(run.train(digits))
    assert [record.beta for record in run.history()] == [1, 1, 1]
    assert_same(run, finished_run)


def test_state_without_its_weights_is_made_whole_on_resume(run_copy, digits):
    """Killed in the last epoch, after its state and before its weights."""
    for name in ("metrics.json", "codes.safetensors"):
        (run_copy.path / name).unlink()
    rewrite(run_copy, "weights", **{"encoder.1.bias": torch.zeros(8)})
    assert list(run_copy.train(digits)) == []
    assert evaluate(run_copy.vae(), digits.test).distortion == run_copy.metrics().distortion


def test_resume_without_its_history_is_refused(tmp_path, digits):
    run = interrupted(tmp_path, digits)
    (run.path / "history.jsonl").unlink()
    with pytest.raises(RunError, match=r"history\.jsonl: expected the records of 1 epochs; got 0"):
        list(run.train(digits))


@pytest.mark.parametrize("other", [DataConfig(limit=95), DataConfig(limit=96, seed=1)])
def test_resume_on_other_data_is_refused(tmp_path, digits, other):
    run = interrupted(tmp_path, digits)
    with pytest.raises(RunError, match="not the images the run was started with"):
        list(run.train(load_dataset(other)))


@pytest.mark.parametrize("damage", ["truncated", "no generator", "other model"])
def test_damaged_state_is_refused(tmp_path, digits, damage):
    run = interrupted(tmp_path, digits)
    path = run.path / "resume.safetensors"
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-1])
    elif damage == "no generator":
        rewrite(run, "resume", **{"rng.shuffle": None})
    else:
        rewrite(run, "resume", **{"model.encoder.1.bias": torch.zeros(3)})
    with pytest.raises(RunError, match=r"resume\.safetensors"):
        list(run.train(digits))


@pytest.mark.slow
def test_killed_run_resumes_to_the_same_bits(tmp_path, digits):
    """SIGKILL in mid-training of another process, then resume."""
    config = replace(tiny_run(), train=TrainConfig(epochs=30, batch_size=16, threads=1))
    words = command_line(config).split()[3:]
    process = start_copy(*words, "--runs", tmp_path / "killed", cwd=tmp_path)
    wait_for_epochs(process, tmp_path / "killed", 3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (entry,) = RunStore(tmp_path / "killed").list()
    assert entry.status == "unfinished"
    list(entry.run.train(digits))
    whole = RunStore(tmp_path / "whole").create(config)
    list(whole.train(digits))
    assert len(entry.run.history()) == 30
    for name in ("weights", "codes", "resume"):
        assert_same(entry.run, whole, name)
