"""Changes of beta or the learning rate while a run is trained, each from an epoch on.

wanted.json   what was asked for, and from which epoch on at the earliest
changes.json  what took effect, and from which epoch on; written before that epoch begins

A run with its changes is trained to the same bits, interrupted or not: an epoch is trained as
changes.json says, and what is asked for while it is under way holds from the next one on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from vae_core.config import MAX_EPOCHS, TrainConfig
from vae_core.errors import RunError, VAECoreError
from vae_core.io import read_json, write_json, writing

WANTED, CHANGES = "wanted.json", "changes.json"


@dataclass(frozen=True)
class Change:
    """Settings from an epoch on, until the next change.

    Attributes
    ----------
    epoch : int
    beta, lr : float
    """

    epoch: int
    beta: float
    lr: float


def settings_at(config: TrainConfig, changes: Sequence[Change], epoch: int) -> TrainConfig:
    """What an epoch is trained with. Raises ConfigError where a change does not fit the others."""
    for change in changes:
        if change.epoch <= epoch:
            config = replace(config, beta=change.beta, lr=change.lr)
    return config


def read_changes(run: Path) -> list[Change]:
    """What took effect, in order. Raises RunError for a file that is not so."""
    path = run / CHANGES
    if not os.path.lexists(path):
        return []
    given = read_json(path, {"changes"})["changes"]
    if not isinstance(given, list) or len(given) > MAX_EPOCHS:
        raise RunError(f"{path}: expected a list of changes. Copy the run anew.")
    found = [_change(one, path) for one in given]
    if [one.epoch for one in found] != sorted({one.epoch for one in found}):
        raise RunError(f"{path}: expected changes in the order of their epochs. Copy the run anew.")
    return found


def write_changes(run: Path, changes: Sequence[Change]) -> None:
    """Keep what took effect."""
    write_json(run / CHANGES, {"changes": [asdict(one) for one in changes]})


def in_words(changes: Sequence[Change]) -> str:
    """From which epoch on what held, in one sentence; empty where nothing was changed."""
    told = [f"from epoch {one.epoch} on {settings_in_words(one)}" for one in changes]
    return f"Changed while it was trained: {'; '.join(told)}." if told else ""


def settings_in_words(change: Change) -> str:
    """What holds from then on."""
    return f"β = {change.beta:g}, learning rate {change.lr:g}"


def wanted_change(run: Path) -> Change | None:
    """What was asked for and has not taken effect yet; None where nothing was, or it is damaged."""
    path = run / WANTED
    if not os.path.lexists(path):
        return None
    with suppress(RunError):
        return _change(read_json(path, {"epoch"}), path)
    return None


def want_change(run: Path, change: Change) -> None:
    """Ask for other settings from an epoch on, in place of what was asked for before."""
    write_json(run / WANTED, asdict(change))


def take_change(run: Path, config: TrainConfig, epoch: int) -> bool:
    """Before an epoch begins: note what is to change from it on; whether anything is."""
    wanted = wanted_change(run)
    if wanted is None or wanted.epoch > epoch:
        return False
    changes = read_changes(run)
    before = settings_at(config, changes, epoch)
    taken = not _is_of(before, wanted) and _fits(config, wanted)
    if taken:
        kept = [one for one in changes if one.epoch < epoch]
        write_changes(run, [*kept, replace(wanted, epoch=epoch)])
    with writing(run / WANTED):
        (run / WANTED).unlink(missing_ok=True)
    return taken


def _is_of(config: TrainConfig, change: Change) -> bool:
    return (config.beta, config.lr) == (change.beta, change.lr)


def _fits(config: TrainConfig, change: Change) -> bool:
    """Whether the other settings allow it: a file in a run's folder may be anybody's."""
    try:
        settings_at(config, [change], change.epoch)
    except VAECoreError:
        return False
    return True


def _change(values: Any, path: Path) -> Change:
    match values:
        case {"epoch": int(epoch), "beta": int() | float() as beta, "lr": int() | float() as lr}:
            if 1 <= epoch <= MAX_EPOCHS and not isinstance(beta, bool) and not isinstance(lr, bool):
                with suppress(VAECoreError):
                    settings = TrainConfig(beta=float(beta), lr=float(lr))
                    return Change(epoch, settings.beta, settings.lr)
    raise RunError(f"{path}: expected an epoch, a beta and a learning rate. Copy the run anew.")
