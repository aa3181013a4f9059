"""Sweeps: the same experiment several times, one setting changed from run to run.

With several seeds for each value, the spread over seeds tells a difference from chance.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from vae_core.config import MAX_NAME, NETWORKS, RunConfig
from vae_core.errors import ConfigError
from vae_core.settings import PARTS, field_of, flag_of, parsed

SEED = "seed"  # of training; the setting by its flag
MAX_SEEDS = 100


def sweep(
    config: RunConfig, setting: str, values: Sequence[Any], n_seeds: int = 1
) -> list[RunConfig]:
    """One config per value and seed, alike in everything else. Trains nothing.

    Parameters
    ----------
    config : RunConfig
        Its name, if it has one, becomes that of the sweep.
    setting : str
        A config field by its flag: beta, latent, free-bits, posterior, ...
    values : sequence
        What the field may hold, or text as after the flag.
    n_seeds : int
        For each value; the config's seed and those after it.

    Returns
    -------
    list of RunConfig
        In the order of the values, each named by its own ("beta 0.5", and for further seeds
        "beta 0.5, seed 1"), all with one `sweep`.

    Raises
    ------
    ConfigError
        When there is no such setting, a value is out of range, or comes twice; when the seeds
        are too many, or the setting is the seed itself.
    """
    _check_seeds(setting, n_seeds)
    part, field = field_of(setting)
    name = config.sweep or config.name or f"{config.data.plain_name} {setting}"
    configs: list[RunConfig] = []
    for given in values:
        value = parsed(setting, str(given)) if isinstance(given, str | int | float) else given
        changes = {field.name: value}
        if setting == "network" and config.model.hidden == _own_hidden(config):
            changes["hidden"] = None  # each network's own
        changed = dataclasses.replace(getattr(config, part), **changes)
        one = dataclasses.replace(
            config, **{part: changed}, name=f"{setting} {shown(value)}", sweep=name
        )
        if one in configs:
            raise ConfigError(f"values of {setting} must differ; {shown(value)} comes twice.")
        configs.append(one)
    if not configs:
        raise ConfigError(f"values of {setting} must be at least one; got none.")
    return [_with_seed(one, k) for one in configs for k in range(n_seeds)]


def _check_seeds(setting: str, n_seeds: int) -> None:
    if not 1 <= n_seeds <= MAX_SEEDS:
        raise ConfigError(f"seeds must be from 1 to {MAX_SEEDS}; got {n_seeds}.")
    if setting == SEED and n_seeds > 1:
        raise ConfigError(f"seeds: a sweep over {SEED} has one for each value; ask for 1.")


def _with_seed(config: RunConfig, k: int) -> RunConfig:
    """The config with its k-th further seed; the first keeps its name, whatever comes after it."""
    if not k:
        return config
    seed = config.train.seed + k
    train = dataclasses.replace(config.train, seed=seed)
    suffix = f", seed {seed}"
    name = f"{config.name}"[: MAX_NAME - len(suffix)] + suffix
    return dataclasses.replace(config, train=train, name=name)


def _own_hidden(config: RunConfig) -> tuple[int, ...]:
    hidden: tuple[int, ...] = NETWORKS[config.model.network].default_hidden
    return hidden


def swept(configs: Sequence[RunConfig]) -> str | None:
    """The setting in which configs differ, by its flag; None when they do not.

    The seed is it when nothing else is.
    """
    found = [
        flag_of(field)
        for part, kind in PARTS.items()
        for field in dataclasses.fields(kind)
        if len({getattr(getattr(config, part), field.name) for config in configs}) > 1
    ]
    return next((flag for flag in found if flag != SEED), SEED if found else None)


def value_of(config: RunConfig, setting: str) -> Any:
    """What a config holds for a setting given by its flag."""
    part, field = field_of(setting)
    return getattr(getattr(config, part), field.name)


def shown(value: Any) -> str:
    """A value in the letters that a name may have: 0.5, 4x4x8, sum-sum."""
    if isinstance(value, tuple):
        return "x".join(map(str, value)) or "none"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return re.sub(r"[^\w .,()=+-]", "-", text)[-40:]
