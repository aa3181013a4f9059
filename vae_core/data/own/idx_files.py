"""IDX files: images and, beside them, their labels, as MNIST and its relatives have them."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vae_core.data.idx import read_idx_file
from vae_core.data.own.labels import class_name, split_of
from vae_core.data.own.options import Options
from vae_core.data.own.pictures import NO_LABEL, Dropped, Picture
from vae_core.data.own.tree import Entry, Tree
from vae_core.errors import DataError

MAX_FILE = 1 << 29
ZIPPED = b"\x1f\x8b"


def read(tree: Tree, entries: list[Entry], options: Options) -> Iterator[Picture | Dropped]:
    """Every image, with the label at its place in the file of labels."""
    kinds = {entry: _n_axes(entry) for entry in entries}
    images = [entry for entry, n in kinds.items() if n == 3]
    labels = [entry for entry, n in kinds.items() if n == 1]
    if not images:
        raise DataError(f"{tree.title}: expected IDX images; it holds labels alone.")
    for entry in images:
        pixels, beside = _numbers(tree, entry, 3), _labels_of(entry, images, labels)
        classes = None if beside is None else _numbers(tree, beside, 1)
        if classes is not None and len(classes) != len(pixels):
            raise DataError(
                f"{entry.name}: expected one label per image; it has {len(pixels)} images and "
                f"{beside.name if beside else ''} {len(classes)} labels."
            )
        split = split_of(entry.parts[-1]) if len(images) > 1 else ""
        for k, image in enumerate(pixels):
            label = NO_LABEL if classes is None else class_name(classes[k])
            yield Picture(f"{entry.name}, image {k}", label, image, split)


def _n_axes(entry: Entry) -> int:
    """Axes of its numbers, from the fourth byte."""
    head = entry.head(64)
    if head[:2] == ZIPPED:
        head = zlib.decompressobj(31).decompress(head, 4)
    return head[3]


def _labels_of(entry: Entry, images: list[Entry], labels: list[Entry]) -> Entry | None:
    """By its name; or the only one, of the only images."""
    stem = _stem(entry)
    same = [one for one in labels if _stem(one) == stem]
    if not same and len(images) == len(labels) == 1:
        same = labels
    return same[0] if same else None


def _stem(entry: Entry) -> tuple[str, ...]:
    name = entry.parts[-1].lower().removesuffix(".gz")
    for word in ("images", "labels", "image", "label", "idx3", "idx1"):
        name = name.replace(word, "")
    return *entry.parts[:-1], name


def _numbers(tree: Tree, entry: Entry, n_axes: int) -> NDArray[np.uint8]:
    content = io.BytesIO(tree.content(entry, MAX_FILE))
    if content.getvalue()[:2] != ZIPPED:
        return read_idx_file(content, entry.name, n_axes)
    try:
        with gzip.open(content) as file:
            return read_idx_file(file, entry.name, n_axes)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{entry.name}: expected a whole .gz; it is damaged.") from error
