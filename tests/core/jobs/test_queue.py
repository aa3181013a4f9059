"""The queue of runs: over threads where that is enough, over real processes where they die."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.jobs.queued import LONG, epochs, loose_ends, remount, tiny
from tests.samples import assert_same_weights, tiny_run, until
from vae_core import RunConfig, RunStore
from vae_core.errors import ConfigError, JobError, VAECoreError
from vae_core.jobs import (
    HEARTBEAT,
    HeartbeatReader,
    JobQueue,
    executors,
    new_queue,
    progress_of,
    training,
)
from vae_core.jobs.heartbeat import PERIOD, HeartbeatWriter, taking
from vae_core.jobs.job import Job


def diverging() -> RunConfig:
    config = tiny_run(hidden=(64,) * 8, likelihood="gaussian")
    return replace(config, train=replace(config.train, epochs=50, lr=1.0))


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    """One run at a time, in a thread of this process."""
    queue = JobQueue(lambda: ThreadPoolExecutor(1), 1, capacity=3)
    yield queue
    queue.close()


def test_runs_are_trained_in_the_order_they_came(store: RunStore, queue: JobQueue) -> None:
    runs = [store.create(tiny(2)) for _ in range(3)]
    queue.submit(*(training(run.path) for run in runs))
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
        queue.submit(training(first.path), training(second.path))
        assert queue.folders() == [first.path, second.path]
    queue.cancel(second.path)
    assert queue.position(second.path) is None


def test_a_full_queue_says_so_and_takes_nothing(store: RunStore, queue: JobQueue) -> None:
    runs = [store.create(tiny(LONG)) for _ in range(5)]
    queue.submit(*(training(run.path) for run in runs[:3]))
    full = r"^The queue is full: 2 of 3 places are taken, and 2 more asked for\. Try again"
    with pytest.raises(JobError, match=full):
        queue.submit(training(runs[3].path), training(runs[4].path))
    assert queue.folders() == [run.path for run in runs[:3]]
    queue.cancel(runs[1].path)
    queue.submit(training(runs[3].path), training(runs[4].path))
    assert queue.position(runs[4].path) == 3


def test_training_stops_within_an_epoch_and_goes_on_as_if_it_had_not(
    store: RunStore, queue: JobQueue
) -> None:
    whole, halted = (store.create(tiny(60)) for _ in range(2))
    queue.submit(training(halted.path))
    until(lambda: epochs(halted) >= 3)
    queue.cancel(halted.path)
    assert queue.position(halted.path) is None
    assert queue.wait(halted.path, seconds=5)
    assert not halted.is_finished
    assert queue.problem(halted.path) is None
    assert loose_ends(halted) == set()
    queue.submit(training(halted.path), training(whole.path))
    assert queue.wait(halted.path, whole.path, seconds=60)
    assert epochs(halted) == epochs(whole) == 60
    assert_same_weights(halted, whole)


def test_a_run_that_is_still_stopping_begins_again_afterwards(
    store: RunStore, queue: JobQueue
) -> None:
    run = store.create(tiny(LONG))
    queue.submit(training(run.path))
    until(lambda: epochs(run) >= 1)
    queue.cancel(run.path)
    assert queue.is_stopping(run.path)
    queue.submit(training(run.path))
    until(lambda: queue.position(run.path) == 0)
    assert not queue.is_stopping(run.path)
    before = epochs(run)
    until(lambda: epochs(run) > before)


def test_two_slots_never_train_one_run(tmp_path: Path) -> None:
    """One that is told to stop takes a moment: until it has stopped, it begins nowhere else."""
    queue = JobQueue(lambda: ThreadPoolExecutor(1), 2)
    has_begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        has_begun.set()
        may_end.wait(60)

    job = Job(tmp_path, work, (), "training", "")
    queue.submit(job)
    until(has_begun.is_set)
    queue.cancel(tmp_path)
    queue.submit(job)
    assert queue.is_stopping(tmp_path)
    assert queue.position(tmp_path) == 1
    may_end.set()
    assert queue.wait(tmp_path, seconds=60)
    queue.close()


def test_what_goes_wrong_is_told_and_the_next_run_begins(store: RunStore, queue: JobQueue) -> None:
    damaged, lost, good = map(store.create, (tiny(2), diverging(), tiny(2)))
    (damaged.path / "config.json").write_text("{")
    queue.submit(training(damaged.path), training(lost.path), training(good.path))
    assert queue.wait(good.path, seconds=60)
    assert "config.json: expected JSON" in str(queue.problem(damaged.path))
    assert str(queue.problem(lost.path)).startswith("Training stopped in epoch ")
    assert not lost.is_finished
    assert good.is_finished
    assert queue.problem(good.path) is None


def test_a_closed_queue_takes_nothing(store: RunStore, queue: JobQueue) -> None:
    queue.close()
    with pytest.raises(JobError, match="closing"):
        queue.submit(training(store.create(tiny_run()).path))


def test_a_cluster_that_is_not_there_is_one_sentence_and_no_run_waits(store: RunStore) -> None:
    queue = new_queue({"ELBO_ROOM_SCHEDULER": "tcp://127.0.0.1:9"})
    runs = [store.create(tiny(1)).path for _ in range(2)]
    with pytest.raises(ConfigError, match=r"a Dask scheduler at tcp://127.0.0.1:9, and none ans"):
        queue.submit(*map(training, runs))
    assert queue.folders() == []


@pytest.mark.parametrize("asked", ["0", "-1", "many", "1e3", "257"])
def test_an_absurd_number_of_processes_is_one_sentence(asked: str) -> None:
    with pytest.raises(ConfigError, match=f"from 1 to 256; got '{asked}'"):
        new_queue({"ELBO_ROOM_WORKERS": asked})


@pytest.mark.parametrize(
    ("cores", "workers", "threads"),
    [(4, "1", 3), (4, "2", 1), (4, "", 1), (8, "2", 3), (8, "", 1), (2, "", 1), (1, "", 1)],
)
def test_training_leaves_a_core_to_the_pages(
    cores: int, workers: str, threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def process(threads: int) -> ThreadPoolExecutor:
        made.append(threads)
        return ThreadPoolExecutor(1)

    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(executors, "local_process", process)
    queue = new_queue({"ELBO_ROOM_WORKERS": workers})
    queue.submit(Job(tmp_path, int, (), "training", ""))
    queue.close()
    assert made == [threads]


def test_an_empty_heartbeat_is_nobodys(tmp_path: Path) -> None:
    writer, other = HeartbeatWriter(tmp_path), HeartbeatWriter(tmp_path)
    writer.beat()
    assert not writer.is_anothers()
    (tmp_path / HEARTBEAT).write_text("")  # a disk may lose what was written last
    assert not writer.is_anothers()
    other.beat()
    assert writer.is_anothers()


def test_a_heartbeat_is_what_changes_whatever_the_clocks_say(tmp_path: Path) -> None:
    reader, writer = HeartbeatReader(patience=0.2), HeartbeatWriter(tmp_path)
    assert not reader.is_alive(tmp_path)
    for moment in (0, 4e9, 1e9):  # the writer's clock goes to and fro
        writer.beat()
        os.utime(tmp_path / HEARTBEAT, (moment, moment))
        assert reader.is_alive(tmp_path)
    time.sleep(0.25)
    assert not reader.is_alive(tmp_path)
    writer.beat()
    assert reader.is_alive(tmp_path)
    writer.end()
    assert not reader.is_alive(tmp_path)


def test_a_heartbeat_is_whole_whenever_it_is_read(tmp_path: Path) -> None:
    writer, is_over = HeartbeatWriter(tmp_path), threading.Event()
    assert progress_of(tmp_path) is None
    writer.beat()
    assert progress_of(tmp_path) is None
    writer.share = 0.25
    writer.beat()
    thread = threading.Thread(target=beat_until, args=(writer, is_over, 0))
    thread.start()
    counts = []
    for _ in range(1_000):
        counts.append(json.loads((tmp_path / HEARTBEAT).read_text())["count"])
        assert progress_of(tmp_path) == 0.25
    is_over.set()
    thread.join()
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def test_a_heartbeat_beats_on_a_full_disk(small_disk: Path) -> None:
    reader, writer = HeartbeatReader(patience=0), HeartbeatWriter(small_disk)
    writer.beat()
    assert reader.is_alive(small_disk)
    with pytest.raises(OSError, match="No space"):
        fill(small_disk / "ballast")
    writer.beat()
    assert reader.is_alive(small_disk)
    assert not reader.is_alive(small_disk)


def test_only_a_live_heartbeat_keeps_others_from_a_run(tmp_path: Path) -> None:
    with taking(tmp_path, "training"):
        pass
    assert not (tmp_path / HEARTBEAT).exists()
    writer, is_over = HeartbeatWriter(tmp_path), threading.Event()
    writer.beat()
    start = time.monotonic()
    with taking(tmp_path, "training", patience=0.3) as mine:
        assert time.monotonic() - start >= 0.3
        assert writer.is_anothers()
        thread = threading.Thread(target=beat_until, args=(mine, is_over))
        thread.start()
        said = f"training is under way already, in process {os.getpid()} of this machine"
        with pytest.raises(JobError, match=said), taking(tmp_path, "training"):
            pass
        is_over.set()
        thread.join()


def beat_until(
    writer: HeartbeatWriter, is_over: threading.Event, period: float = PERIOD / 10
) -> None:
    while not is_over.wait(period):
        writer.beat()


def test_a_run_that_another_server_trains_is_left_to_it(store: RunStore, queue: JobQueue) -> None:
    run, is_over = store.create(tiny(1)), threading.Event()
    theirs = HeartbeatWriter(run.path)
    theirs.beat()
    thread = threading.Thread(target=beat_until, args=(theirs, is_over))
    thread.start()
    queue.submit(training(run.path))
    assert queue.wait(run.path, seconds=10)
    is_over.set()
    thread.join()
    assert "training is under way already, in process" in str(queue.problem(run.path))
    assert epochs(run) == 0
    assert (run.path / HEARTBEAT).exists()


def test_of_two_that_train_a_run_the_first_makes_way(store: RunStore, queue: JobQueue) -> None:
    """A worker that was cut off from its cluster may come back when another has its run."""
    run = store.create(tiny(LONG))
    queue.submit(training(run.path))
    until(lambda: epochs(run) >= 1)
    HeartbeatWriter(run.path).beat()
    assert queue.wait(run.path, seconds=5)
    assert (run.path / HEARTBEAT).exists()
    assert queue.problem(run.path) is None


# A disk that is full, and one that cannot be written


def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(
    small_disk: Path, store: RunStore, queue: JobQueue
) -> None:
    run, whole = RunStore(small_disk).create(tiny(40)), store.create(tiny(40))
    queue.submit(training(run.path))
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
    queue.submit(training(run.path), training(whole.path))
    assert queue.wait(run.path, whole.path, seconds=60)
    assert loose_ends(run) == set()
    assert_same_weights(run, whole)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_folder_that_cannot_be_written_is_told(small_disk: Path, queue: JobQueue) -> None:
    run, other = (RunStore(small_disk).create(tiny(LONG)) for _ in range(2))
    queue.submit(training(run.path))
    until(lambda: epochs(run) >= 1)
    # A file that a process holds open keeps a disk from becoming read-only; training lets go.
    until(lambda: remount(small_disk, "ro"))
    assert queue.wait(run.path, seconds=30)
    assert "Read-only file system" in str(queue.problem(run.path))
    with pytest.raises(VAECoreError, match="Read-only file system"):
        queue.submit(training(other.path))
    assert queue.folders() == []
    assert remount(small_disk, "rw")
    queue.submit(training(other.path))
    until(lambda: epochs(other) >= 1)
