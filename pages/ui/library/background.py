"""Background threads: work that takes long, one piece at a time for all readers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_long, _short = ThreadPoolExecutor(1, "background"), ThreadPoolExecutor(1, "background-short")


def begin() -> None:
    """Start the threads: each stays on the cores that it may use now."""
    for worker in (_long, _short):
        worker.submit(int).result()


def run_in_background(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """What `work` returns or raises, in its turn.

    Several at a time would slow the pages down. `work` must not itself wait for the same thread.
    """
    return _long.submit(work, *args, **options).result()


def run_soon(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """The same for work of less than a second, in a thread of its own."""
    return _short.submit(work, *args, **options).result()


def stop_all() -> None:
    """Begin nothing more: the server is closing."""
    for worker in (_long, _short):
        worker.shutdown(wait=False, cancel_futures=True)
