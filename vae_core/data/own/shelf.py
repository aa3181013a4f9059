"""The shelf of own data sets: one tensor file each, in a folder of the user's data.

A set is known by its name, and told from others of the same name by its fingerprint. Nothing is
written anywhere else, and the only name that decides where is checked.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import platformdirs
import torch
from torch import Tensor

from vae_core.config import MAX_LABEL, OWN, own_name
from vae_core.data.dataset import Dataset, Split
from vae_core.data.own.draft import Draft
from vae_core.data.own.labels import MAX_NAME
from vae_core.errors import ConfigError, DataError, RunError, printable
from vae_core.io import (
    clear_half_written,
    open_tensors,
    parse_json,
    size_of,
    write_tensors,
    writing,
)

OWN_VARIABLE = "ELBO_ROOM_OWN_DATA"
SUFFIX = ".safetensors"
FORMAT = 1
MAX_SETS = 100
MAX_SHELF = 4 << 30  # bytes of all sets together
LEFT_OVER = 3600.0  # seconds after which half a file is that of a process that was killed
TENSORS = {f"{split}.{part}" for split in ("train", "test") for part in ("pixels", "labels")}


@dataclass(frozen=True)
class OwnSet:
    """A set on the shelf.

    Attributes
    ----------
    name : str
        Without the prefix by which it is chosen.
    problem : str
        Why it cannot be read; empty where it can.
    image_shape, n_train, n_test, class_names, fingerprint, made, n_bytes
        As its file says.
    """

    name: str
    problem: str = ""
    image_shape: tuple[int, int, int] = (0, 0, 0)
    n_train: int = 0
    n_test: int = 0
    class_names: tuple[str, ...] = ()
    fingerprint: str = ""
    made: str = ""
    n_bytes: int = 0

    @property
    def choice(self) -> str:
        """What it is chosen by: own:NAME."""
        return OWN + self.name


def folder() -> Path:
    """Where own sets are kept: ELBO_ROOM_OWN_DATA, else a folder of the user's data."""
    named = os.environ.get(OWN_VARIABLE)
    if named:
        return Path(os.path.expanduser(named))
    return platformdirs.user_data_path("elbo-room") / "own"


def keep(draft: Draft, name: str) -> OwnSet:
    """Put a draft on the shelf.

    Raises
    ------
    ConfigError
        When the name is none that a set can have.
    DataError
        When there is a set of this name, no room, or the folder cannot be written.
    """
    name = own_name(name)
    known = [one.name for one in sets()]
    if same := [one for one in known if one.casefold() == name.casefold()]:
        raise DataError(
            f"{OWN}{same[0]} is there already. Remove it first, or choose another name."
        )
    new = sum(split.pixels.numel() + 8 * len(split) for split in (draft.train, draft.test))
    if len(known) >= MAX_SETS or size_of(folder()) + new > MAX_SHELF:
        raise DataError(
            f"expected at most {MAX_SETS} own sets, of {MAX_SHELF >> 30} GiB together; with this "
            "one there would be more. Remove one first."
        )
    path, data = _path(folder(), name), Dataset(
        OWN + name, draft.train, draft.test, draft.class_names
    )  # fmt: skip
    about = {
        "format": FORMAT,
        "class_names": list(draft.class_names),
        "fingerprint": data.fingerprint,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    tensors = {
        "train.pixels": draft.train.pixels, "train.labels": draft.train.labels,
        "test.pixels": draft.test.pixels, "test.labels": draft.test.labels,
    }  # fmt: skip
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        clear_half_written(path.parent, [f"{one}{SUFFIX}" for one in (*known, name)], LEFT_OVER)
        write_tensors(path, tensors, {"set": json.dumps(about)})
    except RunError as error:
        said = str(error).replace("folder for runs", f"folder in {OWN_VARIABLE}")
        raise DataError(said) from error
    return describe(name)


def sets() -> list[OwnSet]:
    """Every set on the shelf, by name, damaged ones with the reason."""
    try:
        found = [entry.name for entry in os.scandir(folder()) if entry.name.endswith(SUFFIX)]
    except OSError:
        return []
    names = [name.removesuffix(SUFFIX) for name in found if not name.startswith(".")]
    return [describe(name) for name in sorted(names, key=str.casefold) if _is_name(name)]


def describe(name: str) -> OwnSet:
    """What the file of a set says of it; no pixel is read."""
    path = _path(folder(), name)
    try:
        with open_tensors(path) as file:
            about, shapes = _about(path, file.header.texts), file.header.shapes
            if shapes.keys() != TENSORS or len(shapes["test.pixels"]) != 4:
                raise DataError(f"{path}: expected pixels and labels of two splits.")
            c, height, width = shapes["test.pixels"][1:]
            return OwnSet(
                name,
                "",
                (c, height, width),
                shapes["train.pixels"][0],
                shapes["test.pixels"][0],
                about["class_names"],
                about["fingerprint"],
                about["made"],
                path.stat().st_size,
            )
    except (DataError, RunError, OSError) as error:
        return OwnSet(name, str(error))


def remove(name: str) -> None:
    """Take a set off the shelf. Raises DataError when there is none."""
    path = _path(folder(), name)
    try:
        path.unlink()
    except FileNotFoundError as error:
        raise DataError(f"{OWN}{printable(name)} is not on this machine.") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be deleted ({error.strerror}).") from error


def find(name: str, path: str | None = None) -> Path | None:
    """The file of a set: in the folder that was named, else on the shelf; None where it is not."""
    roots = [Path(os.path.expanduser(path))] if path else []
    files = (_path(root, name) for root in (*roots, folder()))
    return next((file for file in files if os.path.isfile(file) and not os.path.islink(file)), None)


def read(name: str, path: str | None = None) -> Dataset:
    """A set by its name. Raises DataError when it is not on this machine, or damaged."""
    file = find(name, path)
    if file is None:
        raise DataError(
            f"{OWN}{name} is not on this machine. Add it on the Data page, or by python -m "
            f"vae_core data add PATH --name {name}"
        )
    try:
        with open_tensors(file) as opened:
            about = _about(file, opened.header.texts)
            tensors = opened.tensors()
    except RunError as error:
        raise DataError(f"{error} Or remove the set and add it again.") from error
    if not _are_whole(tensors):
        raise DataError(f"{file}: expected pixels and labels of two splits. Add the set again.")
    names = about["class_names"]
    splits = [Split(tensors[f"{s}.pixels"], tensors[f"{s}.labels"]) for s in ("train", "test")]
    for split in splits:
        if not (len(split) and 0 <= split.labels.min() <= split.labels.max() < len(names)):
            raise DataError(f"{file}: expected labels 0 to {len(names) - 1}. Add the set again.")
    return Dataset(OWN + name, splits[0], splits[1], names)


def version(name: str, path: str | None = None) -> str:
    """Changes when another set comes in the place of this one; empty where there is none."""
    file = find(name, path)
    if file is None:
        return ""
    found = file.stat()
    return f"{file} {found.st_mtime_ns} {found.st_size}"


def _are_whole(tensors: dict[str, Tensor]) -> bool:
    """Whether these are pixels and labels of both splits."""
    kinds = {"pixels": (torch.uint8, 4), "labels": (torch.int64, 1)}
    return tensors.keys() == TENSORS and all(
        (tensor.dtype, tensor.dim()) == kinds[name.partition(".")[2]]
        for name, tensor in tensors.items()
    )


def _path(root: Path, name: str) -> Path:
    return root / f"{own_name(name)}{SUFFIX}"


def _is_name(name: str) -> bool:
    try:
        return own_name(name) == name
    except ConfigError:
        return False


def _about(path: Path, texts: dict[str, str]) -> dict[str, Any]:
    """What is written beside the tensors, checked. Raises DataError."""
    try:
        about: Any = parse_json(texts.get("set", ""))
    except ValueError:
        about = None
    match about:
        case {"format": 1, "class_names": [*names], "fingerprint": str(mark), "made": str(made)}:
            if 0 < len(names) <= MAX_LABEL + 1 and all(isinstance(name, str) for name in names):
                return {
                    "class_names": tuple(printable(name, MAX_NAME) for name in names),
                    "fingerprint": printable(mark, 40),
                    "made": printable(made, 40),
                }
    raise DataError(f"{path}: expected an own data set. Remove it and add it again.")
