"""A projection as a job: in a thread where that is enough, in a process that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from tests.samples import ROOT, until
from vae_core import Run, RunStore
from vae_core.analysis import project
from vae_core.analysis.space.projection_job import folder_of, projection
from vae_core.analysis.space.projections import read_projection
from vae_core.jobs import HEARTBEAT, JobQueue, local_queue, progress_of
from vae_core.jobs.heartbeat import HeartbeatWriter

MAP = RunStore(ROOT / "assets" / "models").load("digits-map")


@pytest.fixture
def threads() -> Iterator[JobQueue]:
    queue = JobQueue(lambda: ThreadPoolExecutor(1), 1)
    yield queue
    queue.close()


@pytest.fixture
def processes() -> Iterator[JobQueue]:
    queue = local_queue(1)
    yield queue
    queue.close()


def worker_of(to: Path) -> int:
    heartbeat = folder_of(to) / HEARTBEAT
    until(lambda: heartbeat.exists() and heartbeat.read_text())
    pid: int = json.loads(heartbeat.read_text())["pid"]
    return pid


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def submit(queue: JobQueue, run: Run, method: str, to: Path) -> Path:
    queue.submit(projection(run, method, "mean", 0, to))
    return folder_of(to)


def test_what_the_queue_projects_is_the_projection(tmp_path: Path, threads: JobQueue) -> None:
    to = tmp_path / "cache" / "map.safetensors"
    folder = submit(threads, MAP, "pca", to)
    assert threads.wait(folder, seconds=60)
    assert threads.problem(folder) is None
    assert torch.equal(read_projection(to).coordinates, project(MAP.codes()).coordinates)
    assert [path.name for path in to.parent.iterdir()] == [to.name]


def test_what_cannot_be_projected_is_one_sentence_and_no_file(
    tmp_path: Path, threads: JobQueue
) -> None:
    to = tmp_path / "map.safetensors"
    folder = submit(threads, MAP, "no-such-method", to)
    assert threads.wait(folder, seconds=60)
    assert str(threads.problem(folder)).startswith("method must be one of pca, umap, t-sne; got")
    assert list(tmp_path.iterdir()) == []


def test_a_projection_that_another_server_works_out_is_left_to_it(
    tmp_path: Path, threads: JobQueue
) -> None:
    to, is_over = tmp_path / "map.safetensors", threading.Event()
    folder_of(to).mkdir()
    theirs = HeartbeatWriter(folder_of(to))
    theirs.beat()

    def beat() -> None:
        while not is_over.wait(0.05):
            theirs.beat()

    thread = threading.Thread(target=beat)
    thread.start()
    folder = submit(threads, MAP, "pca", to)
    assert threads.wait(folder, seconds=20)
    is_over.set()
    thread.join()
    assert "the projection is under way already" in str(threads.problem(folder))
    assert (folder / HEARTBEAT).exists()
    assert not to.exists()


@pytest.mark.slow
def test_a_killed_projection_is_one_sentence_and_can_be_tried_again(
    tmp_path: Path, processes: JobQueue
) -> None:
    to = tmp_path / "map.safetensors"
    folder = submit(processes, MAP, "umap", to)
    first = worker_of(to)
    os.kill(first, signal.SIGKILL)
    assert processes.wait(folder, seconds=20)
    killed = "Its process was killed. The machine may be short of memory."
    assert processes.problem(folder) == killed
    assert list(tmp_path.iterdir()) == []
    submit(processes, MAP, "t-sne", to)
    second = worker_of(to)
    until(lambda: progress_of(folder) or to.exists())
    assert processes.wait(folder, seconds=120)
    assert processes.problem(folder) is None
    assert read_projection(to).titles == ("t-SNE 1", "t-SNE 2")
    assert first != second
    until(lambda: not is_running(second), 20)  # its memory is given back


@pytest.mark.slow
def test_a_cancelled_projection_ends_its_process_and_leaves_nothing(
    tmp_path: Path, processes: JobQueue
) -> None:
    to = tmp_path / "map.safetensors"
    folder = submit(processes, MAP, "umap", to)
    worker = worker_of(to)
    processes.cancel(folder)
    assert processes.position(folder) is None
    assert processes.wait(folder, seconds=20)
    assert not is_running(worker)
    assert processes.problem(folder) is None
    assert list(tmp_path.iterdir()) == []


SERVER = """
import sys, time
from pathlib import Path
from vae_core import RunStore
from vae_core.analysis.space.projection_job import projection
from vae_core.jobs import local_queue
if __name__ == "__mp_main__":
    raise SystemExit("a worker has imported the server")
if __name__ == "__main__":
    queue, run = local_queue(1), Path(sys.argv[1])
    run = RunStore(run.parent).load(run.name)
    queue.submit(projection(run, "umap", "mean", 0, Path(sys.argv[2])))
    time.sleep(600)
"""


@pytest.mark.slow
def test_a_projection_ends_with_a_server_that_is_killed(tmp_path: Path) -> None:
    to, script = tmp_path / "map.safetensors", tmp_path / "server.py"
    script.write_text(SERVER)
    server = subprocess.Popen(
        [sys.executable, str(script), str(MAP.path), str(to)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    worker = worker_of(to)
    server.kill()
    server.wait()
    until(lambda: not is_running(worker), 20)
    assert not to.exists()
