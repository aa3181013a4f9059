"""Reader of the IDX format, in which MNIST and its relatives are distributed.

A file is two zero bytes, a type code (8 = unsigned byte), the number of axes, each axis
as a big-endian 32-bit integer, then the numbers. http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from contextlib import ExitStack
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vae_core.errors import DataError, RunError
from vae_core.io import reading

UNSIGNED_BYTE = 8
MAX_BYTES = 1 << 29  # of numbers; 11 times MNIST's training images
MAX_LENGTH = 10_000_000  # of an axis
AGAIN = "Delete the file and fetch it again."


def read_idx(path: Path, n_axes: int) -> NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes, gzipped or plain.

    Nothing is allocated before the header announces how much.

    Parameters
    ----------
    path : Path
    n_axes : int
        3 for grey images (n, H, W), 1 for labels (n,).

    Returns
    -------
    array
        Writable, with memory of its own.

    Raises
    ------
    DataError
        When the file cannot be read, is no IDX file of that kind, or is cut short.
    """
    try:
        with ExitStack() as stack:
            file: BufferedIOBase = stack.enter_context(reading(path, follow=True))
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if zipped:
                file = stack.enter_context(gzip.open(file))
            return read_idx_file(file, str(path), n_axes)
    except RunError as error:
        raise DataError(f"{error} {AGAIN}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}). {AGAIN}") from error


def read_idx_file(file: BufferedIOBase, path: str, n_axes: int) -> NDArray[np.uint8]:
    """`read_idx` of an open file, unpacked already; messages begin with `path`."""
    magic, size = UNSIGNED_BYTE << 8 | n_axes, 4 + 4 * n_axes
    header = file.read(size)
    if len(header) < size:
        raise DataError(f"{path}: expected a header of {size} bytes; got {len(header)}.")
    found, *shape = struct.unpack(f">{1 + n_axes}I", header)
    if found != magic:
        kind = "labels" if n_axes == 1 else "images"
        raise DataError(f"{path}: expected IDX {kind} (magic number {magic}); got {found}.")
    expected = math.prod(shape)
    if expected > MAX_BYTES or max(shape) > MAX_LENGTH:
        raise DataError(
            f"{path}: expected at most {MAX_BYTES >> 20} MiB of data; the header announces "
            f"{' x '.join(map(str, shape))} bytes. {AGAIN}"
        )
    numbers = np.empty(expected, np.uint8)
    got = _fill(numbers, file)
    if got < expected or file.read(1):
        more = "more" if got == expected else str(got)
        raise DataError(
            f"{path}: the header announces {' x '.join(map(str, shape))} = {expected} bytes; "
            f"the file holds {more}. {AGAIN}"
        )
    return numbers.reshape(shape)


def _fill(numbers: NDArray[np.uint8], file: BufferedIOBase) -> int:
    """Read until the array is full or the file ends; returns how many bytes there were."""
    got = 0
    while got < len(numbers) and (some := file.read(min(1 << 20, len(numbers) - got))):
        numbers[got : got + len(some)] = np.frombuffer(some, np.uint8)
        got += len(some)
    return got
