"""Answers leave at once, also when they are small."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

ANY = (socket.AF_INET, socket.SOCK_STREAM)  # what is asked of it is the same for all families
OPEN = Path("/dev/fd")  # this process's open files, where the system lists them


def send_at_once() -> None:
    """Switch Nagle's algorithm off for all connections yet to come.

    The server is handed a socket that it did not make itself, and asyncio switches it off only
    for those that it did. With it, a small message waits for the reader's machine to have
    acknowledged the one before, which takes up to 40 ms. Connections inherit what the
    listening socket is set to.
    """
    for name in os.listdir(OPEN) if OPEN.is_dir() else []:
        with suppress(OSError), socket.fromfd(int(name), *ANY) as opened:
            if opened.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
