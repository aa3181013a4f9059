"""A bounded queue of jobs in front of executors that may break."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from vae_core.errors import JobError, VAECoreError
from vae_core.io import writing
from vae_core.jobs.heartbeat import HEARTBEAT, drop
from vae_core.jobs.job import Job
from vae_core.jobs.worker import STOP, ask_to_stop

CAPACITY = 64


@dataclass
class _Task:
    """A job at work."""

    job: Job
    future: Future[object]
    started: float = field(default_factory=time.monotonic)
    is_stopping: bool = False

    @property
    def folder(self) -> Path:
        return self.job.folder


@dataclass
class _Slot:
    """A place for one job at a time; its executor is made when needed, and again if it breaks."""

    executor: Executor | None = None
    task: _Task | None = None


class JobQueue:
    """Jobs are done in the order in which they came, as many at once as there are slots.

    A job is named by its folder.

    Parameters
    ----------
    make_executor : callable
        Makes what does the work of one slot. Each slot has its own, so that a killed process
        takes nothing with it but the job that it was doing.
    n_slots : int
    capacity : int
        Most jobs that may wait.
    """

    def __init__(
        self, make_executor: Callable[[], Executor], n_slots: int, capacity: int = CAPACITY
    ) -> None:
        self._make, self.capacity = make_executor, capacity
        self._slots = [_Slot() for _ in range(n_slots)]
        self._waiting: list[Job] = []
        self._problems: dict[Path, str] = {}
        self._changed, self._closed = threading.Condition(threading.RLock()), False

    def submit(self, *jobs: Job) -> None:
        """Put jobs at the end of the queue, all or none.

        One that is waiting or at work keeps its place; one that is stopping begins again
        afterwards.

        Raises
        ------
        JobError
            When they do not all fit, or the queue is closed; nothing has changed then.
        ConfigError, RunError
            When one that would begin at once cannot; those that wait are taken out again.
        """
        with self._changed:
            new = [job for job in jobs if self.position(job.folder) is None]
            if not new:
                return
            if self._closed:
                raise JobError("The server is closing: start again when it is back.")
            self.check_room(len(new))
            for job in new:
                self.forget(job.folder)
            self._waiting += new
            try:
                self._fill(raising=True)
            except VAECoreError:
                self._waiting = [job for job in self._waiting if job not in new]
                raise

    def check_room(self, n: int) -> None:
        """Raise JobError unless so many more jobs would be taken now."""
        with self._changed:
            free = self.capacity + len(self._slots) - len(self._tasks)
            if len(self._waiting) + n > free:
                raise JobError(
                    f"The queue is full: {len(self._waiting)} of {self.capacity} places are taken, "
                    f"and {n} more asked for. Try again when some of them are done."
                )

    def position(self, folder: Path) -> int | None:
        """How many jobs are before this one: 0 at work, None when it is not here."""
        with self._changed:
            if any(task.folder == folder and not task.is_stopping for task in self._tasks):
                return 0
            waiting = [job.folder for job in self._waiting]
            return waiting.index(folder) + 1 if folder in waiting else None

    def seconds(self, folder: Path) -> float:
        """How long the job has been at work."""
        with self._changed:
            started = [task.started for task in self._tasks if task.folder == folder]
            return time.monotonic() - started[0] if started else 0.0

    def is_stopping(self, folder: Path) -> bool:
        """Whether the job is to stop, and a worker still has it."""
        with self._changed:
            return any(task.folder == folder and task.is_stopping for task in self._tasks)

    def folders(self) -> list[Path]:
        """The jobs that are here: those at work, then those that wait, in their order."""
        with self._changed:
            begun = [task.folder for task in self._tasks if not task.is_stopping]
            return begun + [job.folder for job in self._waiting]

    def problem(self, folder: Path) -> str | None:
        """Why the folder's last job ended badly; None when it did not."""
        return self._problems.get(folder)

    def forget(self, folder: Path) -> None:
        """Leave behind why the folder's last job ended badly."""
        self._problems.pop(folder, None)

    def cancel(self, *folders: Path) -> None:
        """Take waiting jobs out, and end those at work soon. What they have saved stays.

        Raises
        ------
        RunError
            When a job that is at work cannot be stopped, for its folder cannot be written.
        """
        with self._changed:
            self._waiting = [job for job in self._waiting if job.folder not in folders]
            for task in self._tasks:
                if task.folder in folders and not task.is_stopping:
                    ask_to_stop(task.folder)
                    task.is_stopping = True
                    if not (task.folder / HEARTBEAT).exists():
                        task.future.cancel()  # for a cluster that has no worker for it yet
            self._changed.notify_all()

    def wait(self, *folders: Path, seconds: float) -> bool:
        """Wait until no worker has these jobs; returns whether that came true in time."""

        def is_over() -> bool:
            here = [task.job for task in self._tasks] + self._waiting
            return not {job.folder for job in here} & {*folders}

        with self._changed:
            return self._changed.wait_for(is_over, seconds)

    def cancel_all(self, patience: float = 1.5) -> None:
        """Take out every job, and wait a moment until no worker has any."""
        with self._changed:
            folders = self.folders()
        for folder in folders:
            with contextlib.suppress(VAECoreError):
                self.cancel(folder)
        self.wait(*folders, seconds=patience)

    def close(self) -> None:
        """End everything: waiting jobs are dropped, work stops, processes end."""
        self._closed = True
        self.cancel_all()
        for slot in self._slots:
            if slot.executor:
                slot.executor.shutdown(wait=False)

    @property
    def _tasks(self) -> list[_Task]:
        return [slot.task for slot in self._slots if slot.task]

    def _fill(self, raising: bool = False) -> None:
        """Give waiting jobs to free slots; what cannot begin is a problem of that job."""
        for slot in self._slots:
            while slot.task is None and (job := self._next()):
                self._waiting.remove(job)
                try:
                    self._begin(slot, job)
                except VAECoreError as error:
                    self._problems[job.folder] = str(error)
                    if raising:
                        raise

    def _next(self) -> Job | None:
        """The first that waits and is not, while it stops, still at work."""
        busy = {task.folder for task in self._tasks}
        return next((job for job in self._waiting if job.folder not in busy), None)

    def _begin(self, slot: _Slot, job: Job) -> None:
        with writing(job.folder / STOP):
            if job.is_temporary:
                job.folder.mkdir(parents=True, exist_ok=True)
            (job.folder / STOP).unlink(missing_ok=True)
        slot.executor = slot.executor or self._make()
        try:
            future = slot.executor.submit(job.function, *job.arguments)
        except (BrokenExecutor, RuntimeError):  # killed, or shut down, while it had nothing to do
            slot.executor = self._make()
            future = slot.executor.submit(job.function, *job.arguments)
        slot.task = _Task(job, future)
        future.add_done_callback(partial(self._done, slot, slot.task))

    def _done(self, slot: _Slot, task: _Task, future: Future[object]) -> None:
        with self._changed:
            problem = self._why(slot, task, future)
            slot.task = None
            if problem and not task.is_stopping:
                self._problems[task.folder] = problem
            if task.job.is_temporary:
                with contextlib.suppress(OSError):
                    task.folder.rmdir()  # unless another server is at work there
            if not self._closed:
                self._fill()
            self._changed.notify_all()

    def _why(self, slot: _Slot, task: _Task, future: Future[object]) -> str | None:
        job = task.job
        try:
            future.result()
        except VAECoreError as error:
            return str(error)
        except CancelledError:
            if task.is_stopping:  # before it had begun
                drop(job.folder / STOP)
                return None
            slot.executor = None
            return f"The cluster has let it go. {job.when_lost}"
        except BrokenExecutor:
            slot.executor = None  # it has ended itself
            drop(job.folder / HEARTBEAT)
            return f"Its process was killed. {job.when_lost}"
        except Exception as error:
            return f"{job.noun.capitalize()} failed: {type(error).__name__}: {error}"
        return None
