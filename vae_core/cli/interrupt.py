"""Interrupt from the keyboard while the command line is still importing: a line and exit 130.

Imports take seconds, and in them an interrupt would end in a traceback.
"""

from __future__ import annotations

import os
import signal
from types import FrameType


def _leave(signum: int, frame: FrameType | None) -> None:
    os.write(2, b"Interrupted; nothing was started.\n")
    os._exit(130)


def watch() -> None:
    """From now on, until `hand_over`, an interrupt ends the process at once."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def hand_over() -> None:
    """From now on an interrupt is a KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
