"""Work that takes seconds: one piece at a time, whoever asks, beside what all readers wait for."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

NICE = 10  # pages are answered first


def _make_way() -> None:
    """Where a thread can have a priority of its own, which is Linux."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


_worker = ThreadPoolExecutor(1, "aside", initializer=_make_way)


def aside(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """What `work` returns or raises, in its turn.

    Several at a time would slow the pages down. `work` must not itself wait for something aside.
    """
    return _worker.submit(work, *args, **options).result()


def stop_all() -> None:
    """Begin nothing more: the server is closing."""
    _worker.shutdown(wait=False, cancel_futures=True)
