"""Settings: config fields by name, their choices, their text, and the command that sets them.

The name of a setting is its flag on the command line without the dashes: `latent`, `free-bits`.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
import typing
from typing import Any

from vae_core.config import (
    DataConfig,
    ModelConfig,
    RunConfig,
    TrainConfig,
    shape_in_words,
)
from vae_core.errors import ConfigError

PARTS: dict[str, type] = {"data": DataConfig, "model": ModelConfig, "train": TrainConfig}


def choices() -> dict[str, tuple[str, ...]]:
    """Valid values of the fields that are a choice, by flag."""
    return {
        flag_of(field): tuple(field.metadata["choices"])
        for kind in PARTS.values()
        for field in dataclasses.fields(kind)
        if field.metadata["choices"] is not None
    }


def flag_of(field: dataclasses.Field[Any]) -> str:
    """The flag of a config field, without its dashes."""
    return str(field.metadata["flag"] or field.name.replace("_", "-"))


def sizes(text: str) -> list[int]:
    """The whole numbers in `4`, `4x4x8` or `4,4,8`. Raises ValueError for anything else."""
    return [int(part) for part in re.split("[x,]", text)]


def field_of(flag: str) -> tuple[str, dataclasses.Field[Any]]:
    """The part of the config and its field that a flag sets.

    Raises
    ------
    ConfigError
        When no flag has this name.
    """
    known = {
        flag_of(field): (part, field)
        for part, kind in PARTS.items()
        for field in dataclasses.fields(kind)
    }
    if flag not in known:
        raise ConfigError(f"setting must be one of {', '.join(known)}; got {flag!r}.")
    return known[flag]


def parsed(flag: str, text: str) -> Any:
    """The value of a field from the text after its flag.

    What cannot be parsed is left as it is, and raises in the config.
    """
    part, field = field_of(flag)
    scalar = scalar_of(PARTS[part], field)
    try:
        return tuple(sizes(text)) if scalar is tuple else scalar(text)
    except ValueError:
        return text


def value_in_words(setting: str, value: Any) -> Any:
    """A value for people: the shape of a latent channels first, other sizes in their order."""
    if not isinstance(value, tuple):
        return value
    return shape_in_words(value) if setting == "latent" else " × ".join(map(str, value))


def scalar_of(kind: type, field: dataclasses.Field[Any]) -> type:
    """The type of one word after a field's flag; tuple for several."""
    hint = typing.get_type_hints(kind)[field.name]
    return next(t for t in (int, float, str, tuple) if _holds(hint, t))


def _holds(hint: Any, kind: type) -> bool:
    """Whether a field's type is `kind`, or a union or a generic of it."""
    return kind in (hint, typing.get_origin(hint)) or any(
        _holds(part, kind) for part in typing.get_args(hint) if typing.get_origin(hint) is not tuple
    )


def command_line(config: RunConfig) -> str:
    """The command that trains this config, leaving out defaults and the data folder."""
    words = ["python -m vae_core train"]
    if config.name:
        words.append(f"--name={shlex.quote(config.name)}")  # with =, for names like -x
    if config.sweep:
        words.append(f"--sweep={shlex.quote(config.sweep)}")
    for part, kind in PARTS.items():
        values = getattr(config, part)
        for field in dataclasses.fields(kind):
            value = getattr(values, field.name)
            # hidden is always written: its default depends on the network
            if field.name != "path" and value != field.default:
                words.append(f"--{flag_of(field)} {text_of(value)}".rstrip())
    return " ".join(words)


def bound_in_words(train: TrainConfig) -> str:
    """The bound that is trained, where that is not the ELBO; empty where it is."""
    if train.importance == 1:
        return ""
    how = " with doubly reparameterised gradients" if train.gradient == "dreg" else ""
    return f"the importance-weighted bound of {train.importance} draws{how}"


def text_of(value: Any) -> str:
    """A value as it is written after its flag."""
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
