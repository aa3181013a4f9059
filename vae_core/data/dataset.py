"""Images in memory: one tensor per split, labels beside it.

Pixels stay in the integers they came in (uint8) and become floats batch by batch: a
quarter of the memory at no measurable cost in speed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from vae_core.config import DataConfig
from vae_core.errors import ConfigError, DataError

MIN_SIDE, MAX_SIDE = 4, 128
HELD_OUT = 1  # beside the data seed: the generator that draws the validation images


@dataclass(frozen=True)
class Split:
    """The training or the test images of a data set.

    Attributes
    ----------
    pixels : uint8 tensor, (n, c, H, W)
        Grey or colour levels 0 ... `levels`.
    labels : int64 tensor, (n,)
    levels : int
        The value that means 1.0.
    redraw : bool
        Dynamic binarisation: `batch` draws x ~ Bernoulli(grey level) afresh each time.
    """

    pixels: Tensor
    labels: Tensor
    levels: int = 255
    redraw: bool = False

    def __post_init__(self) -> None:
        shape = tuple(self.pixels.shape)
        if len(shape) != 4 or shape[1] not in (1, 3):
            raise DataError(f"expected images of shape (n, 1 or 3, H, W); got {shape}.")
        if not all(MIN_SIDE <= side <= MAX_SIDE for side in shape[2:]):
            raise DataError(
                f"expected images of {MIN_SIDE} to {MAX_SIDE} pixels a side; "
                f"got {shape[2]} x {shape[3]}."
            )
        if len(self.labels) != shape[0]:
            raise DataError(
                f"expected one label per image; got {shape[0]} images and "
                f"{len(self.labels)} labels."
            )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(c, H, W)."""
        c, height, width = self.pixels.shape[1:]
        return c, height, width

    @property
    def images(self) -> Tensor:
        """All images as float32 in [0, 1], (n, c, H, W). Makes a copy: prefer `batch`."""
        return self.pixels.float().div_(self.levels)

    @property
    def has_greys(self) -> bool:
        """Whether pixels as the model sees them may lie between 0 and 1."""
        return self.levels > 1 and not self.redraw

    def batch(
        self,
        index: Tensor | slice,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
    ) -> Tensor:
        """Images `index` as float32 in [0, 1], (m, c, H, W), on `device`.

        `generator`, of that device, is drawn from only when the split redraws its pixels.
        """
        if isinstance(index, slice):
            chosen = self.pixels[index]
        else:
            chosen = self.pixels.index_select(0, index)  # quicker than pixels[index]
        x = chosen.to(device).float().div_(self.levels)
        return torch.bernoulli(x, generator=generator) if self.redraw else x

    def take(self, index: Tensor) -> Split:
        """The split with only these images, in this order."""
        return replace(self, pixels=self.pixels[index], labels=self.labels[index])


@dataclass(frozen=True)
class Dataset:
    """A training and a test split with the names of their classes.

    Attributes
    ----------
    train, test : Split
    class_names : tuple of str
        By label.
    binarisation : str
    validation : Split or None
        Images held out of the training images, to choose an epoch by. They are not in `train`.
    """

    name: str
    train: Split
    test: Split
    class_names: tuple[str, ...]
    binarisation: str = "grey"
    validation: Split | None = None

    def __post_init__(self) -> None:
        if self.train.image_shape != self.test.image_shape:
            train, test = (
                " x ".join(map(str, split.image_shape)) for split in (self.train, self.test)
            )
            raise DataError(
                f"{self.name}: expected training and test images of one shape; got {train} "
                f"and {test}."
            )

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(c, H, W)."""
        return self.test.image_shape

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that change when any pixel, label or the binarisation does."""
        held_out = () if self.validation is None else (self.validation,)
        return _digest(self.binarisation, self.train, self.test, *held_out)

    @cached_property
    def test_fingerprint(self) -> str:
        """Likewise of the test split alone: models that are trained on other images share it."""
        return _digest(self.binarisation, self.test)


def _digest(binarisation: str, *splits: Split) -> str:
    digest = hashlib.sha256(binarisation.encode())
    for split in splits:
        digest.update(f"{tuple(split.pixels.shape)} {split.levels}".encode())
        digest.update(split.pixels.contiguous().numpy().data)
        digest.update(split.labels.contiguous().numpy().data)
    return digest.hexdigest()[:16]


def prepare(dataset: Dataset, config: DataConfig) -> Dataset:
    """Apply a DataConfig to a data set: classes, limit, binarisation, then the validation split.

    Raises
    ------
    DataError
        When a class does not exist, or nothing is left.
    ConfigError
        When validation would leave no image to train on.
    """
    known = len(dataset.class_names)
    if config.classes and max(config.classes) >= known:
        raise DataError(
            f"{dataset.name} has classes 0 to {known - 1}; got classes {list(config.classes)}."
        )
    rng = np.random.default_rng(config.seed)
    train, test = _select(dataset.train, config, rng), _select(dataset.test, config, rng)
    # Dynamic: training images are drawn anew in every batch; the test images once, so that
    # a model's score does not change by itself.
    dynamic = config.binarisation == "dynamic"
    train = replace(train, redraw=True) if dynamic else _binarise(train, config, rng)
    test = _binarise(test, config, rng)
    train, validation = _hold_out(train, config)
    return replace(
        dataset,
        train=train,
        test=test,
        binarisation=config.binarisation,
        validation=validation,
    )


def _hold_out(train: Split, config: DataConfig) -> tuple[Split, Split | None]:
    """The training images that remain, and those held out, each in their order.

    They are drawn by a generator of their own: every other image and pixel is what it is without
    them. Fewer held out by the same seed are some of them.
    """
    n = config.validation
    if not n:
        return train, None
    if n >= len(train):
        raise ConfigError(
            f"validation must be below the number of training images, {len(train)}; got {n}."
        )
    rng = np.random.default_rng((config.seed, HELD_OUT))
    order = rng.permutation(len(train))
    held_out, rest = (
        train.take(torch.from_numpy(np.sort(part))) for part in (order[:n], order[n:])
    )
    if held_out.redraw:  # drawn once, as the test images are
        held_out = _binarise(replace(held_out, redraw=False), config, rng)
    return rest, held_out


def _select(split: Split, config: DataConfig, rng: np.random.Generator) -> Split:
    index = np.arange(len(split))
    if config.classes:
        index = index[np.isin(split.labels.numpy(), config.classes)]
    if config.limit is not None and config.limit < len(index):
        index = np.sort(rng.choice(index, config.limit, replace=False))
    if not len(index):
        asked = f" with classes {list(config.classes)}" if config.classes and len(split) else ""
        raise DataError(f"no image is left{asked}: expected at least one in each split.")
    return split if len(index) == len(split) else split.take(torch.from_numpy(index))


def _binarise(split: Split, config: DataConfig, rng: np.random.Generator) -> Split:
    if config.binarisation == "grey":
        return split
    if config.binarisation == "threshold":
        ones = split.pixels > split.levels // 2
    else:
        # x = 1 with probability grey / levels, in integers: u is uniform on 0 ... levels - 1.
        u = rng.integers(split.levels, size=tuple(split.pixels.shape), dtype=np.uint8)
        ones = torch.from_numpy(u) < split.pixels
    return replace(split, pixels=ones.to(torch.uint8), levels=1)
