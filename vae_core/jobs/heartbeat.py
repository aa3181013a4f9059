"""The heartbeat: a file that is written again and again while a job runs, with its progress.

It distinguishes a dead job from a slow one, also for other servers that share the folder. What
counts is that it changes, as seen by the reader's own steady clock: no two clocks are compared, and
setting one back or forward does no harm.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import time
from pathlib import Path

HEARTBEAT = "heartbeat.json"
PERIOD = 0.5  # seconds between beats
PATIENCE = 10.0  # seconds without a beat after which a job is dead
SIZE = 512  # bytes of a beat, more than a long host name takes


class HeartbeatWriter:
    """The writer's side: one file in a job's folder, with a name of its own for each writer.

    It is written in place, for a rename may go unnoticed for long on a network's file system.
    Each beat covers the last one whole: it is never empty for a reader, and a full disk, which
    has no room for a new file, does not stop it.

    Parameters
    ----------
    folder : Path

    Attributes
    ----------
    share : float or None
        Fraction that is done, from 0 to 1; None while the job does not report it.
    """

    def __init__(self, folder: Path) -> None:
        self.share: float | None = None
        self.path, self.count = folder / HEARTBEAT, 0
        self.writer = secrets.token_hex(8)
        self.who = {"writer": self.writer, "host": socket.gethostname(), "pid": os.getpid()}

    def beat(self) -> None:
        """Write the next one. Errors of the disk are left to the job itself."""
        self.count += 1
        text = json.dumps(self.who | {"count": self.count, "share": self.share}).ljust(SIZE)
        with contextlib.suppress(OSError):
            self.path.touch()
            with self.path.open("r+") as file:
                file.write(text)

    def is_anothers(self) -> bool:
        """Whether another process has begun to write it, and so has taken over the job."""
        text = _read(self.path) or ""
        return text != "" and self.writer not in text

    def end(self) -> None:
        """Mark the job as not at work any more."""
        if not self.is_anothers():
            drop(self.path)


class HeartbeatReader:
    """The reader's side, for any number of runs.

    Parameters
    ----------
    patience : float
        Seconds without a change after which a job is taken for dead. A file seen for the
        first time is given that long, too.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self._seen: dict[Path, tuple[str, float]] = {}

    def is_alive(self, folder: Path) -> bool:
        """Whether a process on any machine is at work in this folder."""
        text = _read(folder / HEARTBEAT)
        if text is None:
            self._seen.pop(folder, None)
            return False
        before, since = self._seen.get(folder, (None, 0.0))
        now = time.monotonic()
        if text != before:
            self._seen[folder] = (text, now)
            return True
        return now - since < self.patience


def is_anothers_work(folder: Path, patience: float = PATIENCE) -> bool:
    """Whether the heartbeat of another process is alive; waits until that is certain.

    Returns at once without a heartbeat, and `patience` seconds later when its writer is dead.
    """
    first, deadline = _read(folder / HEARTBEAT), time.monotonic() + patience
    while (now := _read(folder / HEARTBEAT)) is not None:
        if now != first:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(PERIOD / 5)
    return False


def progress_of(folder: Path) -> float | None:
    """Fraction of the job that is done, from 0 to 1; None where the job does not report it."""
    try:
        share = json.loads(_read(folder / HEARTBEAT) or "{}").get("share")
    except ValueError:  # of another file system's making
        return None
    return None if share is None else float(share)


def drop(path: Path) -> None:
    """Remove a file that may be gone, where that is possible."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return None
