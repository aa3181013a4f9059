"""A tree of files to read: a folder, a .zip (an .npz is one), one file, or what was uploaded.

Members of a .zip are read into memory, bounded, and never unpacked: no name in it decides where
anything is written. Links in a folder are not followed.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path

from vae_core.data.own.pictures import FAULTS, Dropped, Unreadable
from vae_core.errors import DataError, RunError, printable
from vae_core.io import reading

MAX_FILES = 200_000
MAX_READ = 2 << 30  # bytes of all files together, unpacked
MAX_ZIPPED = 65_534  # files in a .zip of the usual kind
MAX_DIRECTORY = 16 << 20  # bytes of a .zip's list of files
ZIP, END = b"PK\x03\x04", b"PK\x05\x06"
CHUNK = 1 << 20
IGNORED = ("__MACOSX", "Thumbs.db", "desktop.ini")  # that systems add; so are names with a dot


@dataclass(frozen=True)
class Entry:
    """One file.

    Attributes
    ----------
    parts : tuple of str
        Its folders and its name, below the root.
    open : callable
        A context manager of the file, open for reading.
    """

    parts: tuple[str, ...]
    open: Callable[[], AbstractContextManager[BufferedIOBase]]

    @property
    def name(self) -> str:
        """Its path below the root, for people."""
        return printable("/".join(self.parts), 100)

    def head(self, n: int = 8) -> bytes:
        """The first bytes; none where it cannot be read."""
        try:
            with self.open() as file:
                return file.read(n)
        except (DataError, RunError, *FAULTS):
            return b""


@dataclass
class Tree:
    """Files to read, and what is left out already.

    Attributes
    ----------
    title : str
        What was given, for people.
    entries : list of Entry
        In the order of their names.
    dropped : list of Dropped
    """

    title: str
    entries: list[Entry]
    dropped: list[Dropped] = field(default_factory=list)
    _n_read: int = 0

    def content(self, entry: Entry, most: int) -> bytes:
        """All of a file, of at most so many bytes.

        Raises
        ------
        Unreadable
            When it is longer, or cannot be read.
        DataError
            When all files together are too long.
        """
        try:
            with entry.open() as file:
                content = file.read(most + 1)
        except FAULTS as error:
            raise Unreadable(f"{entry.name}: cannot be read ({_reason(error)}).") from error
        self.count(len(content))
        if len(content) > most:
            raise Unreadable(f"{entry.name}: expected at most {most >> 20} MiB; it holds more.")
        return content

    def count(self, n_bytes: int) -> None:
        """Take so many bytes off what may be read. Raises DataError where none are left."""
        self._n_read += n_bytes
        if self._n_read > MAX_READ:
            raise DataError(
                f"{self.title}: expected files of at most {MAX_READ >> 30} GiB when unpacked; they "
                "hold more. Give fewer or smaller ones."
            )


def _reason(error: Exception) -> str:
    if isinstance(error, RuntimeError) and "password" in str(error):
        return "it is encrypted"
    if isinstance(error, NotImplementedError):
        return "it is packed in a way that is not read"
    return "it is damaged"


@contextmanager
def open_path(path: Path) -> Iterator[Tree]:
    """The tree at a path. Raises DataError when there is none, or it holds too many files."""
    with ExitStack() as stack:
        if os.path.isdir(path):
            yield _folder(path)
            return
        try:
            file = stack.enter_context(reading(path, follow=True))
        except RunError as error:
            raise DataError(str(error)) from error
        if file.read(4) in (ZIP, END):
            yield stack.enter_context(_zip(file, path.name))
        else:
            yield Tree(printable(path.name), [Entry((path.name,), _opener(path))])


@contextmanager
def open_uploads(files: Mapping[str, bytes]) -> Iterator[Tree]:
    """The tree of uploaded files by name: one .zip, or files that belong together."""
    with ExitStack() as stack:
        if len(files) == 1:
            ((name, content),) = files.items()
            if content[:4] in (ZIP, END):
                yield stack.enter_context(_zip(io.BytesIO(content), name))
                return
        title = printable(", ".join(files), 100)
        yield Tree(title, [Entry(_parts(name), _bytes_opener(c)) for name, c in files.items()])


def _opener(path: Path) -> Callable[[], AbstractContextManager[BufferedIOBase]]:
    @contextmanager
    def opened() -> Iterator[BufferedIOBase]:
        try:
            with reading(path, follow=True) as file:
                yield file
        except RunError as error:
            raise DataError(str(error)) from error

    return opened


def _bytes_opener(content: bytes) -> Callable[[], AbstractContextManager[BufferedIOBase]]:
    return lambda: io.BytesIO(content)


def _folder(root: Path) -> Tree:
    tree = Tree(printable(root.name or str(root)), [])
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if not _is_ignored((name,)))
        parts = Path(folder).relative_to(root).parts
        for name in sorted(names + [one for one in inner if os.path.islink(Path(folder, one))]):
            path, own = Path(folder, name), (*parts, name)
            if path.is_symlink():
                tree.dropped.append(Dropped(Entry(own, _opener(path)).name, "a link"))
            elif not _is_ignored(own):
                tree.entries.append(Entry(own, _opener(path)))
                _check_count(tree, MAX_FILES)
    return tree


def _check_count(tree: Tree, most: int) -> None:
    if len(tree.entries) > most:
        raise DataError(
            f"{tree.title}: expected at most {most:,} files; it holds more. Give a part of them."
        )


@contextmanager
def _zip(file: BufferedIOBase, name: str) -> Iterator[Tree]:
    tree = Tree(printable(name), [])
    _check_directory(file, tree.title)
    try:
        packed = zipfile.ZipFile(file)
    except (*FAULTS, zipfile.BadZipFile) as error:
        raise _no_zip(tree.title) from error
    with packed:
        for member in packed.infolist():
            parts = _parts(member.filename)
            if parts and not (member.is_dir() or _is_ignored(parts)):
                tree.entries.append(Entry(parts, _member_opener(packed, member)))
        tree.entries.sort(key=lambda entry: entry.parts)
        yield tree


def _member_opener(
    packed: zipfile.ZipFile, member: zipfile.ZipInfo
) -> Callable[[], AbstractContextManager[BufferedIOBase]]:
    @contextmanager
    def opened() -> Iterator[BufferedIOBase]:
        try:
            with packed.open(member) as file:
                yield file  # type: ignore[misc]  # typeshed: no BufferedIOBase
        except zipfile.BadZipFile as error:
            raise ValueError("damaged") from error

    return opened


def _check_directory(file: BufferedIOBase, title: str) -> None:
    """Refuse a list of files that would take much memory before any of it is read."""
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, size - (1 << 16) - 64))
    tail = file.read(size - start)
    at = tail.rfind(END)
    if at < 0 or len(tail) < at + 22:
        raise _no_zip(title)
    n_files, n_bytes = struct.unpack("<HI", tail[at + 10 : at + 16])
    is_long = tail[max(0, at - 20) : max(0, at - 20) + 4] == b"PK\x06\x07"
    if n_files > MAX_ZIPPED or n_bytes > MAX_DIRECTORY or is_long:
        raise DataError(
            f"{title}: expected a .zip of at most {MAX_ZIPPED:,} files and 4 GB; it holds more. "
            "Unpack it and give the folder."
        )


def _no_zip(title: str) -> DataError:
    return DataError(f"{title}: expected a whole .zip; it cannot be read. Pack it again.")


def _parts(name: str) -> tuple[str, ...]:
    """Folders and name in a path of whatever system, with nothing that leads elsewhere."""
    parts = name.replace("\\", "/").split("/")
    return tuple(part for part in parts if part.strip() not in ("", ".", ".."))


def _is_ignored(parts: tuple[str, ...]) -> bool:
    return any(part.startswith(".") or part in IGNORED for part in parts)
