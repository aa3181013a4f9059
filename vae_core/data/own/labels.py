"""Classes and splits, as the names of folders and files tell them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from vae_core.config import MAX_LABEL
from vae_core.data.own.pictures import NO_LABEL, TEST, TRAIN
from vae_core.errors import printable

MAX_NAME = 60  # letters of a class's name; longer ones are cut
MAX_CLASSES = MAX_LABEL + 1
SPLITS = {  # names of folders
    **dict.fromkeys(("train", "training", "val", "valid", "validation"), TRAIN),
    **dict.fromkeys(("test", "testing"), TEST),
}


def class_name(label: object) -> str:
    """A label as text of one line."""
    text = unicodedata.normalize("NFC", str(label).strip())
    return printable(text, MAX_NAME - 2) or NO_LABEL  # 2: of what is cut


def split_of(name: str) -> str:
    """The split that the name of a file or an array tells: test, or else train."""
    words = re.split(r"[^a-z0-9]+", name.lower())
    return TEST if any(word == "t10k" or word.startswith(TEST) for word in words) else TRAIN


def places(folders: Sequence[tuple[str, ...]]) -> list[tuple[str | None, str]]:
    """Class and split of files by the folders that each is in.

    A folder around all of them is no class. Folders of train and test hold those of the classes.
    None stands for a file beside the folders of the classes.
    """
    while folders and all(len(f) > 1 for f in folders) and len({f[0] for f in folders}) == 1:
        folders = [f[1:] for f in folders]
    firsts = {f[0].lower() if f else "" for f in folders}
    are_split = len(firsts) > 1 and firsts <= SPLITS.keys()
    splits = [SPLITS[f[0].lower()] if are_split else "" for f in folders]
    folders = [f[1:] for f in folders] if are_split else list(folders)
    alone = None if any(folders) else NO_LABEL
    return [
        (class_name(f[0]) if f else alone, split) for f, split in zip(folders, splits, strict=True)
    ]


def natural(name: str) -> tuple[object, ...]:
    """By which names are sorted: 2 before 10, letters as they are."""
    parts = re.split(r"(\d{1,18})", name.lower())
    return tuple(
        (0, int(p), "") if p.isdecimal() and p.isascii() else (1, 0, p) for p in parts if p
    )
