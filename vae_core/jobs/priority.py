"""Priority of processes and threads: pages before all background work.

Python runs one thread at a time. On two cores, each time a thread releases the interpreter lock,
a thread on the other core may take it; it has to be woken there, where training runs. On one core
the first thread has the lock back before another is awake.
"""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from vae_core.errors import ConfigError

FEW = 2  # cores, that one job and the pages have to share
NICEST = 19
NICE = "ELBO_ROOM_NICE"
NAME = "\0elbo-room-core-%d"  # of a socket without a file, which goes with its process
# of this process, on Linux
CORES = frozenset(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ())

_claims: list[socket.socket] = []


def niceness(environment: Mapping[str, str]) -> int:
    """How nice a process is that works behind the pages: ELBO_ROOM_NICE, or as nice as can be.

    Raises
    ------
    ConfigError
        When ELBO_ROOM_NICE is not a whole number from 0 to 19.
    """
    asked = environment.get(NICE) or str(NICEST)
    if not (asked.isdecimal() and int(asked) <= NICEST):
        raise ConfigError(
            f"{NICE} must be how much training gives way to the pages, from 0 (not at all) to "
            f"{NICEST}; got {asked!r}."
        )
    return int(asked)


def lower_priority(nice: int = NICEST, process: int = 0) -> None:
    """Give a process, by its id, or this one a lower priority: the lowest, unless it is said.

    Not for idle moments only (SCHED_IDLE): that makes pages no faster, and while other programs
    use every core, such a process takes a quarter of a minute even to end.
    """
    with suppress(OSError):  # a container may forbid it
        if hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PROCESS, process, nice)


def pin_to_one_core() -> bool:
    """On a machine of two cores, pin this thread, and those it will start, to one of them.

    Not on the one where another server has done so, as far as it can be seen: from within a
    container, only those of the same. With more cores than two there is mostly an idle one to be
    woken on; and they need not be equally fast.

    Returns whether it is pinned; then it should not compute with two threads, which would wait for
    each other.
    """
    if len(CORES) == FEW:
        for core in random.sample(sorted(CORES), 2):
            if _claim(core):
                os.sched_setaffinity(0, {core})
                return True
    return False


@contextmanager
def on_all_cores() -> Iterator[None]:
    """Processes that are started in here run on every core, whatever this thread may."""
    own = os.sched_getaffinity(0) if CORES else set[int]()
    if CORES:
        os.sched_setaffinity(0, CORES)
    try:
        yield
    finally:
        if CORES:
            os.sched_setaffinity(0, own)


def _claim(core: int) -> bool:
    """Take a name that only one process of the machine can have, for as long as it lives."""
    claim = socket.socket(socket.AF_UNIX)
    with suppress(OSError):
        claim.bind(NAME % core)
        _claims.append(claim)
        return True
    claim.close()
    return False
