"""Runs to put into a queue, and what may be left of them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from tests.samples import tiny_run
from vae_core import Run, RunConfig
from vae_core.jobs import HEARTBEAT, STOP

LONG = 10_000  # epochs; nobody waits for them


def tiny(epochs: int) -> RunConfig:
    config = tiny_run()
    return replace(config, train=replace(config.train, epochs=epochs))


def epochs(run: Run) -> int:
    return len(run.history())


def loose_ends(run: Run) -> set[str]:
    """What a run that nobody trains must not hold."""
    names = {path.name for path in run.path.iterdir()}
    return {name for name in names if name.startswith(".") or name in (HEARTBEAT, STOP)}


def remount(folder: Path, how: str) -> bool:
    command = ["mount", "-o", f"remount,{how}", str(folder)]
    return subprocess.run(command, capture_output=True).returncode == 0
