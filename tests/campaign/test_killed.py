"""Processes that are killed at a random moment of their work."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.campaign.killed import WORK, Killed, moments


def test_killed_work(tmp_path: Path, times: int, request: pytest.FixtureRequest) -> None:
    """A run whose training, export, import or encoding is killed opens whole, or goes on."""
    killed, random_moments, n_cases = Killed.of(tmp_path), moments(times), 0
    for name in WORK:
        seconds = killed.seconds(name)
        for case in range(times):
            folder = killed.kill(name, f"{name}-{case}", random_moments.uniform(0.0, seconds))
            assert killed.faults(name, folder) == [], name
            n_cases += 1
            shutil.rmtree(folder)
    counted = {"cases": n_cases, "refused": 0}
    request.node.user_properties.append(("campaign kills", counted))
