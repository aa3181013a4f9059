"""A job: a function for a worker, and the folder by which worker and queue communicate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """A unit of work. Its heartbeat and the file that stops it lie in its folder.

    Attributes
    ----------
    folder : Path
        Identifies the job: requests for the same folder share one job.
    function : callable
        At the top of a module, for it is sent to another process by name.
    arguments : strings
        What the function is called with.
    noun : str
        What it does, in sentences: "training".
    when_lost : str
        What follows for the reader when the worker is gone, one sentence.
    is_temporary : bool
        Whether the folder is made for the job, and removed when nothing is left in it.
    """

    folder: Path
    function: Callable[..., object]
    arguments: tuple[str, ...]
    noun: str
    when_lost: str
    is_temporary: bool = False
