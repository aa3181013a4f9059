"""Atomic writes and checked reads of files.

A file is written under a temporary name, flushed to the disk and renamed. Whatever goes
wrong becomes a RunError that names the file. Nothing here can execute code on loading.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from vae_core.errors import RunError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError into a RunError that names the file."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{path}: cannot be written ({_reason(error)}). Make room or choose another folder "
            "for runs."
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
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with writing(path):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON object; what is not finite becomes null."""
    write_bytes(path, (json.dumps(_finite(value), indent=1) + "\n").encode())


def json_line(record: dict[str, Any]) -> str:
    """One record of a JSON-lines file; what is not finite becomes null."""
    return json.dumps(_finite(record)) + "\n"


def _finite(value: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity: what is not finite (a point mass's rate) becomes null."""
    return {k: None if _is_infinite(v) else v for k, v in value.items()}


def _is_infinite(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_is_infinite, value))
    return isinstance(value, float) and not math.isfinite(value)


def write_tensors(
    path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file with text beside the tensors."""
    contiguous = {name: value.contiguous().cpu() for name, value in tensors.items()}
    write_bytes(path, safetensors.torch.save(contiguous, metadata))


def read_text(path: Path) -> str:
    """The file as text. Raises RunError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{path}: cannot be read ({_reason(error)}).") from error


def read_json(path: Path, keys: set[str]) -> dict[str, Any]:
    """A JSON object that has these keys. Raises RunError for anything else."""
    try:
        value = json.loads(read_text(path))
    except ValueError as error:
        raise RunError(f"{path}: expected JSON ({error}).") from error
    if not isinstance(value, dict) or not keys <= value.keys():
        raise RunError(f"{path}: expected a JSON object with {', '.join(sorted(keys))}.")
    return value


def check_tensors(path: Path) -> None:
    """Raise RunError unless the header is that of a whole safetensors file."""
    _open_tensors(path, names_only=True)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, and the text beside them. Raises RunError for a damaged file."""
    return _open_tensors(path, names_only=False)


def _open_tensors(path: Path, names_only: bool) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            names = [] if names_only else file.keys()
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path}: cannot be read as safetensors ({_reason(error)}).") from error


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
