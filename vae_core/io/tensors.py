"""Tensor files: safetensors, with text beside the tensors.

Header, text and tensors are read from one open handle, so they are of one version of the file
while another process replaces it, and nothing is read before the header fits the file's length
and what was asked for. A digest of names, shapes and values travels with the text.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from vae_core.errors import RunError
from vae_core.io.reading import content_of, parse_json, reading
from vae_core.io.writing import write_bytes

Shapes = dict[str, tuple[int, ...]]

MAX_HEADER = 1 << 20  # bytes; that of 36 tensors takes 4 kB
MAX_BYTES = 1 << 32  # of a file; the state of 50 million parameters takes 0.6 GB
DIGEST = "digest"
AGAIN = "Copy it again from where it was made."
TYPES = {  # of the format, with the bytes of a number
    **{"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E4M3FNUZ": 1},
    **{"F8_E5M2FNUZ": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2, "U32": 4, "I32": 4, "F32": 4},
    **{"U64": 8, "I64": 8, "F64": 8, "C64": 8},
}


@dataclass(frozen=True)
class TensorHeader:
    """The header of a tensor file.

    Attributes
    ----------
    shapes : dict
        Of every tensor, by name.
    dtypes : dict
        By the names of the format: F16, BF16, F32, F64, I64, ...
    texts : dict
        Text beside the tensors.
    digest : str, optional
        Of names, shapes and values; older files have none.
    """

    shapes: Shapes
    dtypes: dict[str, str]
    texts: dict[str, str]
    digest: str | None = None

    @property
    def epoch(self) -> int | None:
        """The epoch after which the tensors were saved, where the text says it."""
        epoch = self.texts.get("epoch", "")
        return int(epoch) if epoch.isdecimal() and len(epoch) < 9 else None


def write_tensors(
    path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file with text beside the tensors, and their digest."""
    contiguous = {name: value.contiguous().cpu() for name, value in tensors.items()}
    texts = {**(metadata or {}), DIGEST: _digest(contiguous)}
    write_bytes(path, _in_order(safetensors.torch.save(contiguous, texts)))


def _in_order(content: bytes) -> bytes:
    """The same file with its text in alphabetical order: the same values give the same bytes."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    words = json.dumps(header, separators=(",", ":")).encode()
    words += b" " * (-len(words) % 8)  # so that the tensors begin where they are aligned
    return len(words).to_bytes(8, "little") + words + content[end:]


class TensorFile:
    """An open tensor file whose header is sound.

    Attributes
    ----------
    path : Path
    header : TensorHeader
    """

    def __init__(self, path: Path, file: BufferedReader) -> None:
        self.path, self._file, self.header = path, file, _header(path, file)

    def tensors(self) -> dict[str, Tensor]:
        """All of them, by name. Raises RunError where they are not those that were written."""
        self._file.seek(0)
        try:
            tensors = safetensors.torch.load(content_of(self._file))
        except (ValueError, SafetensorError) as error:
            raise RunError(f"{self.path}: cannot be read as safetensors ({error}).") from error
        if self.header.digest not in (None, _digest(tensors)):
            raise RunError(
                f"{self.path}: its tensors are not those that were written, for they do not fit "
                f"the digest beside them. {AGAIN}"
            )
        return tensors


@contextmanager
def open_tensors(path: Path, follow: bool = False) -> Iterator[TensorFile]:
    """Open a tensor file and read its header alone.

    `follow` is that of `reading`. Raises RunError for anything but a whole safetensors file.
    """
    with reading(path, MAX_BYTES, follow) as file:
        yield TensorFile(path, file)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, and the text beside them. Raises RunError for a damaged file."""
    with open_tensors(path) as file:
        return file.tensors(), file.header.texts


def _header(path: Path, file: BufferedReader) -> TensorHeader:
    """Names, shapes and text; the file's length is exactly what they take."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(min(9, size))  # what lies in /proc has no length, and may keep one waiting
    length = int.from_bytes(start[:8], "little")
    fault = _frame_fault(size, length, start)
    if not fault:
        content = start[8:] + file.read(length - 1)
        try:
            return _parse(content, size - 8 - length)
        except ValueError as error:
            fault = str(error)
    raise RunError(f"{path}: expected a whole safetensors file; got {fault}. {AGAIN}")


def _frame_fault(size: int, length: int, start: bytes) -> str:
    """What a file is that does not begin with a header of sound length; "" where it does.

    Nothing of its content is repeated: it may be a file that its reader may not see.
    """
    if not size:
        return "an empty file"
    if size < 10 or start[8:] != b"{":
        return "a file of another kind"
    if length > MAX_HEADER:
        return f"a header of more than the {MAX_HEADER:,} bytes that are read"
    return "a file that is cut short within its header" if length > size - 8 else ""


def _parse(content: bytes, n_bytes: int) -> TensorHeader:
    """The header in these bytes, before tensors of so many bytes. Raises ValueError."""
    try:
        entries = parse_json(content.decode())
    except UnicodeDecodeError as error:
        raise ValueError("a header that is not UTF-8") from error
    except ValueError as error:
        raise ValueError(f"a header that is not JSON ({error})") from error
    texts = entries.pop("__metadata__", {})
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("a header whose __metadata__ is not text by name")
    shapes, dtypes, spans = Shapes(), dict[str, str](), list[tuple[int, int]]()
    for name, entry in entries.items():
        shapes[name], dtypes[name], span = _tensor(entry)
        spans.append(span)
    end = 0
    for first, last in sorted(spans):
        if first != end:
            raise ValueError("tensors that overlap or leave a gap")
        end = last
    if end != n_bytes:
        raise ValueError("tensors that do not fill it exactly")
    return TensorHeader(
        shapes, dtypes, {k: v for k, v in texts.items() if k != DIGEST}, texts.get(DIGEST)
    )


def _tensor(entry: Any) -> tuple[tuple[int, ...], str, tuple[int, int]]:
    """Shape, type, first and last byte of one entry of a header. Raises ValueError."""
    match entry:
        case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [int(first), int(last)]}:
            if dtype not in TYPES:
                raise ValueError(f"a tensor of a type that is not one of {', '.join(TYPES)}")
            sides = all(type(side) is int and 0 <= side <= MAX_BYTES for side in shape)
            if sides and len(shape) <= 8 and last - first == TYPES[dtype] * math.prod(shape):
                return tuple(shape), dtype, (first, last)
    raise ValueError("a tensor whose type, shape and place do not fit together")


def _digest(tensors: dict[str, Tensor]) -> str:
    """32 hex digits that change when any name, shape, type or value does."""
    digest = hashlib.blake2b(digest_size=16)
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
