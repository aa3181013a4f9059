"""Parquet with encoded pictures, as data sets of the hubs have them: image {bytes, path}, label.

Names of classes are taken from the notes that such files carry.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vae_core.data.own.labels import class_name, split_of
from vae_core.data.own.options import Options
from vae_core.data.own.pictures import FAULTS, NO_LABEL, Dropped, Picture, Unreadable, decode
from vae_core.data.own.tree import Entry, Tree
from vae_core.errors import DataError
from vae_core.io import parse_json

MAX_FILE = 1 << 30
MAX_HEADER = 1 << 24  # of the texts in the file's description
BATCH = 64
IMAGES = ("image", "img", "picture", "pixel_values")
LABELS = ("label", "labels", "class", "fine_label", "target")


def read(tree: Tree, entries: list[Entry], options: Options) -> Iterator[Picture | Dropped]:
    """Every row with a picture in it."""
    for entry in entries:
        split = split_of(entry.parts[-1]) if len(entries) > 1 else ""
        yield from _read(tree, entry, split)


def _read(tree: Tree, entry: Entry, split: str) -> Iterator[Picture | Dropped]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = tree.content(entry, MAX_FILE)
    try:
        with pq.ParquetFile(
            pa.BufferReader(content),
            thrift_string_size_limit=MAX_HEADER,
            thrift_container_size_limit=MAX_HEADER,
        ) as file:
            schema = file.schema_arrow
            images = _column(schema, IMAGES, _holds_bytes)
            if images is None:
                raise DataError(
                    f"{entry.name}: expected a column of encoded pictures, such as image with "
                    f"bytes in it; got the columns {', '.join(map(class_name, schema.names[:8]))}."
                )
            labels = _column(schema, LABELS, _holds_labels)
            names = [] if labels is None else _names(schema.metadata, labels)
            unpacked = sum(
                file.metadata.row_group(k).total_byte_size for k in range(file.num_row_groups)
            )
            tree.count(max(0, unpacked))
            columns, row = [images] if labels is None else [images, labels], 0
            for batch in file.iter_batches(BATCH, columns=columns):
                pictures = batch.column(images)
                if pa.types.is_struct(pictures.type):
                    pictures = pictures.field("bytes")
                of = [None] * len(batch) if labels is None else batch.column(labels).to_pylist()
                for encoded, label in zip(pictures.to_pylist(), of, strict=True):
                    where = f"{entry.name}, row {row}"
                    yield _picture(where, encoded, _label(label, names), split)
                    row += 1
    except (pa.ArrowException, *FAULTS) as error:
        raise DataError(f"{entry.name}: expected a whole Parquet file; it is damaged.") from error


def _picture(where: str, content: bytes | None, label: str, split: str) -> Picture | Dropped:
    if not content:
        return Dropped(where, "no bytes of a picture")
    try:
        return Picture(where, label, decode(content), split)
    except Unreadable as error:
        return Dropped(where, str(error))


def _column(schema: Any, known: tuple[str, ...], fits: Any) -> str | None:
    """The first column of these names, else the first of any name, whose type fits."""
    fitting = [name for name in dict.fromkeys(schema.names) if fits(schema.field(name).type)]
    return next((name for name in known if name in fitting), next(iter(fitting), None))


def _holds_bytes(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0 and _is_binary(kind.field("bytes").type)
    return _is_binary(kind)


def _is_binary(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _holds_labels(kind: Any) -> bool:
    import pyarrow as pa

    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return bool(is_text or pa.types.is_integer(kind))


def _label(value: object, names: list[str]) -> str:
    if value is None:
        return NO_LABEL
    if isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    return class_name(value)


def _names(metadata: dict[bytes, bytes] | None, column: str) -> list[str]:
    """The names of the classes, by label, where the hub's notes tell them."""
    try:
        notes: Any = parse_json((metadata or {}).get(b"huggingface", b"{}").decode())
        names = notes["info"]["features"][column]["names"]
        return [class_name(name) for name in names] if isinstance(names, list) else []
    except (ValueError, LookupError, TypeError, AttributeError):
        return []
