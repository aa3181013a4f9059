"""Work that takes a while: one piece at a time, whoever asks, beside what all readers wait for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_long, _short = ThreadPoolExecutor(1, "aside"), ThreadPoolExecutor(1, "soon")


def begin() -> None:
    """Start the threads: they keep the cores that they may use now."""
    for worker in (_long, _short):
        worker.submit(int).result()


def run_in_background(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """What `work` returns or raises, in its turn.

    Several at a time would slow the pages down. `work` must not itself wait for something aside.
    """
    return _long.submit(work, *args, **options).result()


def run_soon(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """The same for work of less than a second, which does not wait for what takes longer."""
    return _short.submit(work, *args, **options).result()


def stop_all() -> None:
    """Begin nothing more: the server is closing."""
    for worker in (_long, _short):
        worker.shutdown(wait=False, cancel_futures=True)
