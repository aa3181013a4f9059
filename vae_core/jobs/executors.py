"""Executors: a process of this machine, or a cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from vae_core.errors import ConfigError
from vae_core.jobs import worker
from vae_core.jobs.priority import lower_priority, niceness, on_all_cores
from vae_core.jobs.queue import JobQueue

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")
SCHEDULER = "ELBO_ROOM_SCHEDULER"
WORKERS = "ELBO_ROOM_WORKERS"
MAX_WORKERS = 256
AT_ONCE = 64  # runs handed to a cluster; its scheduler keeps those that find no worker
CONNECT = "3s"


def new_queue(environment: Mapping[str, str]) -> JobQueue:
    """The queue of a server.

    Over its own processes, one for every two cores or ELBO_ROOM_WORKERS; or over the cluster that
    ELBO_ROOM_SCHEDULER names, which is connected to at the first run.

    Raises
    ------
    ConfigError
        When ELBO_ROOM_WORKERS is not a number of processes, or ELBO_ROOM_NICE not a priority.
    """
    niceness(environment)
    if address := environment.get(SCHEDULER):
        return JobQueue(cluster(address), AT_ONCE)
    cores = os.cpu_count() or 1
    asked = environment.get(WORKERS) or str(max(1, cores // 2))
    if not (asked.isdecimal() and 1 <= int(asked) <= MAX_WORKERS):
        raise ConfigError(
            f"{WORKERS} must be how many runs are trained at once, from 1 to {MAX_WORKERS}; "
            f"got {asked!r}."
        )
    # one core is for the pages
    threads = max(1, (cores - 1) // int(asked))
    return JobQueue(partial(local_process, threads), int(asked))


def local_queue(n_slots: int) -> JobQueue:
    """A queue over this machine's processes, each of which does one job and returns its memory."""
    return JobQueue(partial(local_process, is_reused=False), n_slots)


def local_process(threads: int = 1, is_reused: bool = True) -> Executor:
    """A process of its own for one job at a time, started when the first one comes.

    It gives way to the pages, unless ELBO_ROOM_NICE says how much less.

    Parameters
    ----------
    threads : int
        With which torch computes there.
    is_reused : bool
        Whether the next job uses the same process. Else it ends with the first job.
    """
    return _LocalProcess(threads, is_reused)


class _LocalProcess(ProcessPoolExecutor):
    """An executor of one process that ends with the server, however that ends."""

    def __init__(self, threads: int, is_reused: bool) -> None:
        context = process_context()
        held, self._leash = context.Pipe(duplex=False)
        start = partial(_begin, threads, niceness(os.environ), held, dict(os.environ))
        super().__init__(1, mp_context=context, initializer=start)
        self._held, self._is_reused = held, is_reused

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """As the base class. The process it starts does not import the server's main script."""
        with without_main(), on_all_cores():
            future = super().submit(fn, *args, **kwargs)
        if not self._is_reused:
            future.add_done_callback(lambda _: self.shutdown(wait=False))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As the base class; without waiting, the process leaves in the middle of its work."""
        super().shutdown(wait=wait, cancel_futures=cancel_futures)
        self._leash.close()
        self._held.close()


def process_context() -> BaseContext:
    """How processes are started.

    On Linux by a fork server that has imported torch once: a job begins seconds sooner, and shares
    the memory of what was imported. It imports and does nothing else, so that it has no threads
    that a fork would lose. Elsewhere each process imports for itself: macOS's own libraries do not
    bear a fork.
    """
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # The latter as the first optimizer would have every job import it.
    context.set_forkserver_preload(["vae_core.jobs.training", "torch._dynamo"])
    return context


@contextmanager
def without_main() -> Iterator[None]:
    """A spawned process imports what is `__main__`: in an app a page, which would be drawn."""
    main, nothing = sys.modules["__main__"], ModuleType("__main__")
    sys.modules["__main__"] = nothing
    try:
        yield
    finally:
        if sys.modules["__main__"] is nothing:
            sys.modules["__main__"] = main


def _begin(threads: int, nice: int, held: Connection, environment: Mapping[str, str]) -> None:
    """Ignore ctrl-C, lower the priority, and end when the server does."""
    os.environ.clear()
    os.environ.update(environment)  # a fork server keeps that of its own start
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lower_priority(nice)
    torch.set_num_threads(threads)
    worker.owns_process = True
    threading.Thread(target=_leave_at_end, args=(held,), name="leash", daemon=True).start()


def _leave_at_end(held: Connection) -> None:
    held.poll(None)  # returns when the other end is closed: nothing is ever sent
    worker.leave()


def cluster(address: str) -> Callable[[], Executor]:
    """The workers of a Dask cluster, which share the folder of runs with this machine.

    Raises, when it is called,
    ------
    ConfigError
        When Dask is not installed, or there is no scheduler at this address.
    """
    clients: list[Client] = []

    def make() -> Executor:
        if not clients or clients[-1].status != "running":
            clients[:] = [_client(address)]
        # pure=False: a run that was stopped and goes on is another task with the same words
        executor: Executor = clients[-1].get_executor(pure=False)
        return executor

    return make


def _client(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigError(
            f"{SCHEDULER}: training on a cluster needs Dask. Install it with `pip install -r "
            "requirements-cluster.txt`, or leave the setting out to train on this machine."
        ) from error
    try:
        return Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{SCHEDULER}: expected a Dask scheduler at {address}, and none answers. Start it "
            "with `dask scheduler`, or leave the setting out to train on this machine."
        ) from error
