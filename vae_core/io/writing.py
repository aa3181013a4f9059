"""Atomic writes: a file is written under a temporary name, flushed to the disk and renamed.

Whatever goes wrong becomes a RunError that names the file.
"""

from __future__ import annotations

import json
import math
import os
import re
import secrets
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from vae_core.errors import RunError

HALF_WRITTEN = ".part"  # the end of a temporary name


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError into a RunError that names the file."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{path}: cannot be written ({error.strerror or error}). Make room or choose another "
            "folder for runs."
        ) from error


def remove(path: Path) -> None:
    """Delete a folder with all that is in it. Of a link, the link alone; what is gone is fine.

    Raises
    ------
    RunError
        When something of it stays.
    """
    if path.is_symlink():
        path.unlink(missing_ok=True)
    shutil.rmtree(path, ignore_errors=True)  # never follows a link
    if os.path.lexists(path):
        raise RunError(f"{path}: cannot be deleted. Who runs the server may delete the folder.")


def size_of(path: Path) -> int:
    """Bytes of all files in a folder. Links count nothing, nor what is deleted meanwhile."""
    n_bytes, folders = 0, [path]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    with suppress(OSError):
                        n_bytes += entry.stat(follow_symlinks=False).st_size
    return n_bytes


def write_bytes(path: Path, content: bytes) -> None:
    """Replace the file in one step. Raises RunError when the folder cannot be written."""
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}{HALF_WRITTEN}")
    with writing(path):
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def clear_half_written(folder: Path, names: Collection[str], age: float = 0.0) -> None:
    """Remove what killed processes have left of files of these names, and nothing else.

    Nothing is done in a folder that is a link, for that is another place.

    Parameters
    ----------
    folder : Path
    names : collection of str
    age : float
        Seconds without a change after which a file is left by a process that was killed, where
        others that live may be writing.
    """
    with suppress(OSError):
        if folder.is_symlink():
            return
        for path in folder.iterdir():
            whole = re.fullmatch(
                rf"\.(.+)\.([0-9a-f]{{8}}{re.escape(HALF_WRITTEN)}|[0-9]+)", path.name
            )
            if not (whole and whole[1] in names) or path.is_dir():
                continue
            if time.time() - path.lstat().st_mtime >= age:
                path.unlink(missing_ok=True)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON object; what is not finite becomes null."""
    write_bytes(path, (json.dumps(finite(value), indent=1) + "\n").encode())


def json_line(record: dict[str, Any]) -> str:
    """One record of a JSON-lines file; what is not finite becomes null."""
    return json.dumps(finite(record)) + "\n"


def finite(value: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity: what is not finite (a point mass's rate) becomes null."""
    return {k: None if _is_infinite(v) else v for k, v in value.items()}


def _is_infinite(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_is_infinite, value))
    return isinstance(value, float) and not math.isfinite(value)
