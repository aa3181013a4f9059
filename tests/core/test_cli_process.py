"""The command line as a process of its own: exit codes and Ctrl-C."""

from __future__ import annotations

import json
import shlex
import signal
import time

import pytest

from tests.samples import start_cli, start_copy, tiny_run, wait_for_epochs
from vae_core import RunStore
from vae_core.__main__ import main
from vae_core.settings import command_line

TINY = command_line(tiny_run()).split()[4:]


@pytest.mark.slow
def test_bad_argument_exits_2_without_a_traceback(tmp_path):
    process = start_cli("train", "--lr", "nan", cwd=tmp_path)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err == "ConfigError: lr must be a number from 1e-08 to 1; got nan.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_exits_130_and_names_the_command_that_goes_on(tmp_path, monkeypatch, capsys):
    root = "my runs"  # with a space: the printed command must be quoted
    words = ("train", *TINY, "--epochs", 30, "--batch-size", 16, "--runs", root)
    process = start_copy(*words, cwd=tmp_path)
    wait_for_epochs(process, tmp_path / root, 2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.startswith("Interrupted after epoch ")
    assert err.count("\n") == 1
    command = shlex.split(err.split("Go on with: ")[1])
    assert command[:4] == ["python", "-m", "vae_core", "resume"]
    (entry,) = RunStore(tmp_path / root).list()
    assert entry.status == "unfinished"
    monkeypatch.chdir(tmp_path)
    assert main(command[3:]) == 0
    capsys.readouterr()
    (entry,) = RunStore(tmp_path / root).list()
    assert entry.status == "finished"
    assert [record.epoch for record in entry.run.history()] == list(range(1, 31))


@pytest.mark.slow
def test_ctrl_c_leaves_a_sweep_that_the_same_command_finishes(tmp_path, capsys):
    flags = ("--epochs", 12, "--batch-size", 16, "--threads", 1, "--keep-epochs", 1, 12)
    words = ("sweep", "--over", "beta", "--values", 0.5, 2, *TINY, *flags, "--runs")
    process = start_copy(*words, tmp_path / "part", cwd=tmp_path)
    wait_for_epochs(process, tmp_path / "part", 2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.startswith("Interrupted after epoch ")
    assert err.endswith("The same command goes on.\n")
    assert err.count("\n") == 1
    assert main([*map(str, words), str(tmp_path / "part"), "--json"]) == 0
    assert main([*map(str, words), str(tmp_path / "whole"), "--json"]) == 0
    first, whole = (json.loads(line)["runs"] for line in capsys.readouterr().out.splitlines())
    timing = {"run_id", "seconds", "images_per_second"}
    assert len(RunStore(tmp_path / "part").list()) == 2
    for a, b in zip(first, whole, strict=True):
        assert {k: v for k, v in a.items() if k not in timing} == {
            k: v for k, v in b.items() if k not in timing
        }


@pytest.mark.slow
def test_ctrl_c_in_the_first_seconds_is_a_line_and_130(tmp_path):
    """From the moment on at which this package begins to be imported."""
    for seconds in (0.2, 0.5, 0.9):
        process = start_cli("list", "--runs", tmp_path, cwd=tmp_path)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) in (
            (130, "Interrupted; nothing was started.\n"),
            (0, ""),  # it had done its work
        )
