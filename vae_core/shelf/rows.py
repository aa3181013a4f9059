"""Rows of the shelf, a text file: what was published, where, and what to measure of which model."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from vae_core.assets import ASSETS
from vae_core.config import RunConfig
from vae_core.errors import ConfigError, shown
from vae_core.io import read_text
from vae_core.lessons.calls import Call, parse_call

FILE = ASSETS / "shelf" / "rows.toml"
MAX_BYTES = 200_000
MAX_DIGITS = 5


@dataclass(frozen=True)
class Row:
    """One published number.

    Attributes
    ----------
    name : by which it is asked for
    title : what it is a number of
    source : title and year of what published it
    place : table, figure or section there
    setting : how it was got there, and here, where that differs
    published : the number
    within : by how much ours may differ
    unit : of all three
    call : what is measured, as a lesson writes it
    run : the model that is measured: one that ships, or one of `configs`
    is_quick : whether it takes no training and some seconds at most
    miss : why ours differs, with what was tried; empty where it does not
    """

    name: str
    title: str
    source: str
    place: str
    published: float
    within: float
    unit: str
    call: Call
    run: str
    setting: str = ""
    is_quick: bool = True
    miss: str = ""

    @property
    def digits(self) -> int:
        """Digits behind the point that are worth showing: one more than what is accepted has."""
        if not self.within:
            return 0
        return min(MAX_DIGITS, max(0, 1 - math.floor(math.log10(self.within))))

    def holds(self, value: float) -> bool:
        """Whether a measured number is the published one, within what is accepted."""
        return abs(value - self.published) <= self.within * (1.0 + 1e-9)


@dataclass(frozen=True)
class Shelf:
    """All rows, and the settings of the models that are trained for them, by name."""

    rows: tuple[Row, ...]
    configs: dict[str, RunConfig]


@cache
def read_shelf() -> Shelf:
    """The rows that ship. Raises ConfigError when one of them is wrong."""
    values = tomllib.loads(read_text(FILE, MAX_BYTES))
    sources: dict[str, str] = values["sources"]
    configs = {
        name: RunConfig.from_dict({**config, "name": name[:60]})
        for name, config in values["models"].items()
    }
    rows = tuple(_row(entry, sources, configs) for entry in values["row"])
    if len({row.name for row in rows}) < len(rows):
        raise ConfigError(f"{FILE}: two rows have one name.")
    return Shelf(rows, configs)


def _row(entry: dict[str, Any], sources: dict[str, str], configs: dict[str, RunConfig]) -> Row:
    values = dict(entry)
    is_slow = values.pop("slow", False) or values["run"] in configs
    values["source"] = sources[values["source"]]
    values["call"] = parse_call(values["call"])
    for number in ("published", "within"):
        values[number] = float(values[number])
    return Row(**values, is_quick=not is_slow)


def read_rows() -> tuple[Row, ...]:
    """All rows, in the order of their file."""
    return read_shelf().rows


def find_rows(names: Sequence[str], quick: bool = False) -> list[Row]:
    """The rows of these names, or whose names begin so; all where none is named.

    Raises
    ------
    ConfigError
        For a name that no row has.
    """
    rows = [row for row in read_rows() if row.is_quick or not quick]
    found: list[Row] = []
    for name in names:
        here = [row for row in rows if row.name == name or row.name.startswith(f"{name}-")]
        if not here:
            like = difflib.get_close_matches(name, [row.name for row in read_rows()], 4, 0.5)
            hint = f"Names like it are {', '.join(like)}" if like else "`reproduce --list` has all"
            kind = "quick row" if quick else "row"
            raise ConfigError(f"the shelf has no {kind} {shown(name)}. {hint}.")
        found += [row for row in here if row not in found]
    return found if names else rows
