"""Work that takes seconds: one piece at a time, whoever asks, beside what all readers wait for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_worker = ThreadPoolExecutor(1, "aside")


def aside(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """What `work` returns or raises, in its turn.

    On one processor it does not slow the pages down, which need the other; several at a time
    would. `work` must not itself wait for something aside.
    """
    return _worker.submit(work, *args, **options).result()


def stop_all() -> None:
    """Begin nothing more: the server is closing."""
    _worker.shutdown(wait=False, cancel_futures=True)
