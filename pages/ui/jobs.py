"""Training in a process of its own, so that pages stay quick and stopping is immediate.

A job is `python -m vae_core resume RUN ...`; pages read its progress from the runs' folders.
Stopping it at any moment leaves runs that resume exactly.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pages.ui.state import ROOT
from vae_core.runs import Run

LOG = "log.txt"


@dataclass(frozen=True)
class _Job:
    """Runs that one process trains, one after another; what it says is logged with `log`."""

    runs: tuple[Run, ...]
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=5)


_jobs: dict[Path, _Job] = {}  # by each run's folder


def start(*runs: Run) -> None:
    """Train runs of one folder from where they stand, one after another.

    Those that are finished only count. Starting a running job does nothing.
    """
    todo = [run for run in runs if not run.is_finished]
    if not todo or any(is_running(run) for run in todo):
        return
    log = todo[0].path / LOG
    command = [sys.executable, "-m", "vae_core", "resume", *(run.id for run in todo)]
    with log.open("wb") as file:
        # A session of its own: ctrl-C in the terminal reaches the server, which then stops us.
        process = subprocess.Popen(
            [*command, "--runs", str(todo[0].path.parent), "--json"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=file,
            start_new_session=True,
        )
    _jobs.update({run.path: _Job(runs, process, log) for run in runs})


def is_running(run: Run) -> bool:
    """Whether this server trains the run now, or will when those before it are done."""
    job = _jobs.get(run.path)
    return job is not None and job.is_alive and not run.is_finished


def together(run: Run) -> tuple[Run, ...]:
    """The runs that were started with this one, itself among them."""
    job = _jobs.get(run.path)
    return job.runs if job else (run,)


def current(run: Run) -> Run:
    """The one of `together` whose turn it is: the first that is not finished, else the last."""
    runs = together(run)
    return next((one for one in runs if not one.is_finished), runs[-1])


def failure(run: Run) -> str | None:
    """Why the run's last job ended badly, in its own words; None when it did not."""
    job = _jobs.get(run.path)
    if job is None or job.is_alive or job.process.returncode <= 0:
        return None
    lines = job.log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"Training ended with exit code {job.process.returncode}."


def stop(run: Run) -> None:
    """End the run's job, with all its runs; what they have saved stays."""
    if is_running(run):
        _jobs[run.path].end()


def stop_all() -> None:
    """End every job: the server is closing."""
    running = [job for job in _jobs.values() if job.is_alive]
    for job in running:
        job.process.terminate()
    for job in running:
        job.end()
