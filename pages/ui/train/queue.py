"""The server's queue of runs, and its state for the pages.

Progress of a run is read from its folder. A process of this server, a worker of a cluster, or
another server that shares the folder may train it.
"""

from __future__ import annotations

import os
from collections import defaultdict
from functools import cache
from pathlib import Path

from pages.ui.library import listing
from pages.ui.session import chosen, paths
from vae_core.comparison import by_value
from vae_core.jobs import HeartbeatReader, JobQueue, ask_to_stop, new_queue, training
from vae_core.runs.run import Run

OBEYED = 3.0  # seconds that stopping may take before the page goes on

_heartbeats = HeartbeatReader()
_askers: defaultdict[Path, set[str]] = defaultdict(set)  # sessions, by run


@cache
def queue() -> JobQueue:
    """The queue of this server; its processes start with the first run."""
    return new_queue(os.environ)


def start(*runs: Run) -> None:
    """Train runs from where they stand, in this order; those that are finished only count.

    Raises VAECoreError when the queue does not take them.
    """
    paths = [run.path for run in runs if not run.is_finished]
    queue().submit(*map(training, paths))
    for path in paths:
        _askers[path].add(chosen.visitor())


def is_running(run: Run) -> bool:
    """Whether the run is waiting here, or a process on any machine is at work on it."""
    if run.is_finished:
        return False
    return place(run) is not None or is_stopping(run) or is_beating(run)


def is_stopping(run: Run) -> bool:
    """Whether it is to stop, and has not yet."""
    return queue().is_stopping(run.path)


def place(run: Run) -> int | None:
    """How many runs are before this one in the queue; None when it is not here."""
    return queue().position(run.path)


def is_beating(run: Run) -> bool:
    """Whether a process has taken the run up."""
    return _heartbeats.is_alive(run.path)


def others(run: Run) -> int:
    """How many other visitors have asked for this run."""
    return len(_askers[run.path] - {chosen.visitor()})


def asked_by_me() -> int:
    """How many runs that this visitor has asked for are waiting or in training."""
    return sum(chosen.visitor() in _askers[path] for path in queue().folders())


def together(run: Run) -> tuple[Run, ...]:
    """The runs of its sweep in the order of their values, itself among them."""
    if run.config.sweep is None:
        return (run,)
    own = (entry.run for entry in listing.entries() if entry.run)
    runs = [r for r in own if r.config.sweep == run.config.sweep and r.path.parent == paths.RUNS]
    return tuple(by_value(runs)) or (run,)


def current(run: Run) -> Run:
    """The one of `together` to look at: in training, else waiting, else unfinished, else the last.

    Also when it was this one that was looked at before.
    """
    todo = [one for one in together(run) if not one.is_finished]
    here = sorted((place(one), k) for k, one in enumerate(todo) if place(one) is not None)
    if here:
        return todo[here[0][1]]
    return todo[0] if todo else together(run)[-1]


def failure(run: Run) -> str | None:
    """Why the run's last job ended badly; None when it did not."""
    return queue().problem(run.path)


def stop(*runs: Run) -> None:
    """Take runs out of the queue, or end their training; what they have saved stays.

    Raises RunError when a run that is in training cannot be stopped.
    """
    for run in runs:
        if place(run) is None and is_running(run):
            ask_to_stop(run.path)  # it is another server's
    paths = [run.path for run in runs]
    queue().cancel(*paths)
    queue().wait(*paths, seconds=OBEYED)


def close() -> None:
    """End every job: the server is closing."""
    queue().close()
