"""A bounded queue of runs in front of executors that may break."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vae_core.errors import JobError, VAECoreError
from vae_core.io import writing
from vae_core.jobs.heartbeat import HEARTBEAT, drop
from vae_core.jobs.worker import STOP, ask_to_stop, train_run

CAPACITY = 64
KILLED = "Its process was killed. The run keeps its last finished epoch: go on from there."


@dataclass
class _Job:
    """A run at work."""

    folder: Path
    future: Future[bool]
    is_told: bool = False  # to stop


@dataclass
class _Slot:
    """A place for one run at a time; its executor is made when needed, and again if it breaks."""

    executor: Executor | None = None
    job: _Job | None = None


class JobQueue:
    """Runs are trained in the order in which they came, as many at once as there are slots.

    Parameters
    ----------
    make_executor : callable
        Makes what does the work of one slot. Each slot has its own, so that a killed process
        takes nothing with it but the run that it was training.
    n_slots : int
    capacity : int
        Most runs that may wait.
    """

    def __init__(
        self, make_executor: Callable[[], Executor], n_slots: int, capacity: int = CAPACITY
    ) -> None:
        self._make, self.capacity = make_executor, capacity
        self._slots = [_Slot() for _ in range(n_slots)]
        self._waiting: list[Path] = []
        self._problems: dict[Path, str] = {}
        self._changed, self._closed = threading.Condition(threading.RLock()), False

    def submit(self, *folders: Path) -> None:
        """Put runs at the end of the queue, all or none.

        One that is waiting or in training keeps its place; one that has been told to stop
        begins again afterwards.

        Raises
        ------
        JobError
            When they do not all fit, or the queue is closed; nothing has changed then.
        ConfigError, RunError
            When one that would begin at once cannot; those that wait are taken out again.
        """
        with self._changed:
            new = [folder for folder in folders if self.position(folder) is None]
            if not new:
                return
            if self._closed:
                raise JobError("The server is closing: start again when it is back.")
            self.check_room(len(new))
            for folder in new:
                self._problems.pop(folder, None)
            self._waiting += new
            try:
                self._fill(raising=True)
            except VAECoreError:
                self._waiting = [folder for folder in self._waiting if folder not in new]
                raise

    def check_room(self, n: int) -> None:
        """Raise JobError unless so many more runs would be taken now."""
        with self._changed:
            free = self.capacity + len(self._slots) - len(self._jobs)
            if len(self._waiting) + n > free:
                raise JobError(
                    f"The queue is full: {len(self._waiting)} of {self.capacity} places are taken, "
                    f"and {n} more asked for. Try again when some of them are done."
                )

    def position(self, folder: Path) -> int | None:
        """How many runs are before this one: 0 in training, None when it is not here."""
        with self._changed:
            if any(job.folder == folder and not job.is_told for job in self._jobs):
                return 0
            return self._waiting.index(folder) + 1 if folder in self._waiting else None

    def is_stopping(self, folder: Path) -> bool:
        """Whether the run has been told to stop, and somebody is still at work on it."""
        with self._changed:
            return any(job.folder == folder and job.is_told for job in self._jobs)

    def folders(self) -> list[Path]:
        """The runs that are here: those in training, then those that wait, in their order."""
        with self._changed:
            return [job.folder for job in self._jobs if not job.is_told] + self._waiting

    def problem(self, folder: Path) -> str | None:
        """Why the run's last job ended badly; None when it did not."""
        return self._problems.get(folder)

    def cancel(self, *folders: Path) -> None:
        """Take waiting runs out, and end training soon. What they have saved stays.

        Raises
        ------
        RunError
            When a run that is in training cannot be told, for its folder cannot be written.
        """
        with self._changed:
            self._waiting = [folder for folder in self._waiting if folder not in folders]
            for job in self._jobs:
                if job.folder in folders and not job.is_told:
                    ask_to_stop(job.folder)
                    job.is_told = True
                    if not (job.folder / HEARTBEAT).exists():
                        job.future.cancel()  # for a cluster that has no worker for it yet
            self._changed.notify_all()

    def wait(self, *folders: Path, seconds: float) -> bool:
        """Wait until nobody works on these runs; whether that came true in time."""

        def is_over() -> bool:
            return not {job.folder for job in self._jobs}.union(self._waiting) & {*folders}

        with self._changed:
            return self._changed.wait_for(is_over, seconds)

    def cancel_all(self, patience: float = 1.5) -> None:
        """Take out every run, and wait a moment until nobody works on any."""
        with self._changed:
            folders = self.folders()
        for folder in folders:
            with contextlib.suppress(VAECoreError):
                self.cancel(folder)
        self.wait(*folders, seconds=patience)

    def close(self) -> None:
        """End everything: nobody waits any more, training stops, processes are let go."""
        self._closed = True
        self.cancel_all()
        for slot in self._slots:
            if slot.executor:
                slot.executor.shutdown(wait=False)

    @property
    def _jobs(self) -> list[_Job]:
        return [slot.job for slot in self._slots if slot.job]

    def _fill(self, raising: bool = False) -> None:
        """Give waiting runs to free slots; what cannot begin is a problem of that run."""
        for slot in self._slots:
            while slot.job is None and (folder := self._next()):
                self._waiting.remove(folder)
                try:
                    self._begin(slot, folder)
                except VAECoreError as error:
                    self._problems[folder] = str(error)
                    if raising:
                        raise

    def _next(self) -> Path | None:
        """The first that waits and is not, having been told to stop, still at work."""
        busy = {job.folder for job in self._jobs}
        return next((folder for folder in self._waiting if folder not in busy), None)

    def _begin(self, slot: _Slot, folder: Path) -> None:
        with writing(folder / STOP):
            (folder / STOP).unlink(missing_ok=True)
        slot.executor = slot.executor or self._make()
        try:
            future = slot.executor.submit(train_run, str(folder))
        except (BrokenExecutor, RuntimeError):  # killed, or shut down, while it had nothing to do
            slot.executor = self._make()
            future = slot.executor.submit(train_run, str(folder))
        slot.job = _Job(folder, future)
        future.add_done_callback(partial(self._done, slot, slot.job))

    def _done(self, slot: _Slot, job: _Job, future: Future[bool]) -> None:
        with self._changed:
            problem = self._why(slot, job, future)
            slot.job = None
            if problem and not job.is_told:
                self._problems[job.folder] = problem
            if not self._closed:
                self._fill()
            self._changed.notify_all()

    def _why(self, slot: _Slot, job: _Job, future: Future[bool]) -> str | None:
        try:
            future.result()
        except VAECoreError as error:
            return str(error)
        except CancelledError:
            if job.is_told:  # before it had begun
                drop(job.folder / STOP)
                return None
            slot.executor = None
            return "The cluster has let it go. The run keeps its last finished epoch."
        except BrokenExecutor:
            slot.executor = None  # it has ended itself
            drop(job.folder / HEARTBEAT)
            return KILLED
        except Exception as error:
            return f"Training failed: {type(error).__name__}: {error}"
        return None
