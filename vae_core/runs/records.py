"""Records of a run besides tensors: facts of its data set, its history, its final metrics.

They are checked when they are read, so that nothing behind this module meets a missing name, a
number of another type, or one that is absurd.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae_core.config import (
    BINARISATIONS,
    MAX_EPOCHS,
    MAX_IMAGES,
    MAX_LABEL,
    MAX_LATENTS,
    DataConfig,
)
from vae_core.data.dataset import MAX_SIDE, MIN_SIDE, Dataset
from vae_core.errors import RunError, printable
from vae_core.evaluate import Evaluation
from vae_core.io import parse_json, read_json, read_text
from vae_core.limits import MAX_HISTORY
from vae_core.trainer import EpochTerms

MAX_NATS = 1e12  # per image, far beyond what any image can cost
LEAST_RATE = -100.0  # of few images by one sample each: against a learned prior, below 0 by noise
MAX_SECONDS = 1e12
MAX_NAME = 60  # letters of a class's name that are kept
ERRORS = ("train_error", "test_error", "validation_error")


class _Values:
    """Values of a file by name, each checked as it is taken."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self.values, self.where = values, where

    def number(self, name: str, low: float, high: float) -> float:
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refusal(name, "a number", value)
        if not low <= value <= high:
            raise self._refusal(name, f"a number from {low:g} to {high:g}", value)
        return float(value)

    def nats(self, name: str, low: float = -MAX_NATS) -> float:
        return self.number(name, low, MAX_NATS)

    def rate(self, name: str) -> float:
        """A KL term. Null stands for that of a point mass, which JSON cannot say."""
        if name in self.values and self.values[name] is None:
            return math.inf
        return self.nats(name, low=LEAST_RATE)

    def whole(self, name: str, low: int, high: int) -> int:
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._refusal(name, f"a whole number from {low:,} to {high:,}", value)
        return value

    def text(self, name: str, default: str) -> str:
        value = self.values.get(name, default)
        if not isinstance(value, str):
            raise self._refusal(name, "text", value)
        return printable(value, 200)

    def _refusal(self, name: str, expected: str, got: object) -> RunError:
        given = f"got {printable(repr(got), 60)}" if name in self.values else "there is none"
        return RunError(f"{self.where}: expected {expected} as {name}; {given}. Copy the run anew.")


@dataclass(frozen=True)
class DataFacts:
    """Facts of a run's data set: `data.json`.

    Attributes
    ----------
    image_shape : (c, H, W)
    class_names : tuple of str
        By label.
    n_train, n_test : int
        Images of either split; those held out are not among the training images.
    fingerprint : str or None
        Of the images and their pixels; None in files without one.
    n_validation : int
        Training images held out; 0 in files without it.
    test_fingerprint : str or None
        Of the test images and their pixels alone; None in files without one.
    """

    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    n_train: int
    n_test: int
    fingerprint: str | None
    n_validation: int = 0
    test_fingerprint: str | None = None

    @classmethod
    def of(cls, dataset: Dataset) -> DataFacts:
        """Those of a data set."""
        return cls(
            dataset.image_shape,
            tuple(dataset.class_names),
            len(dataset.train),
            len(dataset.test),
            dataset.fingerprint,
            0 if dataset.validation is None else len(dataset.validation),
            dataset.test_fingerprint,
        )

    @classmethod
    def read(cls, path: Path) -> DataFacts:
        """Those that a file holds. Raises RunError when they are not facts; names the file."""
        return cls.from_dict(read_json(path, {"image_shape", "class_names", "n_test"}), str(path))

    @classmethod
    def from_dict(cls, values: object, where: str) -> DataFacts:
        """Inverse of `to_dict`. Raises RunError, which begins with `where`."""
        facts: dict[str, Any] = values if isinstance(values, dict) else {}
        match facts:
            case {
                "image_shape": [int(c), int(height), int(width)],
                "class_names": [_, *_] as names,
            }:
                sides = min(height, width) >= MIN_SIDE and max(height, width) <= MAX_SIDE
                names_fit = len(names) <= MAX_LABEL + 1 and all(isinstance(n, str) for n in names)
                prints = [facts.get(name) for name in ("fingerprint", "test_fingerprint")]
                prints_fit = all(isinstance(one, str | None) for one in prints)
                if c in (1, 3) and sides and names_fit and prints_fit:
                    whole, test = (one and printable(one, MAX_NAME) for one in prints)
                    given = _Values({"n_train": 0, "n_validation": 0, **facts}, where)
                    return cls(
                        (int(c), int(height), int(width)),
                        tuple(printable(name, MAX_NAME) for name in names),
                        given.whole("n_train", 0, MAX_IMAGES),
                        given.whole("n_test", 1, MAX_IMAGES),
                        whole,
                        given.whole("n_validation", 0, MAX_IMAGES),
                        test,
                    )
        raise RunError(
            f"{where}: expected facts about its data: an image_shape of 1 or 3 channels and "
            f"{MIN_SIDE} to {MAX_SIDE} pixels a side, class_names, n_test, and where it is there "
            f"a fingerprint; got {printable(repr(values), 200)}."
        )

    def to_dict(self) -> dict[str, Any]:
        """As it is written, ready for JSON: without held-out images and prints where none are."""
        values = vars(self) | {"class_names": list(self.class_names)}
        for name in ("n_validation", "test_fingerprint"):
            if not values[name]:
                del values[name]
        return values


def read_history(path: Path) -> list[EpochTerms]:
    """The records of history.jsonl, one for each epoch.

    A line cut short by a killed process is left out. Raises RunError for anything else than
    records, or more of them than a run can have; names the file.
    """
    *whole, rest = read_text(path, MAX_HISTORY).split("\n")
    del rest  # empty, or the line being written when the process died
    records = []
    for line in whole:
        try:
            values = parse_json(line)
        except ValueError as error:
            raise RunError(f"{path}: expected one JSON object per line ({error}).") from error
        if not isinstance(values, dict) or "epoch" not in values:
            raise RunError(f"{path}: expected one record per line, each with its epoch.")
        records.append(_epoch(values, str(path)))
    return records


def _epoch(values: dict[str, Any], where: str) -> EpochTerms:
    given, per_dim = _Values(values, where), values.get("test_rate_per_dim")
    if not isinstance(per_dim, list | None) or len(per_dim or ()) > MAX_LATENTS:
        raise RunError(f"{where}: expected a list as test_rate_per_dim. Copy the run anew.")
    each = _Values(dict(zip(map(str, range(MAX_LATENTS)), per_dim or (), strict=False)), where)
    return EpochTerms(
        given.whole("epoch", 1, MAX_EPOCHS),
        given.number("beta", 0.0, 1e6),
        given.nats("train_distortion"),
        given.rate("train_rate"),
        given.nats("test_distortion"),
        given.rate("test_rate"),
        tuple(each.rate(name) for name in each.values),
        given.number("seconds", 0.0, MAX_SECONDS),
        given.number("images_per_second", 0.0, MAX_SECONDS),
        **_held_out(given),
        **{name: given.nats(name, low=0.0) for name in ERRORS if name in values},
        **({"lr": given.number("lr", 0.0, 1.0)} if "lr" in values else {}),
    )


def _held_out(given: _Values) -> dict[str, float]:
    """Both terms of the validation images; nothing in the record of a run without them."""
    if not {"validation_distortion", "validation_rate"} & given.values.keys():
        return {}
    return {
        "validation_distortion": given.nats("validation_distortion"),
        "validation_rate": given.rate("validation_rate"),
    }


@dataclass(frozen=True)
class Metrics:
    """The final metrics of a run on its test split: `metrics.json`. In nats per image, beta = 1.

    Attributes
    ----------
    run_id : str
    dataset, binarisation : str
        What was scored.
    n_test, n_samples : int
        Images, and draws of z for each.
    distortion : float
    rate : float
        Infinite for a point mass.
    seconds, images_per_second : float or None
        Of training; None for a run that was made of a file.
    """

    run_id: str
    dataset: str
    binarisation: str
    n_test: int
    n_samples: int
    distortion: float
    rate: float
    seconds: float | None = None
    images_per_second: float | None = None

    @classmethod
    def of(cls, run_id: str, data: DataConfig, result: Evaluation) -> Metrics:
        """Those of a model that was evaluated on its test split."""
        return cls(
            run_id,
            data.name,
            data.binarisation,
            result.n_images,
            result.n_samples,
            result.distortion,
            result.rate,
        )

    @classmethod
    def read(cls, path: Path) -> Metrics:
        """Those that a file holds. Raises RunError when they are not numbers; names the file."""
        values = read_json(path, {"test_distortion", "test_rate", "n_test"})
        given = _Values({"n_samples": 1, **values}, str(path))
        speed = {
            name: given.number(name, 0.0, MAX_SECONDS)
            for name in ("seconds", "images_per_second")
            if values.get(name) is not None
        }
        return cls(
            given.text("run_id", path.parent.name),
            given.text("dataset", ""),
            given.text("binarisation", BINARISATIONS[0]),
            given.whole("n_test", 1, MAX_IMAGES),
            given.whole("n_samples", 1, MAX_IMAGES),
            given.nats("test_distortion"),
            given.rate("test_rate"),
            **speed,
        )

    @property
    def has_rate(self) -> bool:
        """Whether the rate is finite."""
        return math.isfinite(self.rate)

    @property
    def negative_elbo(self) -> float:
        """distortion + rate; infinite for a point mass."""
        return self.distortion + self.rate

    def to_dict(self) -> dict[str, Any]:
        """As it is written, ready for JSON: null stands for a rate that is not finite."""
        values: dict[str, Any] = {
            "run_id": self.run_id,
            "dataset": self.dataset,
            "binarisation": self.binarisation,
            "n_test": self.n_test,
            "n_samples": self.n_samples,
            "test_distortion": self.distortion,
            "test_rate": self.rate if self.has_rate else None,
            "test_negative_elbo": self.negative_elbo if self.has_rate else None,
        }
        if self.seconds is not None:
            values["seconds"] = self.seconds
        if self.images_per_second is not None:
            values["images_per_second"] = self.images_per_second
        return values
