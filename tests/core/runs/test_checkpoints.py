"""Kept epochs: what the model was then, and that stopping in between changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import safetensors.torch
import torch

from tests.samples import seeded, tiny_run
from vae_core import DataConfig, Run, RunConfig, RunError, RunStore, load_dataset
from vae_core.analysis import decode_mean
from vae_core.config import LIKELIHOODS, POSTERIORS
from vae_core.runs.checkpoints import N_KEPT, checkpoint_path, spaced_epochs
from vae_core.runs.export import export_run

MODELS = [
    *({"posterior": posterior} for posterior in POSTERIORS),
    *({"likelihood": likelihood} for likelihood in LIKELIHOODS),
    *({"likelihood": "gaussian", "sigma": sigma} for sigma in ("learned", "analytic")),
    {"network": "conv", "latent": (2, 2, 3)},
]


def keeping(*epochs: int, **settings: object) -> RunConfig:
    config = tiny_run(**settings)
    return replace(config, train=replace(config.train, keep_epochs=epochs))


def bytes_of(run: Run) -> dict[int, bytes]:
    return {epoch: checkpoint_path(run.path, epoch).read_bytes() for epoch in run.kept_epochs()}


@pytest.fixture(scope="module")
def kept_run(tmp_path_factory, digits) -> Run:
    """A finished run that keeps its epochs 1 and 3."""
    run = RunStore(tmp_path_factory.mktemp("kept")).create(keeping(1, 3))
    list(run.train(digits))
    return run


@pytest.mark.parametrize("settings", MODELS, ids=str)
def test_the_last_epoch_kept_is_the_runs_own_model(tmp_path, digits, settings):
    run = RunStore(tmp_path).create(keeping(3, **settings))
    list(run.train(digits))
    assert run.kept_epochs() == [3]
    checkpoint, codes = run.checkpoint(3), run.codes()
    assert checkpoint.epoch == 3
    assert torch.equal(checkpoint.codes.params, codes.params)
    assert torch.equal(checkpoint.codes.labels, codes.labels)
    z = run.vae().prior().sample((5,), seeded())
    assert torch.equal(checkpoint.decode_mean(z), decode_mean(run.vae(), z))
    assert torch.equal(checkpoint.decoder.prior().mean, run.vae().prior().mean)


def test_an_epoch_kept_is_the_model_of_a_run_that_ended_there(tmp_path, digits, kept_run):
    config = tiny_run()
    short = RunStore(tmp_path).create(replace(config, train=replace(config.train, epochs=1)))
    list(short.train(digits))
    first = kept_run.checkpoint(1)
    assert torch.equal(first.codes.params, short.codes().params)
    z = first.codes.mean[:4]
    assert torch.equal(first.decode_mean(z), decode_mean(short.vae(), z))
    assert not torch.equal(first.decode_mean(z), kept_run.checkpoint(3).decode_mean(z))


def test_only_the_first_images_are_kept_drawn_as_ever(tmp_path):
    """Dynamic binarisation draws: the same pixels as for the codes of all images."""
    data = DataConfig(limit=N_KEPT + 50, binarisation="dynamic")
    dataset = replace(load_dataset(data), test=load_dataset(data).train)
    run = RunStore(tmp_path).create(replace(keeping(3), data=data))
    list(run.train(dataset))
    assert len(dataset.test) > N_KEPT
    codes, kept = run.codes().take(torch.arange(N_KEPT)), run.checkpoint(3).codes
    assert torch.equal(kept.params, codes.params)
    assert torch.equal(kept.labels, codes.labels)


def test_the_encoder_is_left_out(kept_run):
    names = safetensors.torch.load_file(checkpoint_path(kept_run.path, 3)).keys()
    assert {name.split(".")[0] for name in names} == {"decoder", "params", "labels"}


def test_keeping_changes_no_weight(kept_run, finished_run):
    own, other = (run.vae().state_dict() for run in (kept_run, finished_run))
    assert all(torch.equal(own[name], other[name]) for name in other)


def test_a_run_that_keeps_nothing_has_no_checkpoints(finished_run):
    assert finished_run.kept_epochs() == []
    assert not (finished_run.path / "epochs").exists()
    with pytest.raises(RunError, match=r"0001\.safetensors: epoch 1 was not kept; kept are none"):
        finished_run.checkpoint(1)


@pytest.mark.parametrize("stop", [1, 2])
def test_resumed_run_has_the_kept_epochs_of_the_uninterrupted_one(tmp_path, digits, stop):
    whole = RunStore(tmp_path / "whole").create(keeping(1, 2, 3))
    list(whole.train(digits))
    run = RunStore(tmp_path / "part").create(keeping(1, 2, 3))
    training = run.train(digits)
    for _ in range(stop):
        next(training)
    training.close()
    assert run.kept_epochs() == list(range(1, stop + 1))
    list(RunStore(tmp_path / "part").load(run.id).train(digits))
    assert bytes_of(run) == bytes_of(whole)


def test_an_epoch_kept_without_its_state_is_replaced(tmp_path, digits, kept_run):
    """Killed between the checkpoint of epoch 3 and its state, or run for longer elsewhere."""
    run = RunStore(tmp_path).create(keeping(1, 3))
    training = run.train(digits)
    next(training)
    training.close()
    with (run.path / "history.jsonl").open("a") as file:
        file.write(json.dumps(run.history()[0].to_dict() | {"epoch": 2}) + "\n")
    for late in (2, 3, 7):
        checkpoint_path(run.path, late).write_bytes(b"of another model")
    training = run.train(digits)
    next(training)
    assert run.kept_epochs() == [1]
    list(training)
    assert bytes_of(run) == bytes_of(kept_run)


@pytest.mark.parametrize("damage", ["truncated", "empty", "no codes", "shape", "decoder"])
def test_damaged_checkpoint_is_named(tmp_path, digits, damage):
    run = RunStore(tmp_path).create(keeping(1))
    list(run.train(digits))
    path = checkpoint_path(run.path, 1)
    tensors = safetensors.torch.load_file(path)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-1])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "no codes":
        del tensors["params"]
        safetensors.torch.save_file(tensors, path)
    else:
        name = "params" if damage == "shape" else "decoder.1.bias"
        safetensors.torch.save_file(tensors | {name: torch.zeros(3)}, path)
    with pytest.raises(RunError, match=r"epochs/0001\.safetensors: "):
        run.checkpoint(1)


def test_export_carries_kept_epochs_in_half_precision(tmp_path, digits, kept_run):
    exported = export_run(kept_run, digits, tmp_path / "out" / "small")
    assert exported.kept_epochs() == [1, 3]
    kept = safetensors.torch.load_file(checkpoint_path(exported.path, 3))
    assert kept["params"].dtype == kept["decoder.1.bias"].dtype == torch.float16
    z = kept_run.codes().mean[:20]
    picture, rounded = (run.checkpoint(3).decode_mean(z) for run in (kept_run, exported))
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, picture, atol=2e-3, rtol=0)
    assert torch.equal(exported.checkpoint(3).decode_mean(z), decode_mean(exported.vae(), z))


@pytest.mark.parametrize(
    ("n", "epochs"),
    [(1, (1,)), (2, (1, 2)), (3, (1, 2, 3)), (10, (1, 2, 3, 5, 8, 10)), (13, (1, 2, 3, 5, 8, 13))],
)
def test_epochs_are_spaced_wider_and_wider(n, epochs):
    assert spaced_epochs(n) == epochs
