"""Projections of a run's codes: at once, from a file, or worked out beside the pages.

UMAP and t-SNE take tens of seconds and, imported here, would make the server slow, so they
run as `python -m vae_core project` in a process of their own. What it finds is kept in the
user's cache, under a name made of the codes themselves: the bundled models are never
written to, and a copy of a model finds what was found for the original.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import streamlit as st

from pages.ui.library import cached
from pages.ui.session.paths import ROOT
from vae_core import Run
from vae_core.analysis import Projection, project
from vae_core.analysis.layouts import METHODS
from vae_core.analysis.projections import read_projection
from vae_core.data.sources import cache_folder
from vae_core.errors import RunError
from vae_core.io import writing
from vae_core.jobs.priority import lower_priority, on_all_cores

MAX_AT_ONCE = 2
SEED = 0


@dataclass(frozen=True)
class Job:
    """One projection being worked out.

    Attributes
    ----------
    to : the file that it writes in the end
    process : `python -m vae_core project`
    started : of `time.monotonic`
    """

    to: Path
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)

    @property
    def log(self) -> Path:
        """What the process says."""
        return log_of(self.to)

    @property
    def is_running(self) -> bool:
        """Whether it is still at work."""
        return self.process.poll() is None

    @property
    def seconds(self) -> int:
        """How long it has been at work."""
        return int(time.monotonic() - self.started)

    def share(self) -> float | None:
        """How much is done; None while the method does not say."""
        said = re.findall(r"^(\d+) %$", self.log.read_text(errors="replace"), flags=re.M)
        return int(said[-1]) / 100 if said else None


_jobs: dict[Path, Job] = {}
_lock = Lock()


def log_of(to: Path) -> Path:
    """Where the process that writes this file says how far it is, and why it failed."""
    return to.with_suffix(".log")


@st.cache_resource(max_entries=64, show_spinner=False)
def _digest(version: str, _run: Run) -> str:
    return hashlib.sha256((_run.path / "codes.safetensors").read_bytes()).hexdigest()[:20]


def file_of(run: Run, method: str, what: str) -> Path:
    """Where this projection is kept."""
    name = f"{_digest(cached.version(run), run)}-{method}-{what}-{SEED}.safetensors"
    return cache_folder("projections") / name


@st.cache_resource(max_entries=32, show_spinner=False)
def _at_once(version: str, method: str, what: str, _run: Run) -> Projection:
    return project(cached.codes(_run), method, what, SEED)


@st.cache_resource(max_entries=32, show_spinner=False)
def _kept(path: Path, changed: int) -> Projection:
    return read_projection(path)


def find(run: Run, method: str, what: str) -> Projection | None:
    """The projection when it can be had now: quickly, or from its file."""
    is_plane = cached.codes(run).mean[0].numel() <= 2
    if is_plane or METHODS[method].is_immediate:
        return _at_once(cached.version(run), method, what, run)
    path = file_of(run, method, what)
    try:
        return _kept(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return None
    except RunError:
        path.unlink(missing_ok=True)  # cut short: worked out again
        return None


def job(run: Run, method: str, what: str) -> Job | None:
    """The last attempt to work it out in this server, ended or not."""
    return _jobs.get(file_of(run, method, what))


def start(run: Run, method: str, what: str) -> Job | None:
    """Work it out, unless that is under way; None while too many others are."""
    to = file_of(run, method, what)
    command = [sys.executable, "-m", "vae_core", "project", str(run.path), "--json"]
    options = ["--method", method, "--of", what, "--seed", str(SEED), "--to", str(to)]
    with _lock:
        old = _jobs.get(to)
        if old and old.is_running:
            return old
        if sum(other.is_running for other in _jobs.values()) >= MAX_AT_ONCE:
            return None
        with writing(to):
            to.parent.mkdir(parents=True, exist_ok=True)
            with log_of(to).open("wb") as log:
                # A group of its own: ctrl-C reaches the server, which then stops us. Not a
                # session: Linux may share the processor between sessions, however nice we are.
                with on_all_cores():
                    process = subprocess.Popen(
                        [*command, *options], cwd=ROOT, stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL, stderr=log, process_group=0,
                    )  # fmt: skip
                lower_priority(process.pid)
        _jobs[to] = Job(to, process)
        return _jobs[to]


def failure(attempt: Job) -> str:
    """Why an attempt came to nothing, in one sentence."""
    said = attempt.log.read_text(errors="replace").strip().splitlines()
    code = attempt.process.returncode
    if code == 2 and said:
        return said[-1].partition(": ")[2] or said[-1]
    return f"The process ended before it was done (exit code {code}). It may be short of memory."


def forget(run: Run, method: str, what: str) -> None:
    """Leave an attempt that has ended behind, so that the next may start."""
    with _lock:
        old = _jobs.get(file_of(run, method, what))
        if old and not old.is_running:
            del _jobs[old.to]


def stop(attempt: Job) -> None:
    """End an attempt; nothing of it is kept."""
    with _lock:
        _jobs.pop(attempt.to, None)
    _end([attempt])


def stop_all() -> None:
    """End every attempt: the server is closing."""
    with _lock:
        attempts = list(_jobs.values())
        _jobs.clear()
    _end(attempts)


def _end(attempts: list[Job]) -> None:
    running = [attempt.process for attempt in attempts if attempt.is_running]
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for attempt in attempts:
        attempt.log.unlink(missing_ok=True)
