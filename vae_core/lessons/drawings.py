"""Drawings: what a class draws with the teacher's labels, until a data set is made of it.

    kumo/drawings/8f3a21c4.07    the eighth of a participant: its label's index, then its pixels

Each is one small file, whole from the first moment, under a name that can be made only once: what
is drawn at one moment by all, at one server or at several, is all there, and there can never be
more files than MAX_OWN for each who has joined. A file holds a label's index and grey levels, and
nothing else of who drew it than eight random digits in its name.
"""

from __future__ import annotations

import io
import math
import os
import re
import secrets
import zipfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae_core.data import own
from vae_core.data.own.labels import class_name
from vae_core.data.own.pictures import Picture
from vae_core.errors import RoomError, RunError, shown
from vae_core.io import reading
from vae_core.lessons.room_state import DRAW
from vae_core.lessons.rooms import Room

SIDE = 28  # pixels of a drawing, as of MNIST's images
MAX_OWN = 20  # drawings of one participant
MAX_LABELS = 12
MAX_LETTERS = 24  # of a label
_NAME = re.compile(r"[0-9a-f]{8}\.[01][0-9]")
_SEPARATOR = re.compile(r"[,;\n]")


@dataclass(frozen=True)
class Drawing:
    """One drawing.

    Attributes
    ----------
    name : str
        Of its file.
    label : int
        Index of its label among those of the room.
    pixels : (SIDE, SIDE), uint8
        255 is ink.
    """

    name: str
    label: int
    pixels: NDArray[np.uint8]

    @property
    def who(self) -> str:
        """The eight digits of who drew it."""
        return self.name.partition(".")[0]


def labels_of(text: str) -> tuple[str, ...]:
    """The labels in a text such as `cat, house`. Raises RoomError where they are none."""
    labels = tuple(class_name(part) for part in _SEPARATOR.split(text) if part.strip())
    if not 0 < len(labels) <= MAX_LABELS:
        raise RoomError(
            f"expected 1 to {MAX_LABELS} labels with commas between them, such as cat, house; got "
            f"{len(labels)}."
        )
    for label in labels:
        if len(label) > MAX_LETTERS:
            raise RoomError(
                f"expected labels of at most {MAX_LETTERS} letters; got {shown(label)}."
            )
        if sum(one.casefold() == label.casefold() for one in labels) > 1:
            raise RoomError(f"expected each label once; got {shown(label)} twice.")
    return labels


class Drawings:
    """The drawings of a room. Methods read the files each time.

    Parameters
    ----------
    room : Room
    """

    def __init__(self, room: Room) -> None:
        self.room = room
        self.folder = room.path / "drawings"

    def add(self, who: str, label: int, levels: Sequence[float]) -> Drawing:
        """Keep a drawing; one that is there already is not kept twice.

        Parameters
        ----------
        who : str
            Eight hexadecimal digits.
        label : int
        levels : sequence of SIDE * SIDE numbers from 0 to 255, row by row; 255 is ink

        Raises
        ------
        RoomError
            When drawings are not taken, this is none, or its author has sent enough: then nothing
            has changed.
        """
        state = self.room.state()
        if state.step != DRAW:
            raise RoomError(f"room {self.room.code} takes no drawings: it is for a lesson.")
        if state.phase != "predict":
            raise RoomError("the teacher takes no more drawings; yours came too late.")
        pixels = _checked(levels)
        if isinstance(label, bool) or not (
            isinstance(label, int) and 0 <= label < len(state.labels)
        ):
            raise RoomError(
                f"expected the number of a label, 0 to {len(state.labels) - 1}; got {shown(label)}."
            )
        self.room.join(who)
        before = self._read([name for name in self.names() if name.startswith(f"{who}.")])
        for one in before:
            if one.label == label and np.array_equal(one.pixels, pixels):
                return one
        return self._kept(who, label, pixels)

    def _kept(self, who: str, label: int, pixels: NDArray[np.uint8]) -> Drawing:
        half = self.folder / f".{secrets.token_hex(8)}"
        try:
            self.folder.mkdir(exist_ok=True)
            try:
                half.write_bytes(bytes([label]) + pixels.tobytes())
                for k in range(MAX_OWN):
                    path = self.folder / f"{who}.{k:02}"
                    try:
                        os.link(half, path)  # fails where the name is taken, unlike a rename
                    except FileExistsError:
                        continue
                    return Drawing(path.name, label, pixels)
            finally:
                half.unlink(missing_ok=True)
        except OSError as error:
            raise RoomError(f"the drawing cannot be kept ({error.strerror or error}).") from error
        raise RoomError(f"you have sent {MAX_OWN} drawings, as many as each may send.")

    def names(self) -> list[str]:
        """The names of all, the oldest first; none is read."""
        try:
            with os.scandir(self.folder) as entries:
                found = [
                    (_age(entry), entry.name) for entry in entries if _NAME.fullmatch(entry.name)
                ]
        except OSError:
            return []
        return [name for _, name in sorted(found)]

    def mark(self) -> str:
        """Another text as soon as a drawing has come or gone."""
        try:
            return f"{self.folder.stat().st_mtime_ns}.{len(self.names())}"
        except OSError:
            return "0"

    def all(self) -> list[Drawing]:
        """Every drawing, the oldest first; a damaged file is left out."""
        return self._read(self.names())

    def newest(self, most: int) -> list[Drawing]:
        """So many of them, the oldest of these first."""
        return self._read(self.names()[-most:])

    def of(self, who: str) -> list[Drawing]:
        """Those of one participant."""
        return self._read([name for name in self.names() if name.startswith(f"{who}.")])

    def remove(self, names: Collection[str]) -> None:
        """Delete these; what is gone already is fine. Raises RoomError when one stays."""
        for name in names:
            if not _NAME.fullmatch(name):
                raise RoomError(f"expected the name of a drawing; got {shown(name)}.")
            try:
                (self.folder / name).unlink(missing_ok=True)
            except OSError as error:
                raise RoomError(f"a drawing cannot be deleted ({error.strerror}).") from error

    def draft(self) -> own.Draft:
        """The data set that they make. Raises DataError where they are too few."""
        labels = self.room.state().labels
        pictures = [Picture(one.name, labels[one.label], one.pixels) for one in self.all()]
        return own.draft_of_pictures(f"room {self.room.code}", pictures)

    def packed(self) -> bytes:
        """A .zip of PNG files, a folder a label, as `data add` reads it."""
        folders, packed = _folders(self.room.state().labels), io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as file:
            for one in self.all():
                picture = io.BytesIO()
                Image.fromarray(one.pixels).save(picture, "PNG")
                file.writestr(f"{folders[one.label]}/{one.name.replace('.', '-')}.png",
                              picture.getvalue())  # fmt: skip
        return packed.getvalue()

    def _read(self, names: Sequence[str]) -> list[Drawing]:
        n_labels = len(self.room.state().labels)
        found = (self._drawing(name, n_labels) for name in names)
        return [one for one in found if one]

    def _drawing(self, name: str, n_labels: int) -> Drawing | None:
        try:
            with reading(self.folder / name, 1 + SIDE * SIDE) as file:
                content = file.read(2 + SIDE * SIDE)
        except RunError:
            return None
        if len(content) != 1 + SIDE * SIDE or content[0] >= n_labels:
            return None
        pixels = np.frombuffer(content, np.uint8, offset=1).reshape(SIDE, SIDE)
        return Drawing(name, content[0], pixels)


def _checked(levels: Sequence[float]) -> NDArray[np.uint8]:
    """The picture of these levels. Raises RoomError where they make none."""
    if len(levels) != SIDE * SIDE:
        raise RoomError(f"expected a drawing of {SIDE * SIDE} pixels; got {len(levels)}.")
    for level in levels:
        is_number = isinstance(level, int | float) and not isinstance(level, bool)
        if not (is_number and math.isfinite(level) and 0 <= level <= 255):
            raise RoomError(f"expected pixels from 0 to 255; got {shown(level)}.")
    pixels = np.array(levels, np.float64).round().astype(np.uint8).reshape(SIDE, SIDE)
    if not pixels.any():
        raise RoomError("there is nothing on the pad; draw first.")
    return pixels


def _age(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_mtime_ns
    except OSError:  # removed meanwhile
        return 0


def _folders(labels: Sequence[str]) -> list[str]:
    """A name of a folder for each label, on whatever system: letters, digits, spaces, - and _."""
    folders: list[str] = []
    for k, label in enumerate(labels):
        name = re.sub(r"[^\w -]", "_", label).strip() or "_"
        is_taken = any(name.casefold() == one.casefold() for one in folders)
        folders.append(f"{name} {k + 1}" if is_taken else name)
    return folders
