"""The queue of runs: over threads where that is enough, over real processes where they die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.samples import ROOT, assert_same_weights, tiny_run, until
from vae_core import Run, RunConfig, RunStore
from vae_core.errors import ConfigError, JobError, VAECoreError
from vae_core.jobs import PULSE, STOP, JobQueue, Pulses, local_process, new_queue
from vae_core.jobs.pulse import PERIOD, Beats, is_anothers_work

LONG = 10_000  # epochs; nobody waits for them


def tiny(epochs: int) -> RunConfig:
    config = tiny_run()
    return replace(config, train=replace(config.train, epochs=epochs))


def diverging() -> RunConfig:
    config = tiny_run(hidden=(64,) * 8, likelihood="gaussian")
    return replace(config, train=replace(config.train, epochs=50, lr=1.0))


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    """One run at a time, in a thread of this process."""
    queue = JobQueue(lambda: ThreadPoolExecutor(1), 1, capacity=3)
    yield queue
    queue.close()


def epochs(run: Run) -> int:
    return len(run.history())


def loose_ends(run: Run) -> set[str]:
    """What a run that nobody trains must not hold."""
    names = {path.name for path in run.path.iterdir()}
    return {name for name in names if name.startswith(".") or name in (PULSE, STOP)}


def test_runs_are_trained_in_the_order_they_came(store: RunStore, queue: JobQueue) -> None:
    runs = [store.create(tiny(2)) for _ in range(3)]
    queue.submit(*(run.path for run in runs))
    assert [queue.position(run.path) for run in runs] == [0, 1, 2]
    assert queue.folders() == [run.path for run in runs]
    assert queue.wait(*(run.path for run in runs), seconds=60)
    assert all(run.is_finished for run in runs)
    finished = [(run.path / "metrics.json").stat().st_mtime_ns for run in runs]
    assert finished == sorted(finished)
    assert [queue.problem(run.path) for run in runs] == [None] * 3
    assert [loose_ends(run) for run in runs] == [set()] * 3


def test_a_run_is_in_the_queue_once(store: RunStore, queue: JobQueue) -> None:
    first, second = (store.create(tiny(LONG)) for _ in range(2))
    for _ in range(2):
        queue.submit(first.path, second.path)
        assert queue.folders() == [first.path, second.path]
    queue.cancel(second.path)
    assert queue.position(second.path) is None


def test_a_full_queue_says_so_and_takes_nothing(store: RunStore, queue: JobQueue) -> None:
    runs = [store.create(tiny(LONG)) for _ in range(5)]
    queue.submit(*(run.path for run in runs[:3]))
    full = r"^The queue is full: 2 of 3 places are taken, and 2 more asked for\. Try again"
    with pytest.raises(JobError, match=full):
        queue.submit(runs[3].path, runs[4].path)
    assert queue.folders() == [run.path for run in runs[:3]]
    queue.cancel(runs[1].path)
    queue.submit(runs[3].path, runs[4].path)
    assert queue.position(runs[4].path) == 3


def test_training_stops_within_an_epoch_and_goes_on_as_if_it_had_not(
    store: RunStore, queue: JobQueue
) -> None:
    whole, halted = (store.create(tiny(60)) for _ in range(2))
    queue.submit(halted.path)
    until(lambda: epochs(halted) >= 3)
    queue.cancel(halted.path)
    assert queue.position(halted.path) is None
    assert queue.wait(halted.path, seconds=5)
    assert not halted.is_finished
    assert queue.problem(halted.path) is None
    assert loose_ends(halted) == set()
    queue.submit(halted.path, whole.path)
    assert queue.wait(halted.path, whole.path, seconds=60)
    assert epochs(halted) == epochs(whole) == 60
    assert_same_weights(halted, whole)


def test_a_run_that_is_still_stopping_begins_again_afterwards(
    store: RunStore, queue: JobQueue
) -> None:
    run = store.create(tiny(LONG))
    queue.submit(run.path)
    until(lambda: epochs(run) >= 1)
    queue.cancel(run.path)
    queue.submit(run.path)
    until(lambda: queue.position(run.path) == 0)
    before = epochs(run)
    until(lambda: epochs(run) > before)


def test_what_goes_wrong_is_told_and_the_next_run_begins(store: RunStore, queue: JobQueue) -> None:
    damaged, lost, good = map(store.create, (tiny(2), diverging(), tiny(2)))
    (damaged.path / "config.json").write_text("{")
    queue.submit(damaged.path, lost.path, good.path)
    assert queue.wait(good.path, seconds=60)
    assert "config.json: expected JSON" in str(queue.problem(damaged.path))
    assert str(queue.problem(lost.path)).startswith("Training stopped in epoch ")
    assert not lost.is_finished
    assert good.is_finished
    assert queue.problem(good.path) is None


def test_a_closed_queue_takes_nothing(store: RunStore, queue: JobQueue) -> None:
    queue.close()
    with pytest.raises(JobError, match="closing"):
        queue.submit(store.create(tiny_run()).path)


def test_a_cluster_that_is_not_there_is_one_sentence_and_no_run_waits(store: RunStore) -> None:
    queue = new_queue({"ELBO_ROOM_SCHEDULER": "tcp://127.0.0.1:9"})
    runs = [store.create(tiny(1)).path for _ in range(2)]
    with pytest.raises(ConfigError, match=r"a Dask scheduler at tcp://127.0.0.1:9, and none ans"):
        queue.submit(*runs)
    assert queue.folders() == []


@pytest.mark.parametrize("asked", ["0", "-1", "many", "1e3", "257"])
def test_an_absurd_number_of_processes_is_one_sentence(asked: str) -> None:
    with pytest.raises(ConfigError, match=f"from 1 to 256; got '{asked}'"):
        new_queue({"ELBO_ROOM_WORKERS": asked})


def test_a_pulse_is_what_changes_whatever_the_clocks_say(tmp_path: Path) -> None:
    pulses, beats = Pulses(patience=0.2), Beats(tmp_path)
    assert not pulses.is_alive(tmp_path)
    for moment in (0, 4e9, 1e9):  # the writer's clock goes to and fro
        beats.beat()
        os.utime(tmp_path / PULSE, (moment, moment))
        assert pulses.is_alive(tmp_path)
    time.sleep(0.25)
    assert not pulses.is_alive(tmp_path)
    beats.beat()
    assert pulses.is_alive(tmp_path)
    beats.end()
    assert not pulses.is_alive(tmp_path)


def test_only_a_pulse_that_beats_keeps_others_from_a_run(tmp_path: Path) -> None:
    assert not is_anothers_work(tmp_path)
    beats, is_over = Beats(tmp_path), threading.Event()
    beats.beat()
    start = time.monotonic()
    assert not is_anothers_work(tmp_path, patience=0.3)
    assert time.monotonic() - start >= 0.3
    thread = threading.Thread(target=beat_until, args=(beats, is_over))
    thread.start()
    assert is_anothers_work(tmp_path)
    is_over.set()
    thread.join()


def beat_until(beats: Beats, is_over: threading.Event) -> None:
    while not is_over.wait(PERIOD / 10):
        beats.beat()


def test_a_run_that_another_server_trains_is_left_to_it(store: RunStore, queue: JobQueue) -> None:
    run, is_over = store.create(tiny(1)), threading.Event()
    theirs = Beats(run.path)
    theirs.beat()
    thread = threading.Thread(target=beat_until, args=(theirs, is_over))
    thread.start()
    queue.submit(run.path)
    assert queue.wait(run.path, seconds=10)
    is_over.set()
    thread.join()
    assert "is being trained by another server" in str(queue.problem(run.path))
    assert epochs(run) == 0
    assert (run.path / PULSE).exists()


def test_of_two_that_train_a_run_the_first_makes_way(store: RunStore, queue: JobQueue) -> None:
    """A worker that was cut off from its cluster may come back when another has its run."""
    run = store.create(tiny(LONG))
    queue.submit(run.path)
    until(lambda: epochs(run) >= 1)
    Beats(run.path).beat()
    assert queue.wait(run.path, seconds=5)
    assert (run.path / PULSE).exists()
    assert queue.problem(run.path) is None


# A disk that is full, and one that cannot be written


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("needs root, to mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(
    small_disk: Path, store: RunStore, queue: JobQueue
) -> None:
    run, whole = RunStore(small_disk).create(tiny(40)), store.create(tiny(40))
    queue.submit(run.path)
    until(lambda: epochs(run) >= 2)
    with pytest.raises(OSError, match="No space"):
        fill(small_disk / "ballast")
    assert queue.wait(run.path, seconds=30)
    assert "No space left on device). Make room" in str(queue.problem(run.path))
    (entry,) = RunStore(small_disk).list()
    assert entry.status == "unfinished"
    assert entry.run.vae()
    assert 2 <= epochs(run) < 40
    (small_disk / "ballast").unlink()
    queue.submit(run.path, whole.path)
    assert queue.wait(run.path, whole.path, seconds=60)
    assert loose_ends(run) == set()
    assert_same_weights(run, whole)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_folder_that_cannot_be_written_is_told(small_disk: Path, queue: JobQueue) -> None:
    run, other = (RunStore(small_disk).create(tiny(LONG)) for _ in range(2))
    queue.submit(run.path)
    until(lambda: epochs(run) >= 1)
    # A file that a process holds open keeps a disk from becoming read-only; training lets go.
    until(lambda: remount(small_disk, "ro"))
    assert queue.wait(run.path, seconds=30)
    assert "Read-only file system" in str(queue.problem(run.path))
    with pytest.raises(VAECoreError, match="Read-only file system"):
        queue.submit(other.path)
    assert queue.folders() == []
    assert remount(small_disk, "rw")
    queue.submit(other.path)
    until(lambda: epochs(other) >= 1)


def remount(folder: Path, how: str) -> bool:
    command = ["mount", "-o", f"remount,{how}", str(folder)]
    return subprocess.run(command, capture_output=True).returncode == 0


# Real processes


@pytest.fixture
def processes() -> Iterator[JobQueue]:
    """One run at a time, in a process of its own."""
    queue = JobQueue(partial(local_process, nice=0), 1)
    yield queue
    queue.close()


def worker_of(run: Run) -> int:
    """The process that trains the run, which is not this one."""
    until(lambda: epochs(run) >= 2)
    pid: int = json.loads((run.path / PULSE).read_text())["pid"]
    assert pid != os.getpid()
    return pid


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def n_files(pid: int | str = "self") -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def n_threads() -> int:
    return len(os.listdir("/proc/self/task"))


def children() -> set[str]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {child for task in tasks for child in task.read_text().split()}


@pytest.mark.slow
def test_two_hundred_starts_and_stops_leave_nothing_behind(
    store: RunStore, processes: JobQueue
) -> None:
    run = store.create(tiny(LONG))
    processes.submit(run.path)
    worker = worker_of(run)
    processes.cancel(run.path)
    assert processes.wait(run.path, seconds=5)
    before = n_files(), n_files(worker), n_threads(), children()
    for k in range(200):
        processes.submit(run.path)
        if k % 2:  # every other one is stopped before it has begun, or while it does
            until(lambda: (run.path / PULSE).exists())
        processes.cancel(run.path)
        assert processes.wait(run.path, seconds=5)
    assert loose_ends(run) == set()
    assert (n_files(), n_files(worker), n_threads(), children()) == before
    assert RunStore(store.root).load(run.id).history()
    processes.close()
    until(lambda: not is_running(worker), 5)
    assert n_threads() < before[2]


@pytest.mark.slow
def test_a_killed_process_is_replaced_and_its_run_ends_as_if_it_had_lived(
    store: RunStore, processes: JobQueue
) -> None:
    killed, following, whole = (store.create(tiny(n)) for n in (200, 2, 200))
    processes.submit(killed.path, following.path)
    os.kill(worker_of(killed), signal.SIGKILL)
    assert processes.wait(killed.path, seconds=20)
    assert "was killed" in str(processes.problem(killed.path))
    assert loose_ends(killed) <= {name for name in loose_ends(killed) if name.startswith(".")}
    assert 2 <= epochs(killed) < 200
    assert store.load(killed.id).has_model
    assert processes.wait(following.path, seconds=30)
    assert following.is_finished
    processes.submit(killed.path, whole.path)
    assert processes.problem(killed.path) is None
    assert processes.wait(killed.path, whole.path, seconds=90)
    assert loose_ends(killed) == set()
    assert_same_weights(killed, whole)


@pytest.mark.slow
def test_closing_ends_all_processes_within_two_seconds_even_where_nothing_can_be_written(
    small_disk: Path, processes: JobQueue
) -> None:
    runs = [RunStore(small_disk).create(tiny(LONG)) for _ in range(2)]
    processes.submit(*(run.path for run in runs))
    worker = worker_of(runs[0])
    until(lambda: remount(small_disk, "ro"))
    start = time.monotonic()
    processes.close()
    until(lambda: not is_running(worker), 2)
    assert time.monotonic() - start < 2
    assert processes.folders() == []


SERVER = """
import sys, time
from pathlib import Path
from vae_core.jobs import JobQueue, local_process
if __name__ == "__mp_main__":
    raise SystemExit("a worker has imported the server")
if __name__ == "__main__":
    queue = JobQueue(local_process, 1)
    queue.submit(Path(sys.argv[1]))
    time.sleep(600)
"""


@pytest.mark.slow
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
    assert not (run.path / PULSE).exists()
    assert store.list()[0].status == "unfinished"
    assert epochs(run) >= 2
