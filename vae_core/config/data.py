"""Which images an experiment is on."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass

from vae_core.config.fields import integer, integers, one_of, setting
from vae_core.config.registry import DATASETS
from vae_core.errors import ConfigError, shown

BINARISATIONS = ("grey", "threshold", "dynamic", "static")
MAX_LABEL = 999
MAX_IMAGES = 10_000_000
MAX_SEED = 2**31 - 1
OWN = "own:"  # begins the choice of a data set that was added; its name follows
MAX_OWN_NAME = 40


def own_name(value: object) -> str:
    """The name of an own data set, in the one way to write it. Raises ConfigError.

    It is the name of a file too: nothing in it leads to another folder.
    """
    text = unicodedata.normalize("NFC", value) if isinstance(value, str) else ""
    if re.fullmatch(rf"\w[\w-]{{0,{MAX_OWN_NAME - 1}}}", text):
        return text
    raise ConfigError(
        f"the name of an own data set must be 1 to {MAX_OWN_NAME} letters, digits, - or _, and not "
        f"begin with -; got {shown(value)}."
    )


def is_own(name: str) -> bool:
    """Whether a data set is chosen that was added: own:NAME."""
    return name.startswith(OWN)


def _dataset_name(value: object) -> str:
    """The name of a data set: one that is built in, or an own one. Raises ConfigError."""
    if isinstance(value, str) and is_own(value):
        return OWN + own_name(value.removeprefix(OWN))
    if not isinstance(value, str) or value not in DATASETS:
        raise ConfigError(
            f"dataset must be one of {', '.join(DATASETS)}, or {OWN} and the name of a set that "
            f"was added; got {shown(value)}."
        )
    return value


@dataclass(frozen=True)
class DataConfig:
    """Which images, and how their grey values are read.

    Raises
    ------
    ConfigError
        For any value out of range; the message names the field and the range.
    """

    name: str = setting("digits", "data set", flag="dataset", choices=DATASETS, more=f"{OWN}NAME")
    path: str | None = setting(None, "folder with the data set's files", flag="data-dir")
    classes: tuple[int, ...] | None = setting(None, "train and test on these labels only")
    binarisation: str = setting(
        "grey", "how grey values become pixels of the likelihood", choices=BINARISATIONS
    )
    limit: int | None = setting(None, "at most this many images of each split")
    seed: int = setting(0, "seed of the split, the subset and the static draw", flag="data-seed")
    validation: int = setting(
        0, "training images held out to choose the epoch by; with 0, the test images choose it"
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _dataset_name(self.name))
        one_of("binarisation", self.binarisation, BINARISATIONS)
        if self.path is not None:
            if not isinstance(self.path, str | os.PathLike):
                raise ConfigError(f"data-dir must be the path of a folder; got {shown(self.path)}.")
            object.__setattr__(self, "path", os.fspath(self.path))
        if self.classes is not None:
            classes = integers("classes", self.classes)
            for label in classes:
                integer("classes", label, 0, MAX_LABEL)
            if not classes:
                raise ConfigError("classes must name at least one label, or be left out.")
            object.__setattr__(self, "classes", tuple(sorted(set(classes))))
        if self.limit is not None:
            integer("limit", self.limit, 1, MAX_IMAGES)
        integer("data-seed", self.seed, 0, MAX_SEED)
        integer("validation", self.validation, 0, MAX_IMAGES)
        if self.limit is not None and self.validation >= self.limit:
            raise ConfigError(
                f"validation must be below limit, so that training images are left: got "
                f"{self.validation} to hold out of at most {self.limit}."
            )

    @property
    def plain_name(self) -> str:
        """The data set within a name for people, which has no colon."""
        return self.name.removeprefix(OWN)


def pixels_in_words(binarisation: str, image_shape: tuple[int, int, int]) -> str:
    """How pixels are read, in a word: "grey" of pictures in colour is "colour"."""
    return "colour" if binarisation == "grey" and image_shape[0] == 3 else binarisation
