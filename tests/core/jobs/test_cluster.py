"""The queue over a Dask cluster: a scheduler and two workers, each a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.jobs.queued import LONG, tiny
from tests.samples import ROOT, assert_same_weights, pid_of, until
from tests.zygote import Process, is_near
from vae_core import RunStore
from vae_core.jobs import SCHEDULER, JobQueue, new_queue, training

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow
N_EPOCHS = 60  # more than are done between a second epoch and a kill


def dask(*words: object) -> Process | subprocess.Popen[bytes]:
    if is_near():
        return Process("dask", *words, cwd=ROOT, env=os.environ, log=Path(os.devnull))
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *map(str, words)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def address() -> Iterator[str]:
    """Of a scheduler with two workers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    worker = ("worker", address, "--nthreads", 1, "--no-nanny", "--no-dashboard")
    processes = [
        dask("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"),
        dask(*worker),
        dask(*worker),
    ]
    try:
        yield address
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def test_a_killed_worker_of_a_cluster_is_replaced_by_another(address: str, tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    killed, other, whole = (store.create(tiny(n)) for n in (N_EPOCHS, LONG, N_EPOCHS))
    queue: JobQueue = new_queue({SCHEDULER: address})
    until(lambda: is_listening(address))
    queue.submit(training(killed.path), training(other.path))
    pid = pid_of(killed)
    os.kill(pid, signal.SIGKILL)
    assert not killed.is_finished
    assert len({os.getpid(), pid, pid_of(other)}) == 3
    queue.cancel(other.path)
    assert queue.wait(other.path, seconds=20)
    assert not other.is_finished
    queue.submit(training(whole.path))  # both on the worker that is left
    assert queue.wait(killed.path, whole.path, seconds=120)
    assert [queue.problem(run.path) for run in (killed, other, whole)] == [None] * 3
    assert_same_weights(killed, whole)
    queue.close()


def is_listening(address: str) -> bool:
    host, port = address.removeprefix("tcp://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
