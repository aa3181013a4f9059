"""Sources of data sets that are files: their search order, and their download."""

from __future__ import annotations

import logging
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae_core.config import DataConfig
from vae_core.errors import DataError

DATA_VARIABLE = "ELBO_ROOM_DATA"
TIMEOUT_SECONDS = 15
CHUNK_BYTES = 1 << 16  # a progress bar is updated for each


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """Names, checksums and mirrors of a data set's files.

    Attributes
    ----------
    title : str
        The data set's name for people.
    files : tuple of str
        What a folder must hold.
    form : str
        How else the files may come, in brackets.
    archives, hashes : tuples of str
        What a mirror serves, and how it is recognised: by SHA-256, or by another hash, whose name
        stands before it.
    mirrors : tuple of str
        Addresses that end in /.
    megabytes : int
        The size of a download.
    class_names : tuple of str
    """

    title: str
    files: tuple[str, ...]
    form: str
    archives: tuple[str, ...]
    hashes: tuple[str, ...]
    mirrors: tuple[str, ...]
    megabytes: int
    class_names: tuple[str, ...]

    @property
    def listing(self) -> str:
        """The files by name, and how else they may come."""
        return f"{', '.join(self.files)} {self.form}"

    @abstractmethod
    def arrangements(self, folder: Path) -> Iterator[dict[str, Path]]:
        """Ways in which a folder may hold the files: for each, where those present are."""

    def refusal(self, folder: Path) -> str:
        """One sentence when a folder holds the data set in a form that is not read; else ""."""
        return ""


SOURCES: dict[str, Source] = {}  # filled by the modules that read them


def cache_folder(name: str) -> Path:
    """The user's cache, where downloads go and files may be put by hand."""
    import pooch

    return Path(pooch.os_cache("elbo-room")) / name


def find_files(name: str, path: str | None = None) -> tuple[Path, ...] | None:
    """Where each file of a data set is on this machine, or None unless all are.

    A `path` is the only place looked at when given; otherwise the folder in
    `ELBO_ROOM_DATA` and then the user's cache. Each may hold the files itself or in a
    folder named after the data set. Files inside one archive share its path.
    """
    for found in _arrangements(name, path):
        if len(found) == len(SOURCES[name].files):
            return tuple(found.values())
    return None


def _arrangements(name: str, path: str | None) -> Iterator[dict[str, Path]]:
    for folder in _folders(name, path):
        yield from SOURCES[name].arrangements(folder)


def _folders(name: str, path: str | None) -> Iterator[Path]:
    variable = os.environ.get(DATA_VARIABLE)
    for root in (path,) if path else (variable,) if variable else ():
        home = Path(os.path.expanduser(root))
        yield home / name
        yield home
    if not path:
        yield cache_folder(name)


def obtain_files(config: DataConfig, download: bool) -> tuple[Path, ...]:
    """The files of a config's data set, or the archives when they had to be downloaded.

    Raises
    ------
    DataError
        When they are neither here nor to be had; names the files and where to put them.
    """
    name, path, source = config.name, config.path, SOURCES[config.name]
    if files := find_files(name, path):
        return files
    if path:
        closest = max(_arrangements(name, path), key=len)
        missing = ", ".join(file for file in source.files if file not in closest)
        raise DataError(
            f"expected the files of {source.title} in {path}: {source.listing}; "
            f"{f'missing: {missing}' if closest else 'none of them is there'}. "
            f"Put them there, or name another folder.{_refusal(name, path)}"
        )
    if not download:
        raise DataError(f"{source.title} is not on this machine.{_refusal(name, path)}")
    return download_files(name, progress=sys.stderr.isatty())


def _refusal(name: str, path: str | None) -> str:
    told = (SOURCES[name].refusal(folder) for folder in _folders(name, path))
    return next((f" {sentence}" for sentence in told if sentence), "")


def download_files(name: str, progress: Any = False) -> tuple[Path, ...]:
    """Fetch a data set into the user's cache, trying each mirror, checking each hash.

    Parameters
    ----------
    name : str
        One of SOURCES.
    progress : bool or object
        True for a tqdm bar; or an object with tqdm's `total`, `update`, `reset`, `close`.

    Returns
    -------
    tuple of Path
        The archives, as the mirrors serve them.

    Raises
    ------
    DataError
        Names the files and the folder to put them in when no mirror is reachable.
    """
    import pooch

    source, folder, reasons = SOURCES[name], cache_folder(name), []
    pooch.get_logger().setLevel(logging.ERROR)
    for mirror in source.mirrors:
        fetch = pooch.HTTPDownloader(
            progressbar=progress, chunk_size=CHUNK_BYTES, timeout=TIMEOUT_SECONDS
        )
        try:
            return tuple(
                Path(pooch.retrieve(mirror + file, known, file, folder, downloader=fetch))
                for file, known in zip(source.archives, source.hashes, strict=True)
            )
        except (OSError, ValueError) as error:  # of requests; ValueError: a wrong hash
            reasons.append(f"{mirror.split('/')[2]}: {type(error).__name__}")
    raise DataError(
        f"{source.title} is not on this machine and could not be downloaded "
        f"({'; '.join(reasons)}). Put {source.listing} into {folder}, "
        f"or name their folder with --data-dir or {DATA_VARIABLE}.{_refusal(name, None)}"
    )
