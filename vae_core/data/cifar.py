"""CIFAR-10: small colour photographs, in the binary version of the data set.

A file is records of 3073 bytes: the label, then 1024 red, 1024 green and 1024 blue levels,
each plane row by row. The version for Python is pickles, which run code when they are
opened; it is not read. https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

import gzip
import os
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vae_core.config import DATASETS, DataConfig
from vae_core.data.dataset import Dataset, Split
from vae_core.data.sources import SOURCES, Source, obtain_files
from vae_core.errors import DataError, RunError
from vae_core.io import reading

FILES = (*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin")
ARCHIVE = "cifar-10-binary.tar.gz"
FOLDER = "cifar-10-batches-bin"  # the folder in the archive
PICKLES = ("cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1")
IMAGE_SHAPE = (3, 32, 32)
RECORD = 3073
MAX_BYTES = 12_000 * RECORD  # of a file; CIFAR-10's have 10 000 records
MAX_UNZIPPED = len(FILES) * MAX_BYTES + (1 << 20)  # of the archive
CHUNK = 1 << 20
CLASS_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
AGAIN = "Delete the file and fetch it again."


@dataclass(frozen=True, kw_only=True)
class CifarSource(Source):
    """Six files, themselves or in the archive that they come in."""

    def arrangements(self, folder: Path) -> Iterator[dict[str, Path]]:
        """The files, the files in the folder that the archive unpacks to, the archive."""
        for place in (folder, folder / FOLDER):
            yield {file: place / file for file in self.files if os.path.isfile(place / file)}
        if os.path.isfile(folder / ARCHIVE):
            yield dict.fromkeys(self.files, folder / ARCHIVE)

    def refusal(self, folder: Path) -> str:
        """One sentence on the version for Python."""
        for name in PICKLES:
            if os.path.exists(folder / name):
                return (
                    f"{folder / name} is of the Python version, which is pickles: they can run "
                    "code when opened, and are never opened here. Get the binary version, "
                    f"{ARCHIVE}."
                )
        return ""


SOURCES["cifar10"] = CifarSource(
    title="CIFAR-10",
    files=FILES,
    form=f"(or {ARCHIVE})",
    archives=(ARCHIVE,),
    hashes=("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",),
    mirrors=("https://www.cs.toronto.edu/~kriz/",),
    megabytes=170,
    class_names=CLASS_NAMES,
)


def read_records(content: bytes, where: str) -> NDArray[np.uint8]:
    """Bytes of one file -> (n, 3073), the label first.

    Raises
    ------
    DataError
        When they are no whole number of records, too many, or a label is above 9. The
        message begins with `where`.
    """
    if len(content) > MAX_BYTES:
        raise DataError(
            f"{where}: expected at most {MAX_BYTES // RECORD} images; it holds more. {AGAIN}"
        )
    if not content or len(content) % RECORD:
        raise DataError(
            f"{where}: expected one or more records of {RECORD} bytes (a label and "
            f"{' x '.join(map(str, IMAGE_SHAPE))} levels); got {len(content)} bytes. {AGAIN}"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    wrong = np.flatnonzero(records[:, 0] >= len(CLASS_NAMES))
    if len(wrong):
        raise DataError(
            f"{where}: expected labels 0 to {len(CLASS_NAMES) - 1}; got {records[wrong[0], 0]} for "
            f"image {wrong[0]}. {AGAIN}"
        )
    return records


def _read_files(paths: tuple[Path, ...]) -> list[NDArray[np.uint8]]:
    """The records of every file, in the order of the paths."""
    batches = []
    for path in paths:
        try:
            with reading(path, follow=True) as file:
                content = file.read(MAX_BYTES + 1)
        except RunError as error:
            raise DataError(f"{error} {AGAIN}") from error
        batches.append(read_records(content, str(path)))
    return batches


def _read_archive(path: Path) -> list[NDArray[np.uint8]]:
    """The records of every file in the archive, in the order of FILES.

    Members are read into memory, and only those with a name that is known: nothing in the
    archive decides where anything is written. What else is in it is passed over in small pieces,
    and no more than MAX_UNZIPPED bytes are unzipped.
    """
    contents: dict[str, bytes] = {}
    try:
        with reading(path, follow=True) as zipped, gzip.open(zipped) as file:
            unzipped = _Bounded(file)
            while any(block := unzipped.exactly(tarfile.BLOCKSIZE)):  # zeros: its end
                member = tarfile.TarInfo.frombuf(block, "utf-8", "replace")
                if member.size < 0:
                    raise ValueError("a member of it has less than no bytes")
                name, rest = member.name.removeprefix("./").removeprefix(f"{FOLDER}/"), member.size
                if name in FILES and member.isreg():
                    contents[name] = unzipped.exactly(min(rest, MAX_BYTES + 1))
                    rest -= len(contents[name])
                for _ in range(0, rest, CHUNK):
                    unzipped.exactly(min(rest, CHUNK))
                    rest -= CHUNK
                unzipped.exactly(-member.size % tarfile.BLOCKSIZE)
            while unzipped.read(CHUNK):  # to the end, where gzip keeps its checksum
                pass
    except RunError as error:
        raise DataError(f"{error} {AGAIN}") from error
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as error:
        raise DataError(f"{path}: cannot be read ({error}). {AGAIN}") from error
    if missing := [file for file in FILES if file not in contents]:
        raise DataError(
            f"{path}: expected {', '.join(FILES)} in {FOLDER}; missing: {', '.join(missing)}. "
            f"{AGAIN}"
        )
    return [read_records(contents[file], f"{path}, {file}") for file in FILES]


class _Bounded:
    """A stream of which no more than MAX_UNZIPPED bytes are read. Raises ValueError beyond."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file, self._left = file, MAX_UNZIPPED

    def read(self, size: int) -> bytes:
        """At most so many bytes, fewer at the end of the file."""
        content = self._file.read(min(size, self._left + 1))
        self._left -= len(content)
        if self._left < 0:
            raise ValueError(f"it unzips to more than {MAX_UNZIPPED:,} bytes")
        return content

    def exactly(self, size: int) -> bytes:
        """So many bytes. Raises EOFError where the file ends before."""
        content = self.read(size)
        if len(content) < size:
            raise EOFError("the archive is cut short")
        return content


def _split(batches: list[NDArray[np.uint8]]) -> Split:
    # concatenate copies: torch wants memory of its own, not that of the bytes
    pixels = np.concatenate([records[:, 1:] for records in batches]).reshape(-1, *IMAGE_SHAPE)
    labels = np.concatenate([records[:, 0] for records in batches]).astype(np.int64)
    return Split(torch.from_numpy(pixels), torch.from_numpy(labels))


@DATASETS.register("cifar10")
def read_cifar10(config: DataConfig, download: bool = True) -> Dataset:
    """CIFAR-10 (Krizhevsky 2009): 50 000 + 10 000 colour 32 x 32 photographs of 10 classes."""
    files = obtain_files(config, download)
    batches = _read_archive(files[0]) if files[0].name == ARCHIVE else _read_files(files)
    return Dataset("cifar10", _split(batches[:-1]), _split(batches[-1:]), CLASS_NAMES)
