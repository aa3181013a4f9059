"""Training in a process of its own, so that pages stay quick and stopping is immediate.

A job is `python -m vae_core resume RUN`; pages read its progress from the run's folder.
Stopping it at any moment leaves a run that resumes exactly.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pages.ui.state import ROOT
from vae_core.runs import Run

LOG = "log.txt"
_processes: dict[Path, subprocess.Popen[bytes]] = {}


def start(run: Run) -> None:
    """Train `run` from where it stands. Starting a running job does nothing."""
    if is_running(run):
        return
    command = [sys.executable, "-m", "vae_core", "resume", run.id, "--runs", str(run.path.parent)]
    with (run.path / LOG).open("wb") as log:
        # A session of its own: ctrl-C in the terminal reaches the server, which then stops us.
        _processes[run.path] = subprocess.Popen(
            [*command, "--json"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )


def is_running(run: Run) -> bool:
    """Whether this server is training the run now."""
    process = _processes.get(run.path)
    return process is not None and process.poll() is None


def failure(run: Run) -> str | None:
    """Why the run's last job ended badly, in its own words; None when it did not."""
    process = _processes.get(run.path)
    if process is None or process.poll() in (None, 0) or process.returncode < 0:
        return None
    lines = (run.path / LOG).read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"Training ended with exit code {process.returncode}."


def stop(run: Run) -> None:
    """End the run's job; what it has saved stays."""
    if is_running(run):
        process = _processes[run.path]
        process.terminate()
        process.wait(timeout=5)


def stop_all() -> None:
    """End every job: the server is closing."""
    running = [process for process in _processes.values() if process.poll() is None]
    for process in running:
        process.terminate()
    for process in running:
        process.wait(timeout=5)
