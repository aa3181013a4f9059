"""CSV: a picture a row, its label in one column and its pixels in the others.

The label is in the column that a first line calls label or class, else in the first one.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator

import numpy as np

from vae_core.data.dataset import MAX_SIDE
from vae_core.data.own.labels import class_name
from vae_core.data.own.levels import OUT_OF_RANGE, shape_of_row, to_levels
from vae_core.data.own.options import Options
from vae_core.data.own.pictures import Dropped, Picture
from vae_core.data.own.tree import Entry, Tree
from vae_core.errors import DataError

MAX_FILE = 1 << 29
MAX_NUMBERS = 1 << 26  # in memory at once, four bytes each
LABELS = ("label", "labels", "class", "target", "y")
SEPARATORS = (",", ";", "\t")


def is_text(head: bytes) -> bool:
    """Whether these bytes are the beginning of a table in text."""
    text = head.decode("utf-8-sig", "replace")
    return bool(text) and all(c.isprintable() or c in "\t\r\n\ufffd" for c in text) and any(
        separator in text for separator in SEPARATORS
    )  # fmt: skip


def read(tree: Tree, entries: list[Entry], options: Options) -> Iterator[Picture | Dropped]:
    """Every row whose numbers are pixels."""
    for entry in entries:
        yield from _read(tree, entry, options)


def _read(tree: Tree, entry: Entry, options: Options) -> Iterator[Picture | Dropped]:
    text = tree.content(entry, MAX_FILE).decode("utf-8-sig", "replace")
    first = text.split("\n", 1)[0]
    separator = max(SEPARATORS, key=first.count)
    rows = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        yield from _pictures(entry, enumerate(rows, 1), options)
    except csv.Error as error:
        raise DataError(f"{entry.name}: row {rows.line_num}: no CSV ({error}).") from error


def _pictures(
    entry: Entry, rows: Iterator[tuple[int, list[str]]], options: Options
) -> Iterator[Picture | Dropped]:
    at, values, labels, numbers, dropped = 0, [], [], [], []
    for number, cells in rows:
        if not any(cells):
            continue
        if number == 1 and (found := _label_column(cells)) is not None:
            at = found
            continue
        label = cells[at] if at < len(cells) else ""
        try:
            row = np.array(list(map(float, cells[:at] + cells[at + 1 :])), np.float32)
        except (ValueError, OverflowError):
            dropped.append(Dropped(f"{entry.name}, row {number}", "a pixel that is no number"))
            continue
        if not 0 < len(row) <= 3 * MAX_SIDE * MAX_SIDE:
            raise DataError(
                f"{entry.name}: expected a label and up to {3 * MAX_SIDE * MAX_SIDE:,} pixels a "
                f"row; row {number} has {len(cells):,} columns."
            )
        values.append(row)
        labels.append(label)
        numbers.append(number)
        if len(values) * len(row) > MAX_NUMBERS:
            raise DataError(
                f"{entry.name}: expected at most {MAX_NUMBERS:,} numbers; it holds more. Give "
                "fewer rows, or .npy, which takes less."
            )
    yield from dropped
    if not values:
        raise DataError(f"{entry.name}: expected rows of a label and pixels; there are none.")
    width = Counter(map(len, values)).most_common(1)[0][0]
    shape = shape_of_row(width, options.shape, entry.name)
    fits = [len(row) == width for row in values]
    levels, is_wrong = to_levels(np.stack([v for v, fit in zip(values, fits, strict=True) if fit]))
    good = iter(zip(levels, is_wrong, strict=True))
    for number, label, row, fit in zip(numbers, labels, values, fits, strict=True):
        where = f"{entry.name}, row {number}"
        if not fit:
            yield Dropped(where, f"{len(row)} pixels, where others have {width}")
            continue
        pixels, wrong = next(good)
        if wrong:
            yield Dropped(where, OUT_OF_RANGE)
        else:
            yield Picture(where, _label(label), pixels.reshape(shape))


def _label(text: str) -> str:
    """3 and 3.0 are one class."""
    return class_name(text.strip().removesuffix(".0"))


def _label_column(cells: list[str]) -> int | None:
    """The column of the label, where this is a line of names; None where it is a row."""
    names = [cell.strip().lower() for cell in cells]
    found = next((names.index(name) for name in LABELS if name in names), None)
    if found is not None:
        return found
    are_names = sum(not _is_number(cell) for cell in cells[1:])
    return 0 if len(cells) > 1 and are_names == len(cells) - 1 else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
