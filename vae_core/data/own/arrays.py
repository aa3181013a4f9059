"""NumPy arrays: .npy files, or those in an .npz. Arrays of objects are pickles and never read.

Arrays of images have two axes or more, those of labels one; which belong together, their names
and lengths tell: x_train and y_train, test_images and test_labels, images and labels.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae_core.data.npy import FAULTS, npy_header
from vae_core.data.own.labels import class_name, split_of
from vae_core.data.own.levels import OUT_OF_RANGE, shape_of_row, to_levels
from vae_core.data.own.options import Options
from vae_core.data.own.pictures import NO_LABEL, Dropped, Picture
from vae_core.data.own.tree import Entry, Tree
from vae_core.errors import DataError

MAX_FILE = 1 << 30
LABELS = r"(^|[^a-z])(y|labels?|targets?|class(es)?)([^a-z]|$)"


@dataclass(frozen=True)
class Array:
    """An array by the name of its file."""

    name: str
    values: NDArray[Any]

    @property
    def split(self) -> str:
        """TEST where the name says so, else TRAIN."""
        return split_of(self.name)

    @property
    def is_called_labels(self) -> bool:
        """Whether the name is one of labels."""
        return re.search(LABELS, self.name.lower()) is not None

    @property
    def kind(self) -> str:
        """One letter for the type of its values, as NumPy has it."""
        return self.values.dtype.kind

    @property
    def is_flat(self) -> bool:
        """Whether it may hold pictures, each a row of pixels."""
        return self.values.ndim == 2 and not (self.is_row or self.is_called_labels)

    @property
    def is_row(self) -> bool:
        """Whether it has one value a picture."""
        return self.values.ndim == 1 or self.values.shape[1:] == (1,)


def read(tree: Tree, entries: list[Entry], options: Options) -> Iterator[Picture | Dropped]:
    """Every image of every array of images."""
    arrays = []
    for entry in entries:
        try:
            arrays.append(Array(entry.name.removesuffix(".npy"), _array(tree, entry)))
        except _Pickled as error:
            if len(entries) == 1:
                raise
            yield Dropped(entry.name, str(error).partition(": ")[2])
    names = next((a.values for a in arrays if "names" in a.name and a.kind in "US"), None)
    numbers = [a for a in arrays if a.kind in "buif"]
    images = [a for a in numbers if a.values.ndim > 2]
    images = images or [a for a in numbers if a.is_flat]
    if not images:
        raise DataError(
            f"{tree.title}: expected an array of images, (n, H, W), (n, H, W, 3) or (n, pixels); "
            f"got {', '.join(f'{a.name} {a.values.shape}' for a in arrays[:4]) or 'none'}."
        )
    for array in images:
        split = array.split if len(images) > 1 else ""
        labels = _labels(array, [a for a in arrays if a not in images], names)
        pixels, is_wrong = to_levels(_last_channels(array, options))
        for k, image in enumerate(pixels):
            where = f"{array.name}, image {k}"
            if is_wrong[k]:
                yield Dropped(where, OUT_OF_RANGE)
            else:
                yield Picture(where, NO_LABEL if labels is None else labels[k], image, split)


class _Pickled(DataError):
    """An array of objects."""


def _array(tree: Tree, entry: Entry) -> NDArray[Any]:
    """The array in a .npy file, whose header is checked before its values."""
    content = tree.content(entry, MAX_FILE)
    file = io.BytesIO(content)
    try:
        shape, by_columns, dtype = npy_header(file)
        if dtype.hasobject:
            raise _Pickled(
                f"{entry.name}: an array of objects, which are pickles: they can run code when "
                "opened, and are never opened here."
            )
        n_bytes, rest = math.prod(shape) * dtype.itemsize, len(content) - file.tell()
        if n_bytes != rest or dtype.kind not in "buifUS":
            raise DataError(
                f"{entry.name}: expected {shape} numbers of {dtype}; the file holds {rest:,} bytes."
            )
        values = np.frombuffer(content, dtype, offset=file.tell())
        return values.reshape(shape, order="F" if by_columns else "C")
    except FAULTS as error:
        raise DataError(f"{entry.name}: expected a whole .npy file; it is damaged.") from error


def _last_channels(array: Array, options: Options) -> NDArray[Any]:
    """(n, H, W) or (n, H, W, 3) of any layout; a fourth channel is left out."""
    values = array.values
    n, sizes = len(values), values.shape[1:]
    if len(sizes) == 1:
        return values.reshape(n, *shape_of_row(sizes[0], options.shape, array.name))
    if len(sizes) == 3 and sizes[-1] not in (1, 3, 4) and sizes[0] in (1, 3):
        values, sizes = np.moveaxis(values, 1, -1), (*sizes[1:], sizes[0])
    if len(sizes) == 2 and min(sizes) > 0 and n:
        return values
    if len(sizes) == 3 and sizes[-1] in (1, 3, 4) and min(sizes) > 0 and n:
        return values[..., 0] if sizes[-1] == 1 else values[..., :3]
    raise DataError(
        f"{array.name}: expected images of shape (n, H, W), (n, H, W, 1 or 3) or (n, 1 or 3, H, "
        f"W); got {values.shape}."
    )


def _labels(images: Array, arrays: list[Array], names: NDArray[Any] | None) -> list[str] | None:
    """The names of the images' classes; None where no array of labels is beside them."""
    fitting = [
        a for a in arrays
        if a.values.ndim and len(a.values) == len(images.values) and a.split == images.split
        and (a.is_row or (a.is_called_labels and a.values.ndim == 2))
        and a.kind in "buifUS"
    ]  # fmt: skip
    if not fitting:
        return None
    values = max(fitting, key=lambda a: a.is_called_labels).values
    if values.ndim == 2:  # one column, or one for each class
        values = values[:, 0] if values.shape[1] == 1 else values.argmax(1)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind == "f":
        if not np.isfinite(values).all() or (values != values.round()).any():
            raise DataError(f"{images.name}: expected whole numbers or names as labels.")
        values = values.astype(np.int64)
    are_numbers = len(values) > 0 and values.dtype.kind in "ui"
    if names is not None and are_numbers and 0 <= values.min() <= values.max() < names.size:
        values = names.reshape(-1)[values]
    return [class_name(value) for value in values.tolist()]
