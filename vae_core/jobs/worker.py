"""What a worker does with a run: train it, show that it lives, and stop when told to.

Everything between worker and queue goes through the run's folder, so a worker may be on
another machine.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import torch
from torch import Tensor

from vae_core.data import reload_dataset
from vae_core.data.dataset import Split
from vae_core.errors import JobError
from vae_core.io import writing
from vae_core.jobs.heartbeat import PERIOD, HeartbeatWriter, drop, is_anothers_work
from vae_core.runs.store import RunStore

STOP = "stop"  # a file of this name in a run's folder ends its training
LOOK = 0.05  # seconds between looks for it
OBEY = 1.2  # seconds after which a worker with a process of its own leaves in mid-batch

owns_process = False  # set in processes that do nothing but train
_beating: set[HeartbeatWriter] = set()


def train_run(folder: str) -> bool:
    """Train the run in this folder from where it stands.

    Returns
    -------
    bool
        Whether it came to its last epoch; False when it was stopped.

    Raises
    ------
    JobError
        When somebody else is training it.
    VAECoreError
        As `Run.train`; the run keeps its last good epoch.
    """
    path = Path(folder)
    if is_anothers_work(path):
        raise JobError(f"{path.name} is being trained by another server already.")
    with _watched(path) as told:
        run = RunStore(path.parent).load(path.name)
        if run.is_finished:
            return True
        dataset = reload_dataset(run.config.data, download=False)
        train, test = (_Stoppable.of(split, told) for split in (dataset.train, dataset.test))
        try:
            for _ in run.train(replace(dataset, train=train, test=test)):
                pass
        except _Stopped:
            return False
    return True


def ask_to_stop(folder: Path) -> None:
    """End the run's training soon, whoever does it. Raises RunError when that cannot be written."""
    with writing(folder / STOP):
        (folder / STOP).touch()


def leave() -> None:
    """End this process at once: files are replaced in one step, and none is left half written."""
    for writer in list(_beating):
        writer.end()
    os._exit(1)


class _Stopped(Exception):
    """Raised where training asks for its next images."""


@dataclass(frozen=True)
class _Stoppable(Split):
    """Images that are handed out until training is told to stop: within a batch, not an epoch."""

    told: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, split: Split, told: threading.Event) -> _Stoppable:
        return cls(**{f.name: getattr(split, f.name) for f in fields(split)}, told=told)

    def batch(
        self,
        index: Tensor | slice,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
    ) -> Tensor:
        """As `Split.batch`."""
        if self.told.is_set():
            raise _Stopped
        return super().batch(index, generator, device)


@contextmanager
def _watched(folder: Path) -> Iterator[threading.Event]:
    """A thread beside training: writer, and looks for the word to stop."""
    told, is_over, writer = threading.Event(), threading.Event(), HeartbeatWriter(folder)
    for path in folder.rglob(".*"):  # half written by a process that was killed
        drop(path)
    writer.beat()
    _beating.add(writer)
    thread = threading.Thread(target=_watch, args=(folder, writer, told, is_over), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        is_over.set()
        thread.join()
        _beating.discard(writer)
        writer.end()
        if told.is_set():
            drop(folder / STOP)


def _watch(
    folder: Path, writer: HeartbeatWriter, told: threading.Event, is_over: threading.Event
) -> None:
    next_beat = time.monotonic() + PERIOD
    while not is_over.wait(LOOK):
        if (folder / STOP).exists() or writer.is_anothers():
            told.set()
            if not is_over.wait(OBEY) and owns_process:
                drop(folder / STOP)
                leave()
        if time.monotonic() >= next_beat:
            writer.beat()
            next_beat = time.monotonic() + PERIOD
