"""Which run resembles another one most: the one whose settings differ in the fewest places."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from vae_core.comparison.yardstick import comparable
from vae_core.config import RunConfig
from vae_core.runs.run import Run
from vae_core.settings import PARTS, flag_of, value_in_words
from vae_core.sweep import value_of

WITHOUT_EFFECT = {"data-dir", "keep-epochs", "threads", "device"}  # on what is trained


@dataclass(frozen=True)
class Resemblance:
    """Another run, and the flags of the settings in which it differs."""

    run: Run
    settings: tuple[str, ...]


def differing(one: RunConfig, other: RunConfig) -> tuple[str, ...]:
    """The flags of all settings in which two runs differ that have an effect on the model."""
    return tuple(
        flag_of(field)
        for part, kind in PARTS.items()
        for field in dataclasses.fields(kind)
        if flag_of(field) not in WITHOUT_EFFECT
        and getattr(getattr(one, part), field.name) != getattr(getattr(other, part), field.name)
    )


def most_alike(run: Run, others: Iterable[Run]) -> Resemblance | None:
    """The run that differs in the fewest settings, of those that can be ranked against this one.

    The first of several that are equally near; None where none can be compared.
    """
    found = [
        Resemblance(other, differing(run.config, other.config))
        for other in others
        if other.path != run.path and comparable(run, other)
    ]
    return min(found, key=lambda one: len(one.settings), default=None)


def unlike(resemblance: Resemblance, run: Run) -> str:
    """What the other one has in place of this one's, in a few words: "beta 4 in place of 1"."""
    settings = resemblance.settings
    if not settings:
        return "the same settings"
    if len(settings) > 2:
        return f"{len(settings)} settings differ"
    return ", ".join(
        f"{flag} {_value(resemblance.run, flag)} in place of {_value(run, flag)}"
        for flag in settings
    )


def _value(run: Run, flag: str) -> str:
    value = value_of(run.config, flag)
    return str(value_in_words(flag, f"{value:g}" if isinstance(value, float) else value))
