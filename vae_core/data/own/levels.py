"""Numbers -> pixels: the scale of grey levels, and the shape of pixels that are one row."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vae_core.data.dataset import MAX_SIDE
from vae_core.data.own.pictures import Pixels
from vae_core.errors import DataError

OUT_OF_RANGE = "a level that is not from 0 to 255, nor from 0 to 1"


def to_levels(values: NDArray[np.generic]) -> tuple[Pixels, NDArray[np.bool_]]:
    """Numbers of all pictures, (n, ...) -> levels 0 ... 255, and which pictures have others.

    Where no number is above 1, 1 is white; in integers of 16 bits, 65 535 is; else 255.
    """
    if values.dtype == bool:
        return values.astype(np.uint8) * np.uint8(255), np.zeros(len(values), bool)
    axes = tuple(range(1, values.ndim))
    with np.errstate(invalid="ignore"):
        low, high = values.min(axes), values.max(axes)
        is_wrong = ~((low >= 0) & (high <= (65_535 if values.dtype == np.uint16 else 255)))
    most = high[~is_wrong].max(initial=0)
    if values.dtype == np.uint8 and most > 1:
        return np.asarray(values, np.uint8), is_wrong
    white = 1 if most <= 1 else 255 if most <= 255 else 65_535
    kept = np.where(is_wrong.reshape(-1, *(1,) * len(axes)), 0, values)
    return (kept * (255 / white)).round().astype(np.uint8), is_wrong


def shape_of_row(n_pixels: int, shape: tuple[int, ...] | None, where: str) -> tuple[int, ...]:
    """(H, W) or (H, W, 3) of so many numbers: as it is said, else a square.

    Raises DataError when they do not make such a picture.
    """
    if shape is not None:
        if math.prod(shape) == n_pixels:
            return shape[:2] if shape[2:] == (1,) else shape
        said = " x ".join(map(str, shape))
        raise DataError(
            f"{where}: expected {said} = {math.prod(shape)} pixels a picture; got {n_pixels}."
        )
    for end in ((), (3,)):
        side = math.isqrt(n_pixels // math.prod(end))
        if side * side * math.prod(end) == n_pixels and 1 < side <= MAX_SIDE:
            return side, side, *end
    raise DataError(
        f"{where}: expected the pixels of square pictures, of at most {MAX_SIDE} a side; got "
        f"{n_pixels} numbers a picture. Say the shape: rows x columns, and x 3 for colour."
    )
