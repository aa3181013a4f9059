"""Headers of .npy files, read before any value: type, shape and order."""

from __future__ import annotations

import tokenize
import warnings
from io import BufferedIOBase
from typing import Any

import numpy as np
from numpy.lib import format as npy

FAULTS = (  # what a damaged header raises
    *(OSError, ValueError, SyntaxError, TypeError, LookupError, RuntimeError, MemoryError),
    *(EOFError, OverflowError, AttributeError, tokenize.TokenError),
)


def npy_header(file: BufferedIOBase) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type; the file stands at its first value then.

    Raises one of FAULTS, also for sizes below zero. A type with `hasobject` is of pickles.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, by_columns, dtype = read(file)
    if any(size < 0 for size in shape):
        raise ValueError("a size below zero")
    return shape, by_columns, dtype
