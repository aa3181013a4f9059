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
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from vae_core.errors import JobError, RunError, printable
from vae_core.io import parse_json, reading

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
        self.who = {
            "writer": self.writer,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "where": _where(),
        }

    def beat(self) -> None:
        """Write the next one. Errors of the disk are left to the job itself."""
        self.count += 1
        text = json.dumps(self.who | {"count": self.count, "share": self.share}).ljust(SIZE)
        with contextlib.suppress(OSError):
            if self.path.is_symlink():
                self.path.unlink()
            self.path.touch()
            with self.path.open("r+", encoding="ascii") as file:
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


@contextlib.contextmanager
def taking(folder: Path, noun: str, patience: float = PATIENCE) -> Iterator[HeartbeatWriter]:
    """Become the one process that is at work in a folder: its heartbeat has begun.

    Of several that try at once, on one machine or on several that share the folder, one becomes
    it. Whose process was killed is followed `patience` seconds later.

    Parameters
    ----------
    folder : Path
    noun : str
        What the work is, for the message.

    Raises
    ------
    JobError
        When another process is at work there; says which.
    """
    with exclusive(folder / "config.json"):
        if (text := _living(folder, patience)) is not None:
            raise JobError(f"{folder.name}: {noun} is under way already, {_whose(text)}.")
        writer = HeartbeatWriter(folder)
        writer.beat()
    try:
        yield writer
    finally:
        writer.end()


def _living(folder: Path, patience: float) -> str | None:
    """The beat of a process that is at work; waits until that is certain.

    Returns at once without a heartbeat, and `patience` seconds later when its writer is dead.
    """
    first, deadline = _read(folder / HEARTBEAT), time.monotonic() + patience
    if first is not None and _has_ended(first):
        return None
    while (now := _read(folder / HEARTBEAT)) is not None:
        if now != first:
            return now
        if time.monotonic() >= deadline:
            return None
        time.sleep(PERIOD / 5)
    return None


def _has_ended(text: str) -> bool:
    """Whether the process that has written this beat is known to have ended.

    That is so only where it was of this machine, and of the same set of process ids.
    """
    values = _values(text)
    pid, where = values.get("pid"), values.get("where")
    if where is None or where != _where() or type(pid) is not int or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # somebody else's process
        return False
    return False


def _where() -> str | None:
    """Names this machine since it was started, and its set of process ids; None if unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return None


def _whose(text: str) -> str:
    """Which process has written this beat."""
    values = _values(text)
    host, pid = printable(str(values.get("host")), 80), printable(str(values.get("pid")), 20)
    return f"in process {pid} " + (
        "of this machine" if host == socket.gethostname() else f"on {host}"
    )


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Be the only process in this block that names the same file, which must exist.

    The lock is the system's: it ends with the process, however that ends, and leaves no file.
    Where the file or its disk cannot be locked, the block is entered without.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            file = stack.enter_context(path.open("r+b"))
            _lock(file)
        yield


def _lock(file: BinaryIO) -> None:
    """Wait for the lock of an open file; closing it unlocks."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(1 << 30)  # beyond the end, for what is locked cannot be read
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)


def progress_of(folder: Path) -> float | None:
    """Fraction of the job that is done, from 0 to 1; None where the job does not report it."""
    share = _values(_read(folder / HEARTBEAT) or "").get("share")
    return float(share) if isinstance(share, int | float) and 0 <= share <= 1 else None


def _values(text: str) -> dict[str, Any]:
    """What a beat says; nothing where it is of another file system's making."""
    try:
        values = parse_json(text)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def drop(path: Path) -> None:
    """Remove a file that may be gone, where that is possible."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _read(path: Path) -> str | None:
    try:
        with reading(path) as file:
            return file.read(2 * SIZE).decode(errors="replace")
    except RunError:
        return None
