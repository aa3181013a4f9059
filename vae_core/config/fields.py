"""Fields of a config: the words beside each, and checks that raise ConfigError."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection
from dataclasses import field
from typing import Any

from vae_core.errors import ConfigError, shown

MAX_NAME = 60


def one_of(setting: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise ConfigError for a value that is none of the choices."""
    if value not in choices:
        raise ConfigError(f"{setting} must be one of {', '.join(choices)}; got {shown(value)}.")


def integer(setting: str, value: object, low: int, high: int) -> None:
    """Raise ConfigError for what is no whole number from low to high."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(
            f"{setting} must be a whole number from {low} to {high}; got {shown(value)}."
        )


def number(setting: str, value: object, low: float, high: float) -> None:
    """Raise ConfigError for what is no number from low to high."""
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if not numeric or not low <= value <= high:  # type: ignore[operator]  # nan is not either
        raise ConfigError(
            f"{setting} must be a number from {low:g} to {high:g}; got {shown(value)}."
        )


def integers(setting: str, value: object) -> tuple[int, ...]:
    """The whole numbers of a list; raises ConfigError for anything else."""
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ConfigError(f"{setting} must be a list of whole numbers; got {shown(value)}.")
    return tuple(value)


def check_name(setting: str, value: object) -> None:
    """Raise ConfigError for what cannot be a name for people."""
    allowed = rf"(?=.*\w)[\w .,()=+-]{{1,{MAX_NAME}}}"  # not punctuation alone
    if value is None or (isinstance(value, str) and re.fullmatch(allowed, value)):
        return
    raise ConfigError(
        f"{setting} must be 1 to {MAX_NAME} letters, digits, spaces or . , ( ) = + - _, and not "
        f"punctuation alone; got {shown(value)}."
    )


def setting(
    default: Any,
    help: str,
    flag: str | None = None,
    choices: Collection[str] | None = None,
    more: str = "",
) -> Any:
    """A field with the words the command line and the form show beside it, and its choices.

    `more` is how values beyond the choices are written, where there are any.
    """
    metadata = {"help": help, "flag": flag, "choices": choices, "more": more}
    return field(default=default, metadata=metadata)


def check_choices(config: Any) -> None:
    """Raise ConfigError for a field that is none of its choices."""
    for one in dataclasses.fields(config):
        if (choices := one.metadata["choices"]) is not None:
            name = one.metadata["flag"] or one.name.replace("_", "-")
            one_of(name, getattr(config, one.name), tuple(choices))
