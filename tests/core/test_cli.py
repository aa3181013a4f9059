"""The command line, in this process: what it prints, and the exit code for bad input."""

from __future__ import annotations

import json
import math
import shutil
import socket
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from tests.samples import ROOT, covering, idx_bytes, rewrite, synthetic_files, tiny_run, write_files
from vae_core import Run, RunStore
from vae_core.cli import report
from vae_core.config import LIKELIHOODS, NETWORKS, POSTERIORS
from vae_core.data.mnist import FILES
from vae_core.data.sources import DATA_VARIABLE, SOURCES
from vae_core.settings import command_line

TINY = command_line(tiny_run()).split()[4:]
FIELDS = [
    *("run_id", "dataset", "binarisation", "n_test", "n_samples", "test_distortion", "test_rate"),
    *("test_negative_elbo", "test_bits_per_dimension", "seconds", "images_per_second"),
]


def without_error(values: dict) -> dict:
    """The same, less the standard error of its score, which a score must have."""
    has_rate = values["test_rate"] is not None
    assert values.pop("test_negative_elbo_error" if has_rate else "test_distortion_error") > 0.0
    return values


ALL = [
    {"posterior": posterior, "network": network, "likelihood": likelihood}
    for posterior, network, likelihood in product(POSTERIORS, NETWORKS, LIKELIHOODS)
]


@pytest.mark.parametrize("model", covering(ALL), ids=lambda model: "-".join(model.values()))
def test_train_prints_the_promised_fields(answer, tmp_path, model):
    posterior, words = model["posterior"], [w for k, v in model.items() for w in (f"--{k}", v)]
    values = without_error(answer("train", *TINY, *words, "--hidden", 4, "--runs", tmp_path))
    assert list(values) == FIELDS
    assert (values["dataset"], values["binarisation"]) == ("digits", "grey")
    assert (values["n_test"], values["n_samples"]) == (96, 1)
    assert values["images_per_second"] > 0
    if POSTERIORS[posterior].has_rate:
        total = values["test_distortion"] + values["test_rate"]
        assert values["test_negative_elbo"] == pytest.approx(total)
    else:
        assert values["test_rate"] is values["test_negative_elbo"] is None
    bits, nats = values.pop("test_bits_per_dimension"), values["test_negative_elbo"]
    if nats is None or model["likelihood"] == "bernoulli":  # of grey pixels
        assert bits is None
    else:
        assert bits == pytest.approx(nats / (64 * math.log(2)))
    assert RunStore(tmp_path).load(values["run_id"]).metrics().to_dict() == values


def test_train_reports_every_epoch_to_people(cli, tmp_path):
    code, out, err = cli("train", *TINY, "--name", "Mine", "--runs", tmp_path)
    assert (code, err) == (0, "")
    assert [line.split()[1] for line in out.splitlines()[:3]] == ["1/3", "2/3", "3/3"]
    assert "nats/image" in out
    assert "test_negative_elbo" in out


def test_printed_terms_add_up_and_no_zero_has_a_sign():
    terms = {"test_distortion": 130.834, "test_rate": 7.114, "test_negative_elbo": 137.948}
    printed = [float(line.split()[1]) for line in report.lines(terms).splitlines()]
    assert printed[0] + printed[1] == pytest.approx(printed[2])
    collapsed = {"test_distortion": 1.5, "test_rate": -1e-6, "test_negative_elbo": 1.499999}
    assert [line.split()[1] for line in report.lines(collapsed).splitlines()] == [
        "1.50", "0.00", "1.50"
    ]  # fmt: skip


def test_train_reads_idx_files(answer, idx_folder, tmp_path):
    data = ("--dataset", "mnist", "--data-dir", idx_folder, "--binarisation", "dynamic")
    values = answer("train", *TINY, *data, "--runs", tmp_path)
    assert (values["dataset"], values["binarisation"]) == ("mnist", "dynamic")
    assert values["n_test"] == 20


def test_list_shows_every_run_and_its_status(answer, cli, run_copy):
    root = run_copy.path.parent
    (root / "photos").mkdir()
    RunStore(root).create(tiny_run())
    rows = answer("list", "--runs", root)["runs"]
    assert sorted(row["status"] for row in rows) == ["damaged", "finished", "new"]
    code, out, _ = cli("list", "--runs", root)
    assert code == 0
    assert f"finished    {run_copy.id}" in out
    assert "config.json" in next(line for line in out.splitlines() if "photos" in line)


def test_list_of_nothing_says_what_to_do(cli, tmp_path):
    code, out, _ = cli("list", "--runs", tmp_path)
    assert code == 0
    assert "python -m vae_core train" in out


@pytest.mark.parametrize("how", ["id", "folder"])
def test_show_opens_a_run_by_id_or_folder(answer, cli, finished_run, how):
    root = ("--runs", finished_run.path.parent)
    words = (finished_run.id, *root) if how == "id" else (finished_run.path,)
    values = answer("show", *words)
    assert values["config"] == json.loads(json.dumps(finished_run.config.to_dict()))
    metrics = finished_run.metrics().to_dict()
    assert without_error(values["metrics"]) == metrics | {"test_bits_per_dimension": None}
    assert "channels" not in values
    assert [record["epoch"] for record in values["history"]] == [1, 2, 3]
    assert command_line(finished_run.config) in cli("show", *words)[1]


def test_show_names_the_effective_beta(answer, cli):
    collapsed = ROOT / "assets" / "models" / "mnist-collapsed"
    assert answer("show", collapsed)["effective_beta"] == pytest.approx(784.0)
    assert "effective_beta  784\n" in cli("show", collapsed)[1]
    assert answer("show", ROOT / "assets" / "models" / "mnist-ae-2d")["effective_beta"] is None


def test_show_opens_an_unfinished_run(answer, tmp_path):
    run = RunStore(tmp_path).create(tiny_run())
    assert answer("show", run.path)["metrics"] == {"run_id": run.id, "epochs": 0}


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_evaluate_repeats_the_metrics(answer, tmp_path, digits, posterior):
    run = RunStore(tmp_path).create(tiny_run(posterior=posterior))
    list(run.train(digits))
    values, shown = answer("evaluate", run.path), answer("show", run.path)["metrics"]
    key = "test_negative_elbo_error" if run.metrics().has_rate else "test_distortion_error"
    terms = run.terms()
    score = terms.negative_elbo if run.metrics().has_rate else terms.distortion
    assert values[key] == pytest.approx(float(score.std()) / math.sqrt(len(score)))
    assert values[key] == pytest.approx(shown[key])
    metrics = run.metrics().to_dict() | {"test_bits_per_dimension": None}
    assert without_error(values) == {name: metrics[name] for name in FIELDS[:-2]}


def test_export_writes_a_run_that_evaluates_to_its_card(answer, finished_run, tmp_path):
    exported = answer("export", finished_run.path, "--to", tmp_path / "out")
    values = answer("evaluate", tmp_path / "out")
    assert without_error(values) == {name: exported[name] for name in FIELDS[:-2]}


def test_import_makes_a_run_of_a_weights_file(answer, finished_run, tmp_path):
    file = shutil.copy(finished_run.path / "weights.safetensors", tmp_path / "far.safetensors")
    values = answer("import", file, "--name", "From Ada", "--runs", tmp_path / "mine")
    values = without_error(values)
    metrics = finished_run.metrics().to_dict() | {"test_bits_per_dimension": None}
    assert values == {name: metrics[name] for name in FIELDS[:-2]} | {"run_id": values["run_id"]}
    (entry,) = RunStore(tmp_path / "mine").list()
    assert (entry.id, entry.run.title) == (values["run_id"], "From Ada")
    assert without_error(answer("evaluate", entry.run.path)) == values


def test_import_reads_the_images_from_the_folder_given(answer, refusal, idx_folder, tmp_path):
    data = ("--dataset", "mnist", "--data-dir", idx_folder)
    trained = answer("train", *TINY, *data, "--runs", tmp_path)
    file = tmp_path / trained["run_id"] / "weights.safetensors"
    (tmp_path / "empty").mkdir()
    mine = ("--runs", tmp_path / "mine")
    assert refusal("import", file, "--data-dir", tmp_path / "empty", *mine).startswith("DataError")
    assert not (tmp_path / "mine").exists()
    values = answer("import", file, "--data-dir", idx_folder, *mine)
    assert values["test_distortion"] == trained["test_distortion"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "there is no such file"), (b"", "got an empty file"), (b"PK\3\4", "never unpickles")],
)
def test_import_of_another_file_is_one_line(refusal, tmp_path, content, said):
    file = tmp_path / "model.pt"
    if content is not None:
        file.write_bytes(content)
    assert said in refusal("import", file, "--runs", tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_import_under_a_bad_name_is_one_line(refusal, finished_run, tmp_path):
    file = finished_run.path / "weights.safetensors"
    err = refusal("import", file, "--name", "?!", "--runs", tmp_path / "mine")
    assert err.startswith("ConfigError: name must be")
    assert not (tmp_path / "mine").exists()


def test_resume_finishes_a_run(answer, tmp_path, digits, finished_run):
    run = RunStore(tmp_path).create(tiny_run())
    training = run.train(digits)
    next(training)
    training.close()
    values = answer("resume", run.id, "--runs", tmp_path)
    assert values["test_distortion"] == finished_run.metrics().distortion


BAD_FLAGS = {
    "--latent 0": "latent must be a whole number",
    "--latent 4x4": "latent must be D or h w C",
    "--latent z": "expected whole numbers",
    "--latent 99999999": "latent",
    "--network conv --latent 16x16x4": "finer than the image",
    "--network conv --hidden": "at least one number of channels",
    "--hidden 0": "hidden must be",
    "--epochs 0": "epochs must be",
    "--epochs 99999999999": "epochs must be",
    "--epochs two": "invalid int value",
    "--lr nan": "lr must be a number from 1e-08 to 1; got nan",
    "--lr 1e30": "lr must be",
    "--beta -1": "beta must be",
    "--beta inf": "beta must be",
    "--batch-size 0": "batch-size must be",
    "--free-bits nan": "free-bits must be",
    "--threads 0": "threads must be",
    "--sigma-value 0": "sigma-value must be",
    "--limit 0": "limit must be",
    "--classes": "at least one label",
    "--classes 12": "digits has classes 0 to 9",
    "--dataset nonsense": "dataset must be one of",
    "--posterior nonsense": "invalid choice",
    "--nonsense": "unrecognized arguments",
    "--name ../../x": "name must be",
}


@pytest.mark.parametrize("words", BAD_FLAGS)
def test_bad_flag_is_one_line_and_leaves_no_run(refusal, tmp_path, words):
    err = refusal("train", *TINY, *words.split(), "--runs", tmp_path / "runs")
    assert BAD_FLAGS[words] in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_missing_device_is_one_line(refusal, tmp_path):
    assert "choose cpu or auto" in refusal("train", *TINY, "--device", "cuda", "--runs", tmp_path)


@pytest.mark.parametrize("words", [[], ["dance"], ["show"], ["export", "x"], ["import"]])
def test_incomplete_command_is_one_line(refusal, words):
    assert "python -m vae_core" in refusal(*words)


FILES_DAMAGED = {
    "truncated": lambda good: (FILES[0], good[FILES[0]][:-5], "fetch it again"),
    "wrong magic": lambda good: (FILES[0], good[FILES[1]], "magic number 2051"),
    "mismatched": lambda good: (
        FILES[1],
        idx_bytes(np.zeros(59, np.uint8)),
        "has 60 images and its labels file 59",
    ),
    "empty": lambda good: (FILES[2], b"", "expected a header of 16 bytes; got 0"),
}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("case", FILES_DAMAGED)
def test_damaged_data_are_one_line(refusal, tmp_path, case, zipped):
    files = synthetic_files()
    name, content, message = FILES_DAMAGED[case](files)
    folder = write_files(tmp_path / "data", files | {name: content}, zipped)
    data = ("--dataset", "mnist", "--data-dir", folder)
    err = refusal("train", *TINY, *data, "--runs", tmp_path / "runs")
    assert err.startswith("DataError: ")
    assert message in err
    assert not (tmp_path / "runs").exists()


def test_missing_data_are_one_line(refusal, tmp_path):
    err = refusal("train", "--dataset", "mnist", "--data-dir", tmp_path, "--runs", tmp_path / "r")
    assert all(file in err for file in FILES)


def test_no_network_is_one_line(refusal, monkeypatch, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}/"
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setitem(SOURCES, "mnist", replace(SOURCES["mnist"], mirrors=(closed, closed)))
    err = refusal("train", "--dataset", "mnist", "--runs", tmp_path / "runs")
    assert all(file in err for file in FILES)
    assert str(tmp_path) in err


def test_folder_that_cannot_be_written_is_one_line(refusal, tmp_path):
    (tmp_path / "file").touch()
    assert "choose another folder" in refusal("train", *TINY, "--runs", tmp_path / "file")
    assert "choose another folder" in refusal("train", *TINY, "--runs", tmp_path / "file" / "a")


@pytest.mark.parametrize("command", ["show", "resume", "evaluate"])
@pytest.mark.parametrize("run_id", ["absent", "../absent", "", "x" * 300])
def test_unknown_run_is_one_line(refusal, tmp_path, monkeypatch, command, run_id):
    monkeypatch.chdir(tmp_path)
    assert refusal(command, run_id).startswith("RunError: ")


def test_damaged_run_is_one_line(refusal, run_copy: Run):
    path = run_copy.path / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:50])
    assert "weights.safetensors" in refusal("evaluate", run_copy.path)


def test_weights_of_another_model_are_one_line(refusal, run_copy: Run):
    rewrite(run_copy, "weights", **{"encoder.1.bias": None})
    assert "encoder.1.bias is missing" in refusal("evaluate", run_copy.path)


def test_finished_run_is_not_resumed(refusal, finished_run):
    assert "already finished" in refusal("resume", finished_run.path)


@pytest.mark.parametrize("n", [0, -1, 10**12])
def test_absurd_number_of_draws_is_one_line(refusal, finished_run, n):
    assert "n_samples must be" in refusal("evaluate", finished_run.path, "--samples", n)


def test_divergence_is_one_line_and_leaves_the_run(refusal, tmp_path):
    absurd = ("--lr", 1, "--likelihood", "gaussian", "--hidden", *[64] * 8, "--epochs", 50)
    err = refusal("train", *TINY, *absurd, "--runs", tmp_path, "--json")
    assert err.startswith("TrainingError: Training stopped in epoch")
    assert "lr = 1," in err
    assert len(RunStore(tmp_path).list()) == 1
