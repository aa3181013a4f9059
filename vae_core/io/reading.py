"""Bounded reads: what a file is and how long it is are known before any of it is read.

A pipe never ends and a device has no length, so only regular files are read; a link may lead
anywhere, so in a run's folder none is followed. JSON is bounded in depth and in the length of its
numbers, too. Whatever is wrong becomes a RunError that names the file.
"""

from __future__ import annotations

import errno
import json
import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

from vae_core.errors import RunError

MAX_TEXT = 1 << 20  # bytes of a JSON file
MAX_DEPTH = 32  # objects and lists within each other
MAX_DIGITS = 25  # of a whole number


@contextmanager
def reading(path: Path, most: int | None = None, follow: bool = False) -> Iterator[BufferedReader]:
    """Open a regular file of at most `most` bytes.

    All that is read from the handle is of one version of the file, also while another process
    replaces it.

    Parameters
    ----------
    path : Path
    most : int, optional
    follow : bool
        Whether the path may be a link, as a path may that a person has written.

    Raises
    ------
    RunError
        When it is missing, a folder, a link, a pipe or a device, too long, or cannot be read.
    """
    try:
        handle = _open(path, follow)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise RunError(f"{path}: cannot be read ({_reason(error)}).") from error
    with handle as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise RunError(f"{path}: expected a file; got {_kind(found.st_mode)}.")
        if most is not None and found.st_size > most:
            raise RunError(
                f"{path}: expected at most {most:,} bytes; got {found.st_size:,}. Copy it anew."
            )
        try:
            yield file
        except OSError as error:
            raise RunError(f"{path}: cannot be read ({_reason(error)}).") from error


def _open(path: Path, follow: bool) -> BufferedReader:
    """Opens without waiting, as a pipe would make it do."""
    if not follow and path.is_symlink():  # where the system has no O_NOFOLLOW
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    waits_not = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    flags = os.O_RDONLY | waits_not | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
    try:
        return os.fdopen(descriptor, "rb")
    except OSError:  # a folder
        os.close(descriptor)
        raise


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "a pipe or socket"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "it is a link, and links are not followed here; put a copy in its place"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def content_of(file: BufferedReader) -> bytes:
    """All of an open file, no more than it had when it was opened."""
    return file.read(os.fstat(file.fileno()).st_size)


def read_text(path: Path, most: int = MAX_TEXT) -> str:
    """A file of a run as text. Raises RunError when it is too long or cannot be read."""
    with reading(path, most) as file:
        try:
            return content_of(file).decode()
        except UnicodeDecodeError as error:
            raise RunError(f"{path}: expected text in UTF-8 ({error.reason}).") from error


def parse_json(text: str) -> Any:
    """The value of a JSON text, all of whose numbers are finite.

    Raises
    ------
    ValueError
        When it is no JSON, nested too deep, or holds a number or a character that is none.
    """
    try:
        value = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if "\\u" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("half a character") from error
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for outer in level for item in _items(outer)]
        if not level:
            return value
    raise ValueError("nested too deep")


def _items(value: object) -> list[object]:
    """What lists and objects are in this one."""
    if isinstance(value, dict):
        value = list(value.values())
    return [i for i in value if isinstance(i, dict | list)] if isinstance(value, list) else []


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text[:20]} is no finite number")
    return value


def read_json(path: Path, keys: set[str]) -> dict[str, Any]:
    """A JSON object that has these keys. Raises RunError for anything else."""
    try:
        value = parse_json(read_text(path))
    except ValueError as error:
        raise RunError(f"{path}: expected JSON ({error}).") from error
    if not isinstance(value, dict) or not keys <= value.keys():
        raise RunError(f"{path}: expected a JSON object with {', '.join(sorted(keys))}.")
    return value
