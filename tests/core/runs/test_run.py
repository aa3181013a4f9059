from __future__ import annotations

import math
import os
import shutil
from dataclasses import replace

import pytest
import torch

from tests.samples import LATENTS, rewrite, tiny_run
from vae_core import Run, RunError, RunStore, encode_dataset, evaluate
from vae_core.config import POSTERIORS
from vae_core.runs.run import BEST

FINISHED = {
    *("config.json", "data.json", "history.jsonl", "metrics.json"),
    *("weights.safetensors", "resume.safetensors", "codes.safetensors"),
    *("terms.safetensors", "frames"),
}


def store_of(run: Run) -> RunStore:
    return RunStore(run.path.parent)


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
def test_run_is_read_back_as_it_was_made(tmp_path, digits, posterior, latent):
    store = RunStore(tmp_path / "new" / "runs")
    config = replace(tiny_run(posterior=posterior, latent_shape=latent), name="A name (1)")
    run = store.create(config)
    records = list(run.train(digits))
    loaded = store.load(run.id)
    assert loaded == run
    assert (loaded.config, loaded.title) == (config, "A name (1)")
    assert [entry.run for entry in store.list()] == [run]
    left = {path.name for path in run.path.iterdir()} - {BEST}
    assert left == FINISHED  # no temporary file is left
    assert [r.test_distortion for r in run.history()] == [r.test_distortion for r in records]
    facts = run.data()
    assert facts.image_shape == (1, 8, 8)
    assert facts.fingerprint == digits.fingerprint
    assert torch.equal(run.vae().encoder[1].weight, records[-1].state.model["encoder.1.weight"])


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_codes_of_a_run_are_those_of_its_model(tmp_path, digits, posterior):
    run = RunStore(tmp_path).create(tiny_run(posterior=posterior))
    list(run.train(digits))
    codes, anew = run.codes(), encode_dataset(run.vae(), digits.test)
    assert torch.equal(codes.params, anew.params)
    assert torch.equal(codes.labels, digits.test.labels)


def test_metrics_are_those_of_the_model(finished_run, digits):
    metrics, result = finished_run.metrics(), evaluate(finished_run.vae(), digits.test)
    assert metrics.distortion == result.distortion
    assert metrics.negative_elbo == metrics.distortion + metrics.rate
    assert metrics.run_id == finished_run.id
    assert metrics.seconds > 0


def test_images_per_second_count_those_of_all_epochs(finished_run, digits):
    metrics = finished_run.metrics()
    seen = len(digits.train) * finished_run.config.train.epochs
    assert metrics.images_per_second == pytest.approx(seen / metrics.seconds)


def test_point_mass_is_written_without_a_rate(tmp_path, digits):
    """JSON has no infinity: the files must stay readable for others."""
    run = RunStore(tmp_path).create(tiny_run(posterior="delta"))
    list(run.train(digits))
    metrics = run.metrics()
    assert metrics.rate == metrics.negative_elbo == math.inf
    assert (metrics.to_dict()["test_rate"], metrics.to_dict()["test_negative_elbo"]) == (None, None)
    assert run.history()[0].test_rate == math.inf
    assert "Infinity" not in (run.path / "metrics.json").read_text()


def test_status_follows_the_training(tmp_path, digits):
    store = RunStore(tmp_path)
    run = store.create(tiny_run())
    assert [entry.status for entry in store.list()] == ["new"]
    training = run.train(digits)
    next(training)
    training.close()
    assert [entry.status for entry in store.list()] == ["unfinished"]
    assert run.vae().encode(digits.test.images).mean.isfinite().all()
    list(run.train(digits))
    assert [entry.status for entry in store.list()] == ["finished"]


def test_missing_folder_of_runs_is_an_empty_list(tmp_path):
    assert RunStore(tmp_path / "none").list() == []
    (tmp_path / "file").touch()
    assert RunStore(tmp_path / "file").list() == []


def test_names_become_folder_names(tmp_path):
    store = RunStore(tmp_path)
    names = ["A b, (C)", "===a", "é_", "x" * 60]
    runs = [store.create(replace(tiny_run(), name=name)) for name in names]
    assert runs[0].id.startswith("a-b-c-")
    assert [store.load(run.id).title for run in runs] == names
    assert store.create(tiny_run()).id != store.create(tiny_run()).id


@pytest.mark.parametrize(
    "run_id", ["", ".", "..", "../x", "a/../../x", "/etc", "a\\b", ".hidden", "a\0b", "a\n"]
)
def test_run_id_cannot_leave_the_folder(run_copy, run_id):
    with pytest.raises(RunError, match="expected a run's id"):
        store_of(run_copy).load(run_id)


@pytest.mark.parametrize(
    ("run_id", "message"), [("absent", "there is no such run"), ("x" * 300, "expected a run's id")]
)
def test_absent_run_is_an_error(tmp_path, run_id, message):
    with pytest.raises(RunError, match=message):
        RunStore(tmp_path).load(run_id)


DAMAGED = [
    (name, content)
    for name in sorted(FINISHED - {"resume.safetensors", "frames"})
    for content in ("half", "empty", "binary")
    if (name, content) != ("history.jsonl", "empty")  # that of a new run
]


@pytest.mark.parametrize(("name", "content"), DAMAGED)
def test_damaged_file_is_named_and_other_runs_still_list(run_copy, name, content):
    whole = shutil.copytree(run_copy.path, run_copy.path.with_name("whole"))
    path = run_copy.path / name
    half = path.read_bytes()[: path.stat().st_size // 2]
    if (name, content) == ("history.jsonl", "half"):
        half = b"{\n" + half
    path.write_bytes({"half": half, "empty": b"", "binary": b"\xff\xfe\n" * 50}[content])
    with pytest.raises(RunError, match=name.replace(".", r"\.")):
        store_of(run_copy).load(run_copy.id)
    entries = {entry.id: entry for entry in store_of(run_copy).list()}
    assert entries[run_copy.id].status == "damaged"
    assert name in entries[run_copy.id].problem
    assert entries[whole.name].status == "finished"


@pytest.mark.parametrize("name", ["config.json", "data.json", "weights.safetensors"])
def test_missing_file_is_named(run_copy, name):
    (run_copy.path / name).unlink()
    with pytest.raises(RunError, match=name.replace(".", r"\.")):
        store_of(run_copy).load(run_copy.id)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", "[]", "expected a JSON object with config, created, format"),
        ("config.json", '{"format": 9, "created": "", "config": {}}', "expected format 1; got 9"),
        (
            "config.json",
            '{"format": 1, "created": "", "config": {"train": {"lr": 9}}}',
            r"config\.json: lr must be a number",
        ),
        ("history.jsonl", "3\n", "history.jsonl: expected one record per line"),
        ("history.jsonl", "{}\n", "history.jsonl: expected one record per line"),
        ("metrics.json", "{}", "expected a JSON object with n_test, test_distortion"),
    ],
)
def test_foreign_content_is_refused(run_copy, name, content, message):
    (run_copy.path / name).write_text(content)
    with pytest.raises(RunError, match=message):
        store_of(run_copy).load(run_copy.id)


def test_foreign_folder_is_listed_as_damaged(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "note.txt").touch()
    (entry,) = RunStore(tmp_path).list()
    assert (entry.id, entry.status) == ("photos", "damaged")
    assert "config.json" in entry.problem


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, r"encoder\.1\.bias is missing"),
        (torch.zeros(9), r"encoder\.1\.bias has shape \(9,\), not \(8,\)"),
    ],
)
def test_weights_of_another_model_are_refused(run_copy, value, message):
    rewrite(run_copy, "weights", **{"encoder.1.bias": value})
    with pytest.raises(RunError, match=rf"not the weights of this run's model: {message}"):
        run_copy.vae()


def test_weights_with_something_extra_are_refused(run_copy):
    rewrite(run_copy, "weights", extra=torch.zeros(1))
    with pytest.raises(RunError, match="extra is not part of it"):
        run_copy.vae()


@pytest.mark.parametrize("params", [None, torch.zeros(96, 8), torch.zeros(96, 5)])
def test_codes_of_another_model_are_refused(run_copy, params):
    rewrite(run_copy, "codes", params=params)
    with pytest.raises(RunError, match=r"codes\.safetensors: expected"):
        run_copy.codes()


def test_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"cannot be written \(.*choose another folder"):
        RunStore(tmp_path / "file").create(tiny_run())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder_is_an_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(RunError, match="cannot be written"):
        RunStore(tmp_path).create(tiny_run())


def test_folder_that_vanishes_in_training_is_an_error(tmp_path, digits):
    run = RunStore(tmp_path).create(tiny_run())
    training = run.train(digits)
    next(training)
    shutil.rmtree(run.path)
    with pytest.raises(RunError, match="cannot be written"):
        next(training)


def test_failed_write_leaves_no_temporary_file(run_copy):
    codes = run_copy.codes()
    path = run_copy.path / "codes.safetensors"
    path.unlink()
    path.mkdir()
    with pytest.raises(RunError, match=r"codes\.safetensors: cannot be written"):
        run_copy.save_codes(codes)
    assert {entry.name for entry in run_copy.path.iterdir()} == FINISHED
