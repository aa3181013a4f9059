"""Measure a row of the shelf: train its model where it needs one, then ask for its number."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import date

from vae_core.analysis.estimates import Bracket, Estimate
from vae_core.config import RunConfig
from vae_core.data import load_dataset
from vae_core.errors import ConfigError, RunError
from vae_core.jobs.training import train
from vae_core.lessons import open_model
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore
from vae_core.shelf.results import Result, machine
from vae_core.shelf.rows import Row, read_shelf
from vae_core.trainer import EpochRecord


def config_of(row: Row) -> RunConfig | None:
    """What is trained for a row; None for one about a model that ships."""
    return read_shelf().configs.get(row.run)


def reproduce(
    row: Row, store: RunStore, progress: Callable[[EpochRecord], object] = lambda record: None
) -> Result:
    """Measure one row.

    Parameters
    ----------
    row : Row
    store : RunStore
        Where a model that is trained for it is kept, and found the next time.
    progress : callable
        Told of every epoch.

    Raises
    ------
    DataError
        When its images are not on this machine.
    VAECoreError
        When it cannot be trained or measured.
    """
    config = config_of(row)
    run = open_model(row.run) if config is None else trained(config, store, progress)

    def resolve(name: str) -> Run:
        other = read_shelf().configs.get(name)
        return open_model(name) if other is None else trained(other, store, progress)

    begin = time.perf_counter()
    found = row.call.value(run, resolve)
    seconds = time.perf_counter() - begin
    if config is not None:
        seconds += run.metrics().seconds or 0.0  # None: not of a training here
    if isinstance(found, Bracket):
        raise ConfigError(f"{row.name}: {row.call} has two ends; ask for one of them.")
    estimate = found if isinstance(found, Estimate) else Estimate(float(found), math.nan)
    return Result(
        row.name,
        estimate.value,
        estimate.standard_error,
        date.today().isoformat(),
        machine(),
        round(seconds, 1),
    )


def trained(
    config: RunConfig,
    store: RunStore,
    progress: Callable[[EpochRecord], object] = lambda record: None,
) -> Run:
    """The run with these settings, trained to its end; one that is there is gone on with.

    Raises
    ------
    DataError
        When its images are not on this machine.
    VAECoreError
        When it cannot be trained, or another process trains it.
    """
    dataset = load_dataset(config.data, download=False)
    run = store.find(config, dataset.fingerprint) or store.create(config)
    if not run.is_finished:
        for record in train(run, dataset):
            progress(record)
    if not run.is_finished:
        raise RunError(f"{run.path}: another process is training it. Wait for it, then ask again.")
    return run
