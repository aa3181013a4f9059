"""The command line overwrites nothing, leaves nothing behind, and says in a line what is wrong."""

from __future__ import annotations

import os

import pytest
import torch

from tests.samples import tiny_run
from vae_core import RunStore
from vae_core.settings import command_line

TINY = command_line(tiny_run()).split()[4:]


@pytest.mark.parametrize("command", ["project", "export"])
def test_a_file_that_is_there_is_replaced_when_that_is_asked_for(
    answer, refusal, run_copy, tmp_path, command
):
    to = tmp_path / ("x.zip" if command == "export" else "x.safetensors")
    to.write_text("mine", encoding="utf-8")
    words = (command, run_copy.path, "--to", to)
    assert "exists already. Choose another name, or add --force." in refusal(*words)
    assert to.read_text(encoding="utf-8") == "mine"
    answer(*words, "--force")
    assert to.stat().st_size > 100


@pytest.mark.parametrize("command", ["project", "export"])
def test_no_file_of_the_run_and_nothing_behind_a_link_or_a_device_is_replaced(
    refusal, run_copy, tmp_path, command
):
    suffix = ".zip" if command == "export" else ""
    mine, link = tmp_path / "mine", tmp_path / f"link{suffix}"
    mine.write_text("mine", encoding="utf-8")
    link.symlink_to(mine)
    fifo = tmp_path / f"pipe{suffix}"
    os.mkfifo(fifo)
    for to in (link, fifo):
        said = refusal(command, run_copy.path, "--to", to, "--force")
        assert "is no file; nothing is put in its place" in said
    assert mine.read_text(encoding="utf-8") == "mine"
    if command == "project":
        config = run_copy.path / "config.json"
        assert "exists already" in refusal(command, run_copy.path, "--to", config)
        assert RunStore(run_copy.path.parent).load(run_copy.id) == run_copy


@pytest.mark.parametrize("to", ["", ".", "/", "x" * 300])
def test_a_name_that_no_file_can_have_is_refused(refusal, finished_run, to):
    said = refusal("project", finished_run.path, "--to", to)
    assert "expected the name of a new file" in said or "cannot be written" in said


@pytest.mark.parametrize(
    "words",
    [
        ("--method", "t-sne", "--seed", -1),
        ("--method", "umap", "--seed", 4294967296),
        ("--of", "draw", "--seed", 99999999999999999999),
    ],
)
def test_a_seed_that_is_none_is_refused(refusal, finished_run, tmp_path, words):
    said = refusal("project", finished_run.path, "--to", tmp_path / "x.safetensors", *words)
    assert "seed must be from 0 to 2147483647" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a device")
def test_a_refused_command_leaves_no_run_behind(refusal, tmp_path):
    runs = ("--runs", tmp_path)
    assert "device cuda is not available" in refusal("train", *TINY, "--device", "cuda", *runs)
    sweep_words = ("--over", "device", "--values", "cpu", "cuda")
    assert "device cuda is not available" in refusal("sweep", *TINY, *sweep_words, *runs)
    assert "epochs and latent: the history would take" in refusal(
        "train", "--epochs", 10_000, "--latent", 4096, "--limit", 96, *runs
    )
    assert not list(tmp_path.iterdir())


def test_the_limits_of_the_environment_hold_here_too(refusal, run_copy, tmp_path, monkeypatch):
    monkeypatch.setenv("ELBO_ROOM_MAX_PARAMETERS", "100")
    said = "this server takes models of at most 100 parameters"
    assert said in refusal("train", *TINY, "--runs", tmp_path / "new")
    assert said in refusal("show", run_copy.path)
    weights = run_copy.path / "weights.safetensors"
    assert said in refusal("import", weights, "--runs", tmp_path / "new")
    monkeypatch.setenv("ELBO_ROOM_MAX_PARAMETERS", "many")
    assert "ELBO_ROOM_MAX_PARAMETERS must be" in refusal("list", "--runs", tmp_path)


@pytest.mark.parametrize("folder", ["x" * 5000, "\udcff", "a\nb"])
def test_a_folder_of_any_name_can_be_asked_for(cli, folder):
    code, out, err = cli("list", "--runs", folder)
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    assert len(out) < 500


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anywhere")
def test_a_folder_that_may_not_be_read_is_one_line(refusal, tmp_path):
    tmp_path.chmod(0o000)
    assert "cannot be read (Permission denied)" in refusal("list", "--runs", tmp_path)
    tmp_path.chmod(0o700)


def test_a_name_with_a_line_break_makes_no_second_line(refusal, tmp_path):
    assert refusal("import", tmp_path / "a\nb.safetensors")
    assert refusal("show", "a\nb")
    assert refusal("list", "--nonsense\nmore")


def test_draws_that_cannot_be_are_refused_before_anything_is_said(refusal, finished_run):
    said = refusal("evaluate", finished_run.path, "--importance", 0)
    assert said == "ConfigError: n_importance must be from 1 to 100000; got 0.\n"
    assert "n_samples must be from 1" in refusal("evaluate", finished_run.path, "--samples", 0)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_model_file(refusal, tmp_path, path):
    assert "expected a" in refusal("import", path, "--runs", tmp_path)
