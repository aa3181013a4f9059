"""A draft: the data set that pictures make, and what was left out, before anything is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vae_core.data.dataset import MAX_SIDE, MIN_SIDE, Split
from vae_core.data.own.formats import read_tree
from vae_core.data.own.labels import MAX_CLASSES, natural
from vae_core.data.own.options import TEST_SHARE, Options
from vae_core.data.own.pictures import TEST, TRAIN, Dropped, Picture, Pixels
from vae_core.data.own.tree import Tree, open_path, open_uploads
from vae_core.errors import DataError

MIN_PICTURES = 10
MAX_PICTURES = 200_000
MAX_BYTES = 1 << 28  # of all pixels that are kept
AUTO_SIDE = 32  # of pictures that have no size in common
MAX_SHOWN = 3  # names of what was dropped for one reason

Size = tuple[int, int]  # height, width


@dataclass(frozen=True)
class Draft:
    """What would be kept.

    Attributes
    ----------
    train, test : Split
    class_names : tuple of str
    dropped : dict
        How many were left out, and the first of them by name, for each reason.
    notes : tuple of str
        What was done to the pictures, a sentence each.
    """

    train: Split
    test: Split
    class_names: tuple[str, ...]
    dropped: dict[str, tuple[int, tuple[str, ...]]]
    notes: tuple[str, ...]

    @property
    def n_dropped(self) -> int:
        """How many were left out."""
        return sum(n for n, _ in self.dropped.values())

    def dropped_lines(self) -> list[str]:
        """A line for each reason, the most frequent first."""
        lines = []
        for why, (n, names) in sorted(self.dropped.items(), key=lambda item: -item[1][0]):
            more = ", …" if n > len(names) else ""
            lines.append(f"{n:,}: {why} ({', '.join(names)}{more})")
        return lines


def draft_of_path(path: Path, options: Options) -> Draft:
    """The draft of a folder or file. Raises DataError when it makes no data set."""
    with open_path(path) as tree:
        return draft(tree, options)


def draft_of_uploads(files: Mapping[str, bytes], options: Options) -> Draft:
    """The draft of uploaded files by name. Raises DataError like `draft_of_path`."""
    with open_uploads(files) as tree:
        return draft(tree, options)


def draft(tree: Tree, options: Options) -> Draft:
    """The draft of a tree of files. Raises DataError when it makes no data set."""
    gathered = _Gathered(tree.title, options)
    gathered.take(read_tree(tree, options))
    return gathered.draft()


def draft_of_pictures(title: str, pictures: Iterable[Picture]) -> Draft:
    """The draft of pictures that are here already. Raises DataError like `draft_of_path`."""
    gathered = _Gathered(title, Options())
    gathered.take(pictures)
    return gathered.draft()


@dataclass
class _Gathered:
    """Pictures of one size, as they come in."""

    title: str
    options: Options
    size: Size | None = None
    pictures: list[Pixels] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    dropped: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    n_changed: int = 0
    n_bytes: int = 0

    def take(self, found: Iterable[Picture | Dropped]) -> None:
        """Take in what a reader finds."""
        if self.options.size is not None:
            height, width = self.options.size
            self.size = height, width
        for one in found:
            if isinstance(one, Dropped):
                n, names = self.dropped.get(one.why, (0, ()))
                self.dropped[one.why] = (n + 1, (*names, one.where)[:MAX_SHOWN])
                continue
            if len(self.pictures) == MAX_PICTURES:
                raise DataError(
                    f"{self.title}: expected at most {MAX_PICTURES:,} pictures; it holds more. "
                    "Give a part of them."
                )
            self._add(one)

    def _add(self, one: Picture) -> None:
        size = one.pixels.shape[:2]
        if self.size is None and not self.pictures and _is_small(size):
            self.size = size
        elif self.options.size is None and size != self.size:  # none in common
            self.size = (AUTO_SIDE, AUTO_SIDE)
            self.pictures = [self._fitted(p) for p in self.pictures]
            self.n_bytes = sum(p.nbytes for p in self.pictures)
        pixels = self._fitted(one.pixels)
        self.pictures.append(pixels)
        self.labels.append(one.label)
        self.splits.append(one.split)
        self.n_bytes += pixels.nbytes
        if self.n_bytes > MAX_BYTES:
            height, width = self.size or size
            raise DataError(
                f"{self.title}: expected at most {MAX_BYTES >> 20} MiB of pixels; it holds more at "
                f"{height} x {width}. Choose a smaller size, or give fewer pictures."
            )

    def _fitted(self, pixels: Pixels) -> Pixels:
        assert self.size is not None
        if self.options.colour == "grey" and pixels.ndim == 3:
            pixels = np.asarray(Image.fromarray(pixels).convert("L"))
        elif pixels.ndim == 3 and self.options.colour == "auto" and _is_grey(pixels):
            pixels = pixels[..., 0]
        if pixels.shape[:2] == self.size:
            return pixels
        self.n_changed += 1
        image, (height, width) = Image.fromarray(np.ascontiguousarray(pixels)), self.size
        return np.asarray(FIT[self.options.fit](image, (width, height)))

    def draft(self) -> Draft:
        """What was taken in. Raises DataError where that is too little."""
        if len(self.pictures) < MIN_PICTURES:
            reasons = "; ".join(f"{n:,}: {why}" for why, (n, _) in self.dropped.items())
            raise DataError(
                f"{self.title}: expected at least {MIN_PICTURES} pictures; got "
                f"{len(self.pictures)}{f', for these were dropped: {reasons}' if reasons else ''}."
            )
        names = sorted(set(self.labels), key=natural)
        if len(names) > MAX_CLASSES:
            raise DataError(
                f"{self.title}: expected at most {MAX_CLASSES:,} classes; got {len(names):,}, such "
                f"as {', '.join(names[:3])}. Put the pictures of a class into one folder."
            )
        number = {name: k for k, name in enumerate(names)}
        labels = np.array([number[label] for label in self.labels], np.int64)
        train, test, how = self._split(labels)
        if not (len(train) and len(test)):
            raise DataError(
                f"{self.title}: expected two pictures or more of some class, one of them to test "
                f"on; got {len(names)} classes of one picture each. Give more of each."
            )
        pixels = self._stacked()
        first, second = (
            Split(torch.from_numpy(pixels[index]), torch.from_numpy(labels[index]))
            for index in (train, test)
        )
        return Draft(first, second, tuple(names), self.dropped, tuple(self._notes(how)))

    def _stacked(self) -> Pixels:
        """(n, c, H, W), inverted where that is asked for."""
        in_colour = self.options.colour == "colour" or any(p.ndim == 3 for p in self.pictures)
        shape = (len(self.pictures), 3 if in_colour else 1, *self.pictures[0].shape[:2])
        if np.prod(shape) > MAX_BYTES:
            raise DataError(
                f"{self.title}: expected at most {MAX_BYTES >> 20} MiB of pixels; in colour they "
                "take more. Choose grey, a smaller size, or fewer pictures."
            )
        pixels = np.empty(shape, np.uint8)
        for place, picture in zip(pixels, self.pictures, strict=True):
            place[:] = np.moveaxis(picture, -1, 0) if picture.ndim == 3 else picture
        return 255 - pixels if self.options.invert else pixels

    def _split(self, labels: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp], str]:
        """Places of the training and of the test pictures, and how they were chosen."""
        rng = np.random.default_rng(self.options.seed)
        order, share = rng.permutation(len(labels)), self.options.test_share
        splits = np.array(self.splits)
        if share is None and (splits == TRAIN).any() and (splits == TEST).any():
            is_test, how = splits == TEST, "The split is that of the source."
        else:
            is_test = np.zeros(len(labels), bool)
            for label in np.unique(labels):
                mine = order[labels[order] == label]
                n_test = min(max(1, round((share or TEST_SHARE) * len(mine))), len(mine) - 1)
                is_test[mine[:n_test]] = True
            how = f"{share or TEST_SHARE:.0%} of each class is kept for testing."
        return order[~is_test[order]], order[is_test[order]], how

    def _notes(self, how: str) -> list[str]:
        height, width = self.pictures[0].shape[:2]
        notes = [how]
        if self.n_changed:
            notes.append(f"Pictures of other sizes {DONE[self.options.fit]} {height} × {width}.")
        if self.options.invert:
            notes.append("Dark and light have changed places.")
        return notes


def _is_small(size: Size) -> bool:
    return all(MIN_SIDE <= side <= MAX_SIDE for side in size)


def _is_grey(pixels: Pixels) -> bool:
    red = pixels[..., :1]
    return bool((pixels == red).all())


def _stretched(image: Image.Image, size: Size) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS)


def _cropped(image: Image.Image, size: Size) -> Image.Image:
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def _padded(image: Image.Image, size: Size) -> Image.Image:
    return ImageOps.pad(image, size, Image.Resampling.LANCZOS)


FIT: dict[str, Callable[[Image.Image, Size], Image.Image]] = {
    "crop": _cropped, "pad": _padded, "stretch": _stretched,
}  # fmt: skip
DONE = {
    "crop": "are cropped to their middle and made",
    "pad": "are padded with black and made",
    "stretch": "are stretched to",
}
