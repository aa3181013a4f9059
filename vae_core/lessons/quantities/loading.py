"""What quantities read of a run: codes, terms, model, images. Each is read once and then kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

import torch
from torch import Tensor

from vae_core.codes import Codes
from vae_core.config import DataConfig
from vae_core.data import Dataset, reload_dataset
from vae_core.errors import LessonError
from vae_core.evaluate import ImageTerms
from vae_core.runs.run import Run
from vae_core.vae import VAE

T = TypeVar("T")
MAX_RUNS = 12  # of which anything is kept


def version(run: Run) -> int:
    """Changes when the run is trained anew; 0 before it is finished."""
    path = run.path / "metrics.json"
    return path.stat().st_mtime_ns if path.exists() else 0


def per_run(load: Callable[[Run], T]) -> Callable[[Run], T]:
    """Decorator: loaded once for each version of a run. What it returns is not to be changed."""

    @lru_cache(MAX_RUNS)
    def kept(run: Run, version: int) -> T:
        return load(run)

    return wraps(load)(lambda run: kept(run, version(run)))


@per_run
def codes_of(run: Run) -> Codes:
    """Posteriors and labels of the test split."""
    return run.codes()


@per_run
def vae_of(run: Run) -> VAE:
    """The model."""
    return run.vae()


@per_run
def terms_of(run: Run) -> ImageTerms:
    """Both terms of every test image. Raises LessonError for a run without them."""
    terms = run.terms()
    if terms is None:
        raise LessonError(f"{run.title} has no terms of single images. Train it anew.")
    return terms


@lru_cache(2)
def _dataset(config: DataConfig) -> Dataset:
    return reload_dataset(config, download=False)


def dataset_of(run: Run) -> Dataset:
    """The images that a run was trained on.

    Raises
    ------
    DataError
        When they are not on this machine.
    RunError
        When those that are here are others.
    """
    dataset = _dataset(run.config.data)
    run.check_images(dataset)
    return dataset


def image_of(run: Run, i: float) -> Tensor:
    """Test image i as the model takes it, (1, c, H, W). Raises like `dataset_of`."""
    return images_of(run, 1, start=place(run, i))


def images_of(run: Run, count: float, start: int = 0) -> Tensor:
    """So many test images, (n, c, H, W), for a model that takes nothing else.

    Raises
    ------
    LessonError
        For a conditional model, which takes the label, too. Else like `dataset_of`.
    """
    if run.config.model.is_conditional:
        raise LessonError(
            f"{run.title} takes the label besides the image. Choose a model with labels unused."
        )
    n, like = whole(count, "images"), next(vae_of(run).parameters())
    return dataset_of(run).test.batch(slice(start, start + n)).to(like.dtype)


def place(run: Run, i: float) -> int:
    """The index of a test image. Raises LessonError when the run has no such image."""
    n = len(codes_of(run))
    if (index := whole(i, "an image")) >= n:
        raise LessonError(f"expected a test image from 0 to {n - 1}; got {index}.")
    return index


def axis(run: Run, j: float) -> int:
    """The index of a latent dimension in z.flatten(). Raises LessonError for another."""
    d = codes_of(run).mean[0].numel()
    if (index := whole(j, "a latent dimension")) >= d:
        raise LessonError(f"expected a latent dimension from 0 to {d - 1}; got {index}.")
    return index


def of_class(run: Run, label: float) -> Codes:
    """The codes of a class. Raises LessonError when the run has no image of it."""
    codes = codes_of(run).of_class(whole(label, "a class"))
    if not len(codes):
        raise LessonError(f"{run.title} has no test image of class {label:g}.")
    return codes


def whole(value: float | str, what: str) -> int:
    """A whole number from 0. Raises LessonError for another."""
    if isinstance(value, str) or not value >= 0 or value != int(value):
        raise LessonError(f"expected {what} by a whole number from 0; got {value}.")
    return int(value)


def generator(seed: float = 0) -> torch.Generator:
    """Random numbers of a seed, the same each time."""
    return torch.Generator().manual_seed(int(seed))
