"""Command-line flags made from the config dataclasses: one flag per field, both ways."""

from __future__ import annotations

import argparse
import dataclasses
import re
import shlex
import typing
from typing import Any

from vae_core.config import (
    BINARISATIONS,
    DATASETS,
    DEVICES,
    LIKELIHOODS,
    NETWORKS,
    POSTERIORS,
    REDUCTIONS,
    SIGMAS,
    DataConfig,
    ModelConfig,
    RunConfig,
    TrainConfig,
)
from vae_core.errors import ConfigError

PARTS: dict[str, type] = {"data": DataConfig, "model": ModelConfig, "train": TrainConfig}


def choices() -> dict[str, tuple[str, ...]]:
    """Valid values of the fields that are a choice, by flag."""
    return {
        "dataset": tuple(DATASETS),
        "binarisation": BINARISATIONS,
        "network": tuple(NETWORKS),
        "posterior": tuple(POSTERIORS),
        "likelihood": tuple(LIKELIHOODS),
        "sigma": SIGMAS,
        "reduction": REDUCTIONS,
        "device": DEVICES,
    }


def flag_of(field: dataclasses.Field[Any]) -> str:
    """The flag of a config field, without its dashes."""
    return str(field.metadata["flag"] or field.name.replace("_", "-"))


def _sizes(text: str) -> list[int]:
    """`4`, `4x4x8` or `4,4,8`."""
    try:
        return [int(part) for part in re.split("[x,]", text)]
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected whole numbers; got {text!r}") from None


def add_config_flags(parser: argparse.ArgumentParser) -> None:
    """Add `--name`, `--sweep` and one flag for every field of the three configs."""
    parser.add_argument("--name", help="a name for people")
    parser.add_argument("--sweep", metavar="NAME", help="the sweep it belongs to")
    for part, kind in PARTS.items():
        group = parser.add_argument_group(part)
        for field in dataclasses.fields(kind):
            options: dict[str, Any] = {"help": _help(field), "dest": f"{part}.{field.name}"}
            scalar = _scalar(kind, field)
            if scalar is tuple:
                options |= {"type": _sizes, "nargs": "*", "metavar": "N"}
            elif flag_of(field) in choices():
                options |= {"choices": choices()[flag_of(field)]}
            else:
                options |= {"type": scalar, "metavar": scalar.__name__.upper()}
            group.add_argument(f"--{flag_of(field)}", default=argparse.SUPPRESS, **options)


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
    """What a field holds when its flag is followed by this text.

    What cannot be read is left as it is, for the config to refuse.
    """
    part, field = field_of(flag)
    scalar = _scalar(PARTS[part], field)
    try:
        return tuple(_sizes(text)) if scalar is tuple else scalar(text)
    except (ValueError, argparse.ArgumentTypeError):
        return text


def _scalar(kind: type, field: dataclasses.Field[Any]) -> type:
    """What one word after a field's flag is read as; tuple for several."""
    hint = typing.get_type_hints(kind)[field.name]
    return next(t for t in (int, float, str, tuple) if _holds(hint, t))


def _holds(hint: Any, kind: type) -> bool:
    """Whether a field's type is `kind`, or a union or a generic of it."""
    return kind in (hint, typing.get_origin(hint)) or any(
        _holds(part, kind) for part in typing.get_args(hint) if typing.get_origin(hint) is not tuple
    )


def _help(field: dataclasses.Field[Any]) -> str:
    default = "" if field.default in (None, ()) else f" (default: {_text(field.default)})"
    return f"{field.metadata['help']}{default}"


def config_from_args(args: argparse.Namespace) -> RunConfig:
    """The RunConfig that parsed flags ask for.

    Raises
    ------
    ConfigError
        For values out of range.
    """
    parts: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    for key, value in vars(args).items():
        part, _, name = key.partition(".")
        if name:
            flat = isinstance(value, list)
            parts[part][name] = tuple(n for sizes in value for n in sizes) if flat else value
    if "classes" in parts["data"] and not parts["data"]["classes"]:
        raise ConfigError("classes must name at least one label; got none.")
    configs = {part: kind(**parts[part]) for part, kind in PARTS.items()}
    return RunConfig(**configs, name=args.name, sweep=args.sweep)


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
                words.append(f"--{flag_of(field)} {_text(value)}".rstrip())
    return " ".join(words)


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
