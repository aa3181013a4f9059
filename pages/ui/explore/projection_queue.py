"""Projections of a run's codes: at once, from a file, or from a queue beside the pages.

UMAP and t-SNE take tens of seconds and, imported here, would make the server slow, so they run
in processes of their own. What is found is kept in the user's cache, under a name made of the
codes themselves: the bundled models are never written to, and a copy of a model finds what was
found for the original.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import streamlit as st

from pages.ui.library import cached
from vae_core import Run
from vae_core.analysis import Projection, project
from vae_core.analysis.space.projection_job import folder_of, projection
from vae_core.analysis.space.projection_methods import METHODS
from vae_core.analysis.space.projections import read_projection
from vae_core.data.sources import cache_folder
from vae_core.errors import ConfigError, RunError, shown
from vae_core.jobs import HeartbeatReader, JobQueue, ask_to_stop, local_queue, progress_of

AT_ONCE = "ELBO_ROOM_PROJECTIONS"  # beside training, which has a queue and takes an hour
MAX_AT_ONCE = 16
MUCH = 3 << 30  # bytes of memory from which on two are worked out at once, half a GB each
SEED = 0

_heartbeats = HeartbeatReader()


@cache
def queue() -> JobQueue:
    """The queue of this server, always on this machine; a process for each projection."""
    if not _is_writable(cache_folder("projections")):  # so neither can UMAP's compiler keep things
        os.environ.setdefault("NUMBA_CACHE_DIR", str(_own_cache() / "numba"))
    return local_queue(at_once(os.environ, _memory()))


def at_once(environment: Mapping[str, str], memory: int) -> int:
    """How many projections are worked out at once, on a machine with so many bytes of memory.

    Raises
    ------
    ConfigError
        When ELBO_ROOM_PROJECTIONS is not such a number.
    """
    asked = environment.get(AT_ONCE, "").strip() or ("2" if memory >= MUCH else "1")
    if not (asked.isascii() and asked.isdecimal() and 1 <= int(asked[:4]) <= MAX_AT_ONCE):
        raise ConfigError(
            f"{AT_ONCE} must be how many projections are worked out at once, from 1 to "
            f"{MAX_AT_ONCE}; got {shown(asked)}."
        )
    return int(asked)


def _memory() -> int:
    """Bytes of this machine's memory; much, where that is not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return MUCH


def _folder() -> Path:
    """Where projections are kept: in the user's cache, or where that cannot be, in a folder."""
    shared = cache_folder("projections")
    return shared if _is_writable(shared) else _own_cache()


@cache
def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


@cache
def _own_cache() -> Path:
    """A folder for as long as this server runs."""
    folder = tempfile.mkdtemp(prefix="elbo-room-cache-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cached.per_run()
def _digest(run: Run) -> str:
    path = run.path / "codes.safetensors"
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:20]
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}.") from error


def file_of(run: Run, method: str, what: str) -> Path:
    """Where this projection is kept."""
    name = f"{_digest(run)}-{method}-{what}-{SEED}.safetensors"
    return _folder() / name


@cached.per_run(max_entries=32)
def _at_once(run: Run, method: str, what: str) -> Projection:
    return project(cached.codes(run), method, what, SEED)


@st.cache_resource(max_entries=32, show_spinner=False)
def _kept(path: Path, changed: int) -> Projection:
    return read_projection(path)


def find(run: Run, method: str, what: str) -> Projection | None:
    """The projection when it can be had now: quickly, or from its file."""
    is_plane = cached.codes(run).mean[0].numel() <= 2
    if is_plane or METHODS[method].is_immediate:
        return _at_once(run, method, what)
    path = file_of(run, method, what)
    try:
        return _kept(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return None
    except RunError:
        path.unlink(missing_ok=True)  # damaged: worked out again
        return None


def folder(run: Run, method: str, what: str) -> Path:
    """What names the job in the queue, and where it works."""
    return folder_of(file_of(run, method, what))


def start(run: Run, method: str, what: str) -> None:
    """Put it into the queue, unless it is under way. Raises VAECoreError when that is full."""
    if not is_running(run, method, what):
        queue().submit(projection(run, method, what, SEED, file_of(run, method, what)))


def is_running(run: Run, method: str, what: str) -> bool:
    """Whether it waits here, or a process of this or another server is at work on it."""
    job = folder(run, method, what)
    return queue().position(job) is not None or _is_anothers(job)


def _is_anothers(job: Path) -> bool:
    """Whether another server that shares the cache computes it."""
    return not queue().is_stopping(job) and _heartbeats.is_alive(job)


def n_before(run: Run, method: str, what: str) -> int:
    """How many others it waits for; 0 when it is being worked out."""
    position = queue().position(folder(run, method, what)) or 0
    return position and position - 1 + at_once(os.environ, _memory())


def progress(run: Run, method: str, what: str) -> tuple[float | None, float]:
    """The fraction that is done, None while the method reports none; seconds since it began."""
    job = folder(run, method, what)
    return progress_of(job), queue().seconds(job)


def failure(run: Run, method: str, what: str) -> str | None:
    """Why the last attempt failed, in a sentence or two; None when it did not."""
    return queue().problem(folder(run, method, what))


def forget(run: Run, method: str, what: str) -> None:
    """Leave an attempt that has failed behind, so that the next may start."""
    queue().forget(folder(run, method, what))


def stop(run: Run, method: str, what: str) -> None:
    """End an attempt; nothing of it is kept."""
    job = folder(run, method, what)
    if queue().position(job) is None and _is_anothers(job):
        ask_to_stop(job)
    queue().cancel(job)


def close() -> None:
    """End every attempt: the server is closing."""
    queue().close()
