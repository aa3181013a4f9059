"""The shelf: numbers that others published, each with a setting and a measurement to run again."""

from vae_core.shelf.reproduce import config_of, reproduce
from vae_core.shelf.results import TABLE, Result, machine, read_results, write_results
from vae_core.shelf.rows import Row, find_rows, read_rows

__all__ = [
    "TABLE",
    "Result",
    "Row",
    "config_of",
    "find_rows",
    "machine",
    "read_results",
    "read_rows",
    "reproduce",
    "write_results",
]
