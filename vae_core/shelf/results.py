"""What was measured for the rows of the shelf: when, where, and how long it took; a table, JSON."""

from __future__ import annotations

import dataclasses
import math
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae_core.assets import ASSETS
from vae_core.errors import DataError
from vae_core.io import read_json, write_json

TABLE = ASSETS / "shelf" / "results.json"


@dataclass(frozen=True)
class Result:
    """What came out for one row.

    Attributes
    ----------
    name : of the row
    value, standard_error : the error nan where the number is exact, or its error is not known
    date : of the measurement, year-month-day
    machine : processor and cores
    seconds : measuring and, where a model was trained for it, training
    """

    name: str
    value: float
    standard_error: float
    date: str
    machine: str
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values, None for an error that is not known."""
        error = self.standard_error
        values = dataclasses.asdict(self)
        return values | {"standard_error": error if math.isfinite(error) else None}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Result:
        """Inverse of `to_dict`."""
        error = values["standard_error"]
        return cls(**{**values, "standard_error": math.nan if error is None else error})


def read_results(path: Path = TABLE) -> dict[str, Result]:
    """The table, by the rows' names. Raises VAECoreError when it cannot be read."""
    try:
        results = [Result.from_dict(entry) for entry in read_json(path, {"rows"})["rows"]]
    except (TypeError, KeyError) as error:
        raise DataError(f"{path}: expected a table that `reproduce --keep` wrote.") from error
    return {result.name: result for result in results}


def write_results(results: dict[str, Result], path: Path = TABLE) -> None:
    """Write the table, in the order of the results."""
    write_json(path, {"rows": [result.to_dict() for result in results.values()]})


def machine() -> str:
    """Processor and cores of this machine."""
    name = _cpu() or platform.processor() or platform.machine()
    cores = os.cpu_count() or 1
    return f"{name}, {cores} core{'s' if cores > 1 else ''}"


def _cpu() -> str:
    """The processor's name where Linux tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            lines = [line.partition(":")[2].strip() for line in file if "model name" in line]
    except OSError:
        return ""
    return " ".join(lines[0].split()) if lines else ""
