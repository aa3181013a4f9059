"""What several tests share. One thread, so that a result does not depend on the machine."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from tests.samples import cifar_files, synthetic_files, tiny_run, write_files
from tests.zygote import HOME
from vae_core import DataConfig, Dataset, Run, RunStore, load_dataset
from vae_core.data.sources import DATA_VARIABLE, find_files

torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"  # in processes that tests start, too
os.environ["ELBO_ROOM_WORKERS"] = "1"  # so that it is known which run waits
os.environ["ELBO_ROOM_NICE"] = "0"  # work that gives way to tests waits for tests that wait for it
# Compiled once, not by each of the many processes that tests start.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Pages read it when they are imported: no test finds runs of the reader's.
_home = tempfile.mkdtemp(prefix="elbo-room-runs-")
os.environ["ELBO_ROOM_RUNS"] = os.path.join(_home, "runs")  # nobody else writes beside it
os.mkdir(os.environ["ELBO_ROOM_RUNS"])
os.environ["ELBO_ROOM_OWN_DATA"] = os.path.join(_home, "own")  # nor their data sets
atexit.register(shutil.rmtree, _home, ignore_errors=True)
# One for all workers, which have it from the process that starts them.
if HOME not in os.environ:
    os.environ[HOME] = tempfile.mkdtemp(prefix="elbo-room-tests-")
    atexit.register(shutil.rmtree, os.environ[HOME], ignore_errors=True)
# The same examples on every machine, and no failure because a machine is busy.
settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

N_BROWSERS = 2  # workers with a browser: more of them only wait for each other
# Files that wait for servers to die and come back, or open a page for each of their tests.
LONGEST = (
    "test_axe.py",
    "test_lens.py",
    "test_reconnection.py",
    "test_replicas.py",
    "test_survival.py",
)
# Before any test changes the environment.
REAL_MNIST, REAL_CIFAR = find_files("mnist"), find_files("cifar10")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--campaign N` runs N times as many random cases of bad input, new ones each time."""
    parser.addoption("--campaign", type=int, default=None, metavar="N", help="N times the cases")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many random cases there were, and how many of them were refused."""
    counts: dict[str, Counter[str]] = {}
    for report in terminalreporter.getreports(""):  # of teardowns, too
        for name, counted in getattr(report, "user_properties", ()):
            if name.startswith("campaign "):
                counts.setdefault(name.removeprefix("campaign "), Counter()).update(counted)
    for kind, counted in counts.items():
        terminalreporter.write_line(
            f"{kind}: {counted['cases']:,} cases, {counted['refused']:,} of them refused"
        )


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, obj: object) -> list[Any] | None:
    """Whole products are not even made until they are asked for, with `-m grid`: 10 000 tests."""
    module = collector.getparent(pytest.Module)
    marked = [*_marks(obj), *_marks(module.obj if module else None)]
    is_asked_for = "grid" in collector.config.getoption("-m")
    return [] if "grid" in marked and not is_asked_for else None


def _marks(obj: object) -> list[str]:
    found = getattr(obj, "pytestmark", ())
    marks = found if isinstance(found, list | tuple) else [found]
    return [getattr(mark, "name", "") for mark in marks]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that no worker is left with one of them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    opening = Counter(
        item.path for item in items if "open_page" in getattr(item, "fixturenames", ())
    )
    items.sort(
        key=lambda item: (
            not item.get_closest_marker("browser"),
            item.path.name not in LONGEST,
            -opening[item.path],
            item.path not in slow,
        )
    )


class FewBrowsers(LoadFileScheduling):
    """A file's tests go to one worker. Some of the workers have a browser and its server."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Assign the first file of the queue that this worker can run."""
        if node not in self.nodes[:N_BROWSERS]:
            for scope in self.workqueue:
                if not scope.startswith("tests/browser/"):
                    self.workqueue.move_to_end(scope, last=False)
                    break
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: the browser's tests wait for most of their time."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FewBrowsers | None:
    return FewBrowsers(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """96 training and 96 test digits of 8 x 8 pixels."""
    return load_dataset(DataConfig(limit=96))


@pytest.fixture(scope="session")
def idx_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with MNIST's file names, plain, and random pictures of 8 x 12 pixels."""
    return write_files(tmp_path_factory.mktemp("idx"), synthetic_files())


@pytest.fixture(scope="session")
def zipped_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same files, gzipped."""
    return write_files(tmp_path_factory.mktemp("zipped"), synthetic_files(), zipped=True)


@pytest.fixture(scope="session")
def cifar_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with CIFAR-10's file names and random pictures."""
    return write_files(tmp_path_factory.mktemp("cifar"), cifar_files())


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory, digits: Dataset) -> Run:
    """A finished run to read. To change its files, take `run_copy`."""
    run = RunStore(tmp_path_factory.mktemp("runs")).create(tiny_run())
    list(run.train(digits))
    return run


@pytest.fixture
def run_copy(finished_run: Run, tmp_path: Path) -> Run:
    """A finished run of one's own, alone in its folder of runs."""
    shutil.copytree(finished_run.path, tmp_path / "runs" / finished_run.id)
    return RunStore(tmp_path / "runs").load(finished_run.id)


@pytest.fixture
def mnist_folder() -> str:
    """Where the real MNIST is; the test is skipped where it is not."""
    if REAL_MNIST:
        return str(REAL_MNIST[0].parent)
    pytest.skip(f"MNIST is not on this machine: set {DATA_VARIABLE} to its folder")


@pytest.fixture
def cifar10_folder() -> str:
    """Where the real CIFAR-10 is; the test is skipped where it is not."""
    if REAL_CIFAR:
        return str(REAL_CIFAR[0].parent)
    pytest.skip(f"CIFAR-10 is not on this machine: set {DATA_VARIABLE} to its folder")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A web server for the folders of tmp_path / "web", reached without a proxy."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    handler = partial(Quiet, directory=str(tmp_path / "web"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()
        thread.join()


@pytest.fixture
def closed_port(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address of this machine where nobody answers."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data folder, and a cache that is empty."""
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """An empty folder of runs."""
    return RunStore(tmp_path / "runs")


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
