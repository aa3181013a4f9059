"""Records of a run besides tensors: the facts of its data set, and its final metrics.

Both are checked when they are read, so that nothing behind this module meets a missing name or
a number of another type.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae_core.config import DataConfig
from vae_core.data.dataset import Dataset
from vae_core.errors import RunError
from vae_core.evaluate import Evaluation
from vae_core.io import read_json


@dataclass(frozen=True)
class DataFacts:
    """Facts of a run's data set: `data.json`.

    Attributes
    ----------
    image_shape : (c, H, W)
    class_names : tuple of str
        By label.
    n_train, n_test : int
        Images of either split.
    fingerprint : str or None
        Of the images and their pixels; None in files without one.
    """

    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    n_train: int
    n_test: int
    fingerprint: str | None

    @classmethod
    def of(cls, dataset: Dataset) -> DataFacts:
        """Those of a data set."""
        return cls(
            dataset.image_shape,
            tuple(dataset.class_names),
            len(dataset.train),
            len(dataset.test),
            dataset.fingerprint,
        )

    @classmethod
    def read(cls, path: Path) -> DataFacts:
        """Those that a file holds. Raises RunError when they are not facts; names the file."""
        values = read_json(path, {"image_shape", "class_names", "n_test"})
        match values:
            case {
                "image_shape": [int(c), int(height), int(width)],
                "class_names": [*names],
                "n_test": int(n_test),
            } if all(isinstance(name, str) for name in names):
                n_train, fingerprint = values.get("n_train", 0), values.get("fingerprint")
                if isinstance(n_train, int) and isinstance(fingerprint, str | None):
                    shape = (int(c), int(height), int(width))
                    return cls(shape, tuple(names), n_train, n_test, fingerprint)
        raise RunError(
            f"{path}: expected an image_shape of 3 whole numbers, class_names and n_test, and "
            "where they are there a whole n_train and a fingerprint. Copy the run anew."
        )

    def to_dict(self) -> dict[str, Any]:
        """As it is written, ready for JSON."""
        return vars(self) | {"class_names": list(self.class_names)}


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
        values = read_json(path, {"test_distortion", "n_test"})
        rate = values.get("test_rate")
        numbers = {
            "test_distortion": values["test_distortion"],
            "test_rate": math.inf if rate is None else rate,
            "n_test": values["n_test"],
            "n_samples": values.get("n_samples", 1),
        }
        for name, value in numbers.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise RunError(f"{path}: expected a number as {name}; got {value!r:.60}.")
        return cls(
            str(values.get("run_id", path.parent.name)),
            str(values.get("dataset", "")),
            str(values.get("binarisation", "")),
            int(numbers["n_test"]),
            int(numbers["n_samples"]),
            float(numbers["test_distortion"]),
            float(numbers["test_rate"]),
            values.get("seconds"),
            values.get("images_per_second"),
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
