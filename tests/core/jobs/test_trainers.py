"""A run has one trainer at a time, however it is trained."""

from __future__ import annotations

import os
import shlex
import threading
from pathlib import Path

import pytest

from tests.campaign.trainers import campaign
from tests.core.jobs.queued import tiny
from tests.core.jobs.test_queue import beat_until
from vae_core import RunStore
from vae_core.__main__ import main
from vae_core.analysis import sweep
from vae_core.jobs import HEARTBEAT
from vae_core.jobs.heartbeat import HeartbeatWriter, taking
from vae_core.runs.run import TRAINED
from vae_core.settings import command_line


@pytest.mark.slow
def test_of_three_that_begin_at_once_one_trains_and_the_run_is_as_if_it_were_alone(tmp_path):
    counts, faults = campaign(trials=3, n_trainers=3, folder=tmp_path)
    assert faults == []
    assert counts["trained"] == 3
    assert counts.total() == 9


@pytest.mark.parametrize("command", ["resume", "sweep"])
def test_the_command_line_leaves_a_run_to_its_trainer_and_says_who_it_is(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, words = RunStore(tmp_path), ["--over", "beta", "--values", "1", "2"]
    config = sweep(tiny(1), "beta", ["1", "2"])[0] if command == "sweep" else tiny(1)
    run = store.create(config)
    theirs, is_over = HeartbeatWriter(run.path), threading.Event()
    theirs.beat()
    thread = threading.Thread(target=beat_until, args=(theirs, is_over))
    thread.start()
    try:
        flags = shlex.split(command_line(tiny(1)))[4:]
        words = ["sweep", *flags, *words] if command == "sweep" else ["resume", run.id]
        assert main([*words, "--runs", str(tmp_path)]) == 2
    finally:
        is_over.set()
        thread.join()
    said = f"JobError: {run.id}: training is under way already, in process {os.getpid()} of this"
    assert capsys.readouterr().err.startswith(said)
    assert store.load(run.id).history() == []
    assert (run.path / HEARTBEAT).exists()


def test_a_trainer_that_was_killed_on_this_machine_is_followed_at_once(tmp_path: Path) -> None:
    (tmp_path / "config.json").touch()
    if (pid := os.fork()) == 0:
        HeartbeatWriter(tmp_path).beat()
        os._exit(0)
    os.waitpid(pid, 0)
    assert (tmp_path / HEARTBEAT).exists()
    with taking(tmp_path, "training", patience=60.0):  # or this test would take a minute
        pass


def test_going_on_removes_what_training_left_half_written_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = RunStore(tmp_path / "runs")
    run = store.create(tiny(2))
    own = [f".{name}.0123abcd.part" for name in TRAINED] + [".weights.safetensors.4711"]
    foreign = [".env", ".bashrc", ".weights.safetensors", ".config.json.12", "sub/.gitignore"]
    (run.path / "sub").mkdir()
    for name in own + foreign:
        (run.path / name).write_text("mine")
    assert main(["resume", run.id, "--runs", str(store.root)]) == 0
    capsys.readouterr()
    assert not [name for name in own if (run.path / name).exists()]
    assert all((run.path / name).read_text() == "mine" for name in foreign)


def test_nothing_is_removed_behind_a_link(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunStore(tmp_path / "theirs").create(tiny(1))
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "linked").symlink_to(run.path)
    (run.path / ".data.json.4711").write_text("theirs")
    assert main(["resume", "linked", "--runs", str(tmp_path / "runs")]) == 0
    capsys.readouterr()
    assert (run.path / ".data.json.4711").read_text() == "theirs"
