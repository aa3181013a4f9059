"""Reader of the IDX format, in which MNIST and its relatives are distributed.

A file is two zero bytes, a type code (8 = unsigned byte), the number of axes, each axis
as a big-endian 32-bit integer, then the numbers. http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vae_core.errors import DataError

UNSIGNED_BYTE = 8
MAX_BYTES = 1 << 30


def read_idx(path: Path, n_axes: int) -> NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes, gzipped or plain.

    Parameters
    ----------
    path : Path
    n_axes : int
        3 for grey images (n, H, W), 1 for labels (n,).

    Raises
    ------
    DataError
        When the file cannot be read, is no IDX file of that kind, or is cut short.
    """
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
        # One byte more than allowed is enough to know that a file is too large.
        with gzip.open(path) if zipped else path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path}: cannot be read ({error}). Delete the file and fetch it again."
        ) from error
    if len(content) > MAX_BYTES:
        raise DataError(f"{path}: expected at most {MAX_BYTES >> 20} MiB of data; it holds more.")
    magic = UNSIGNED_BYTE << 8 | n_axes
    header = 4 + 4 * n_axes
    if len(content) < header:
        raise DataError(f"{path}: expected a header of {header} bytes; got {len(content)}.")
    found, *shape = struct.unpack(f">{1 + n_axes}I", content[:header])
    if found != magic:
        kind = "labels" if n_axes == 1 else "images"
        raise DataError(f"{path}: expected IDX {kind} (magic number {magic}); got {found}.")
    expected, got = math.prod(shape), len(content) - header
    if got != expected:
        raise DataError(
            f"{path}: the header announces {' x '.join(map(str, shape))} = {expected} bytes; "
            f"the file holds {got}. Delete the file and fetch it again."
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
