"""Memory that was freed goes back to the system: what the C library keeps of it is bounded."""

from __future__ import annotations

import ctypes
import sys

# of mallopt, see malloc.h
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
SETTINGS = {
    ARENA_MAX: 2,  # heaps; else every thread that runs a page has its own, up to 8 a core
    MMAP_THRESHOLD: 1 << 20,  # bytes from which on a block is the system's; else up to 32 MB
    TRIM_THRESHOLD: 1 << 20,  # bytes free at the end of a heap that are handed back
}


def return_freed() -> bool:
    """Have glibc hand back what a page has freed; whether it does. Nothing elsewhere."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return mallopt is not None and all(mallopt(*setting) for setting in SETTINGS.items())
