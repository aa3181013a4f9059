"""Sweeps: the same experiment several times, one setting changed from run to run."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from vae_core.config import NETWORKS, RunConfig
from vae_core.errors import ConfigError
from vae_core.settings import PARTS, field_of, flag_of, parsed


def sweep(config: RunConfig, setting: str, values: Sequence[Any]) -> list[RunConfig]:
    """One config per value, alike in everything else. Trains nothing.

    Parameters
    ----------
    config : RunConfig
        Its name, if it has one, becomes that of the sweep.
    setting : str
        A config field by its flag: beta, latent, free-bits, posterior, ...
    values : sequence
        What the field may hold, or text as after the flag.

    Returns
    -------
    list of RunConfig
        In the order of the values, each named by its own ("beta 0.5"), all with one `sweep`.

    Raises
    ------
    ConfigError
        When there is no such setting, a value is out of range, or comes twice.
    """
    part, field = field_of(setting)
    name = config.sweep or config.name or f"{config.data.name} {setting}"
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
    return configs


def _own_hidden(config: RunConfig) -> tuple[int, ...]:
    hidden: tuple[int, ...] = NETWORKS[config.model.network].default_hidden
    return hidden


def swept(configs: Sequence[RunConfig]) -> str | None:
    """The setting in which configs differ, by its flag; None when they do not."""
    for part, kind in PARTS.items():
        for field in dataclasses.fields(kind):
            if len({getattr(getattr(config, part), field.name) for config in configs}) > 1:
                return flag_of(field)
    return None


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
