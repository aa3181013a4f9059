"""The room that runs take, against the limits of this server."""

from __future__ import annotations

import os
from collections.abc import Sequence

import streamlit as st

from pages.ui.session import paths
from vae_core import Dataset, Run, RunConfig, RunStore
from vae_core.limits import Limits
from vae_core.runs.checkpoints import expected_bytes
from vae_core.runs.frames import frames_bytes

LITTLE, ENOUGH = 0.05, 0.1  # of the limit, still free: when to offer to make room, and how much


def limits() -> Limits:
    """What this server allows. Raises ConfigError for a limit that is no number."""
    return Limits.from_environment(os.environ)


def check(configs: Sequence[RunConfig], data: Dataset) -> None:
    """Raise ConfigError or JobError unless these may all be trained on this server."""
    allowed, n_test, n_new = limits(), len(data.test), 0
    for config in configs:
        size = allowed.check_config(config, data.image_shape, n_test)
        n_new += expected_bytes(config, size, n_test)
        n_new += frames_bytes(config.model, data.image_shape, config.train.epochs)
    check_disk(n_new)


def check_disk(n_new: int = 0) -> None:
    """Raise JobError when there is no room for these bytes more."""
    limits().check_disk(RunStore(paths.RUNS).size(), n_new)


def show(n_runs: int) -> int:
    """A bar of what all runs take. Returns how many bytes should be freed, if any."""
    used, most = RunStore(paths.RUNS).size(), limits().n_bytes
    runs = "1 run takes" if n_runs == 1 else f"{n_runs:,} runs take"
    st.progress(min(1.0, used / most), f"{runs} {amount(used)} of {amount(most)}.")
    return round(used - (1 - ENOUGH) * most) if used > (1 - LITTLE) * most else 0


def taken(runs: Sequence[Run]) -> str:
    """What these runs take together, for people."""
    return amount(sum(RunStore(run.path.parent).size(run.id) for run in runs))


def amount(n_bytes: float) -> str:
    """30 kB, 0.3 MB, 12 MB, 1.5 GB: of 10^3, 10^6 and 10^9 bytes."""
    if n_bytes >= 1e9:
        return f"{n_bytes / 1e9:.1f}".removesuffix(".0") + " GB"
    if n_bytes >= 1e6:
        return f"{n_bytes / 1e6:.1f}".removesuffix(".0") + " MB"
    return f"{n_bytes / 1e3:.0f} kB"
