"""PNG and JPEG files: the class is the folder, or the pictures have none."""

from __future__ import annotations

from collections.abc import Iterator

from vae_core.data.own.labels import places
from vae_core.data.own.options import Options
from vae_core.data.own.pictures import MAX_FILE, Dropped, Picture, Unreadable, decode
from vae_core.data.own.tree import Entry, Tree


def read(tree: Tree, entries: list[Entry], options: Options) -> Iterator[Picture | Dropped]:
    """Every picture that can be decoded."""
    found = places([entry.parts[:-1] for entry in entries])
    for entry, (label, split) in zip(entries, found, strict=True):
        if label is None:
            yield Dropped(entry.name, "in no folder of a class, as the others are")
            continue
        try:
            content = tree.content(entry, MAX_FILE)
            yield Picture(entry.name, label, decode(content), split)
        except Unreadable as error:
            yield Dropped(entry.name, str(error).removeprefix(f"{entry.name}: ").rstrip("."))
