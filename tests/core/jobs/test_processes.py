"""Real processes train the queue's runs: killed, stopped again and again, and left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.core.jobs.queued import LONG, epochs, loose_ends, remount, tiny
from tests.samples import ROOT, assert_same_weights, pid_of, until
from vae_core import Run, RunStore
from vae_core.jobs import HEARTBEAT, JobQueue, local_process, training

pytestmark = pytest.mark.slow
N_EPOCHS = 60  # more than are done between a second epoch and a kill
N_STOPS = 12  # one file or thread that each leaves behind would be 12


@pytest.fixture
def processes() -> Iterator[JobQueue]:
    """One run at a time, in a process of its own."""
    queue = JobQueue(local_process, 1)
    yield queue
    queue.close()


def worker_of(run: Run) -> int:
    """The process that trains the run, which is not this one."""
    pid = pid_of(run)
    assert pid != os.getpid()
    return pid


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@contextmanager
def busy_machine() -> Iterator[None]:
    """Another program uses every core."""
    loop = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(loop) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def n_files(pid: int | str = "self") -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def n_threads() -> int:
    return len(os.listdir("/proc/self/task"))


def children() -> set[str]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {child for task in tasks for child in task.read_text().split()}


def test_starts_and_stops_leave_nothing_behind(store: RunStore, processes: JobQueue) -> None:
    run = store.create(tiny(LONG))
    processes.submit(training(run.path))
    worker = worker_of(run)
    processes.cancel(run.path)
    assert processes.wait(run.path, seconds=20)
    before = n_files(), n_files(worker), n_threads(), children()
    for k in range(N_STOPS):
        processes.submit(training(run.path))
        if k % 2:  # every other one is stopped before it has begun, or while it does
            until(lambda: (run.path / HEARTBEAT).exists())
        processes.cancel(run.path)
        assert processes.wait(run.path, seconds=20)
    assert loose_ends(run) == set()
    assert (n_files(), n_files(worker), n_threads(), children()) == before
    assert RunStore(store.root).load(run.id).history()
    processes.close()
    until(lambda: not is_running(worker), 20)
    until(lambda: n_threads() < before[2], 20)


def test_a_killed_process_is_replaced_and_its_run_ends_as_if_it_had_lived(
    store: RunStore, processes: JobQueue
) -> None:
    killed, following, whole = (store.create(tiny(n)) for n in (N_EPOCHS, 2, N_EPOCHS))
    processes.submit(training(killed.path), training(following.path))
    os.kill(worker_of(killed), signal.SIGKILL)
    assert processes.wait(killed.path, seconds=20)
    assert "was killed" in str(processes.problem(killed.path))
    assert loose_ends(killed) <= {name for name in loose_ends(killed) if name.startswith(".")}
    assert 2 <= epochs(killed) < N_EPOCHS
    assert store.load(killed.id).has_model
    assert processes.wait(following.path, seconds=30)
    assert following.is_finished
    processes.submit(training(killed.path), training(whole.path))
    assert processes.problem(killed.path) is None
    assert processes.wait(killed.path, whole.path, seconds=90)
    assert loose_ends(killed) == set()
    assert_same_weights(killed, whole)


def test_closing_ends_all_processes_within_two_seconds_even_where_nothing_can_be_written(
    small_disk: Path, processes: JobQueue
) -> None:
    runs = [RunStore(small_disk).create(tiny(LONG)) for _ in range(2)]
    processes.submit(*(training(run.path) for run in runs))
    worker = worker_of(runs[0])
    until(lambda: remount(small_disk, "ro"))
    start = time.monotonic()
    processes.close()
    until(lambda: not is_running(worker), 2)
    assert time.monotonic() - start < 2
    assert processes.folders() == []


def test_training_ends_soon_where_other_programs_use_every_core(store: RunStore) -> None:
    queue, run = JobQueue(local_process, 1), store.create(tiny(LONG))
    queue.submit(training(run.path))
    worker = worker_of(run)
    with busy_machine():
        queue.close()
        until(lambda: not is_running(worker), 20)


def test_a_process_has_the_settings_of_the_moment_in_which_it_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long ago what it is a copy of was started."""
    for value in ("first", "second"):
        monkeypatch.setenv("ELBO_ROOM_PROBE", value)
        with local_process() as executor:
            assert executor.submit(os.getenv, "ELBO_ROOM_PROBE").result() == value
    monkeypatch.delenv("ELBO_ROOM_PROBE")
    with local_process() as executor:
        assert executor.submit(os.getenv, "ELBO_ROOM_PROBE").result() is None


SERVER = """
import sys, time
from pathlib import Path
from vae_core.jobs import JobQueue, local_process, training
if __name__ == "__mp_main__":
    raise SystemExit("a worker has imported the server")
if __name__ == "__main__":
    queue = JobQueue(local_process, 1)
    queue.submit(training(Path(sys.argv[1])))
    time.sleep(600)
"""


def test_training_ends_with_a_server_that_is_killed(store: RunStore, tmp_path: Path) -> None:
    run = store.create(tiny(LONG))
    (tmp_path / "server.py").write_text(SERVER)
    server = subprocess.Popen(
        [sys.executable, str(tmp_path / "server.py"), str(run.path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    worker = worker_of(run)
    server.kill()
    server.wait()
    until(lambda: not is_running(worker), 2)
    assert not (run.path / HEARTBEAT).exists()
    assert store.list()[0].status == "unfinished"
    assert epochs(run) >= 2
