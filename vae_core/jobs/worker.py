"""The worker's side of a job: its heartbeat with its progress, and how it is stopped.

Everything between worker and queue goes through the job's folder, so a worker may be on
another machine.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vae_core.io import writing
from vae_core.jobs.heartbeat import PERIOD, HeartbeatWriter, drop, taking

STOP = "stop"  # a file of this name in a job's folder ends the job
POLL = 0.05  # seconds between checks for it
OBEY = 1.2  # seconds after which a worker with a process of its own leaves in the midst of it

owns_process = False  # set in processes that do nothing but jobs
_beating: set[HeartbeatWriter] = set()


class Stopped(Exception):
    """Raised in a job that is to stop, where it reports progress or fetches data."""


class Work:
    """A job as its function sees it.

    Parameters
    ----------
    folder : Path
    heartbeat : HeartbeatWriter
        Which has begun.
    """

    def __init__(self, folder: Path, heartbeat: HeartbeatWriter) -> None:
        self.folder, self.heartbeat = folder, heartbeat
        self.stopping, self.is_over = threading.Event(), threading.Event()

    def check(self) -> None:
        """Raise Stopped when the job is to stop."""
        if self.stopping.is_set():
            raise Stopped

    def report(self, share: float) -> None:
        """Write with the next heartbeat how much is done, from 0 to 1. Raises as `check`."""
        self.check()
        self.heartbeat.share = share

    def watch(self, obey: float) -> None:
        """Write the heartbeat until the work is over, and check for the file that stops it."""
        next_beat = time.monotonic() + PERIOD
        while not self.is_over.wait(POLL):
            is_anothers = self.heartbeat.is_anothers()
            if is_anothers or (self.folder / STOP).exists():
                self.stopping.set()
                if not self.is_over.wait(obey) and owns_process:
                    drop(self.folder / STOP)
                    leave()
            if not is_anothers and time.monotonic() >= next_beat:
                self.heartbeat.beat()
                next_beat = time.monotonic() + PERIOD


@contextmanager
def at_work(folder: Path, noun: str, obey: float = OBEY) -> Iterator[Work]:
    """Be the one process at work in a folder, with a heartbeat in a thread of its own.

    Parameters
    ----------
    folder : Path
    noun : str
        What the work is: "training".
    obey : float
        Seconds in which the body may still save something when it is to stop, before a worker
        with a process of its own leaves.

    Raises
    ------
    JobError
        When another process is at work there; says which.
    """
    with taking(folder, noun) as heartbeat:
        work = Work(folder, heartbeat)
        _beating.add(heartbeat)
        thread = threading.Thread(target=work.watch, args=(obey,), name="heartbeat", daemon=True)
        thread.start()
        try:
            yield work
        finally:
            work.is_over.set()
            thread.join()
            _beating.discard(heartbeat)
            if work.stopping.is_set():
                drop(folder / STOP)


def ask_to_stop(folder: Path) -> None:
    """End a job soon, in whatever process it runs. Raises RunError when that cannot be written."""
    with writing(folder / STOP):
        (folder / STOP).touch()


def leave() -> None:
    """End this process at once: files are replaced in one step, and none is left half written."""
    for heartbeat in list(_beating):
        heartbeat.end()
    os._exit(1)
