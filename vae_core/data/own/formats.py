"""Formats of files that data sets come in: each is recognised by its first bytes, and read.

A format is a function from a tree of files to pictures, in FORMATS by what it reads. To add one,
write it in a file of its own and give it a line here.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vae_core.data.own import arrays, csv_rows, idx_files, parquet, photos
from vae_core.data.own.options import Options
from vae_core.data.own.pictures import Dropped, Picture
from vae_core.data.own.tree import Entry, Tree
from vae_core.errors import DataError

HEAD = 512  # bytes by which a file is recognised

Reader = Callable[[Tree, list[Entry], Options], Iterator[Picture | Dropped]]


@dataclass(frozen=True)
class Format:
    """What files of a kind are called, how they begin, and who reads them."""

    title: str
    begins: tuple[bytes, ...]
    read: Reader


FORMATS = (  # the first of them of which there are files is read
    Format("PNG or JPEG pictures", (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"), photos.read),
    Format("IDX", (b"\0\0\x08\x03", b"\0\0\x08\x01"), idx_files.read),
    Format(".npy", (b"\x93NUMPY",), arrays.read),
    Format("Parquet", (b"PAR1",), parquet.read),
)
CSV = Format("CSV", (), csv_rows.read)  # has no beginning of its own
KNOWN = (
    "PNG or JPEG pictures in one folder per class, IDX, CSV (label, pixels), .npy, .npz or Parquet"
)


def read_tree(tree: Tree, options: Options) -> Iterator[Picture | Dropped]:
    """All pictures of a tree, and what is left out.

    Raises
    ------
    DataError
        When no file of it is of a format that is read, or one is damaged as a whole.
    """
    yield from tree.dropped
    kinds = [(entry, _format(entry)) for entry in tree.entries]
    found = next((one for one in (*FORMATS, CSV) if any(k is one for _, k in kinds)), None)
    if found is None:
        files = ", ".join(entry.name for entry in tree.entries[:3]) or "no file"
        more = f" and {len(tree.entries) - 3:,} more" if len(tree.entries) > 3 else ""
        raise DataError(f"{tree.title}: expected {KNOWN}; got {files}{more}.")
    mine = [entry for entry, kind in kinds if kind is found]
    yield from (
        Dropped(entry.name, _why(entry, found)) for entry, kind in kinds if kind is not found
    )
    yield from found.read(tree, mine, options)


def _why(entry: Entry, found: Format) -> str:
    """Why a file is no part of the set."""
    if not entry.head(HEAD):
        return "a file that is empty, damaged or encrypted"
    return f"not read, for the set is made of {found.title}"


def _format(entry: Entry) -> Format | None:
    head = entry.head(HEAD)
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(31).decompress(head, HEAD)
        except zlib.error:
            return None
        return next((f for f in FORMATS if f.title == "IDX" and head.startswith(f.begins)), None)
    by_bytes = next((f for f in FORMATS if head.startswith(f.begins)), None)
    return by_bytes or (CSV if csv_rows.is_text(head) else None)
