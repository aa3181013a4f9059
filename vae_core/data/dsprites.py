"""dSprites: a white square, ellipse or heart of 64 x 64 pixels, at every scale, turn and place.

The file is an .npz of all 737 280 combinations of six factors, of which a part is enough here:
60 000 to train and 10 000 to test, drawn by the seed of the data. Its notes are a pickle and are
not read. Matthey et al. 2017, https://github.com/google-deepmind/dsprites-dataset
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from vae_core.config import DATASETS, DataConfig
from vae_core.data.dataset import Dataset, Split
from vae_core.data.npy import FAULTS, npy_header
from vae_core.data.sources import SOURCES, Source, obtain_files
from vae_core.errors import DataError, RunError
from vae_core.io import reading

FILE = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
IMAGES, FACTORS = "imgs.npy", "latents_classes.npy"
SIDE, N_FACTORS, SHAPE = 64, 6, 1  # the factor that is the class
MAX_IMAGES = 1_000_000
N_TRAIN, N_TEST = 60_000, 10_000
BLOCK = 4096  # images unpacked at a time
CLASS_NAMES = ("square", "ellipse", "heart")
AGAIN = "Delete the file and fetch it again."


@dataclass(frozen=True, kw_only=True)
class DSpritesSource(Source):
    """One file."""

    def arrangements(self, folder: Path) -> Iterator[dict[str, Path]]:
        """The file in the folder."""
        yield {FILE: folder / FILE} if os.path.isfile(folder / FILE) else {}


SOURCES["dsprites"] = DSpritesSource(
    title="dSprites",
    files=(FILE,),
    form="(as it comes)",
    archives=(FILE,),
    hashes=("md5:7da33b31b13a06f4b04a70402ce90c2e",),
    mirrors=(
        "https://github.com/google-deepmind/dsprites-dataset/raw/master/",
        "https://raw.githubusercontent.com/google-deepmind/dsprites-dataset/master/",
    ),
    megabytes=26,
    class_names=CLASS_NAMES,
)


@DATASETS.register("dsprites")
def read_dsprites(config: DataConfig, download: bool = True) -> Dataset:
    """dSprites (Matthey et al. 2017): 60 000 + 10 000 of its 64 x 64 shapes, drawn by the seed."""
    (path,) = obtain_files(config, download)
    try:
        with reading(path, follow=True) as file, zipfile.ZipFile(file) as packed:
            with packed.open(FACTORS) as factors:
                shapes = _factors(cast(BufferedIOBase, factors))
            n_test = min(N_TEST, len(shapes) // 4)
            order = np.random.default_rng(config.seed).permutation(len(shapes))
            chosen = order[: min(N_TRAIN, len(shapes) - n_test) + n_test]
            with packed.open(IMAGES) as images:
                pixels = _images(cast(BufferedIOBase, images), len(shapes), chosen)
    except RunError as error:
        raise DataError(f"{error} {AGAIN}") from error
    except (*FAULTS, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: cannot be read ({error}). {AGAIN}") from error
    labels = torch.from_numpy(shapes[chosen])
    parts = slice(n_test, None), slice(n_test)
    train, test = (Split(pixels[part], labels[part], levels=1) for part in parts)
    return Dataset("dsprites", train, test, CLASS_NAMES)


def _factors(file: BufferedIOBase) -> NDArray[np.int64]:
    """The shape of every image, as a label. Raises ValueError."""
    (n, *rest), by_columns, dtype = npy_header(file)
    if rest != [N_FACTORS] or by_columns or dtype != np.int64 or not 4 <= n <= MAX_IMAGES:
        raise ValueError(f"{FACTORS} is not (n, {N_FACTORS}) whole numbers")
    n_bytes = n * N_FACTORS * dtype.itemsize
    values = np.frombuffer(_exactly(file, n_bytes), np.int64).reshape(n, N_FACTORS)[:, SHAPE]
    if not 0 <= values.min() <= values.max() < len(CLASS_NAMES):
        raise ValueError(f"{FACTORS} has shapes other than 0 to {len(CLASS_NAMES) - 1}")
    return values.copy()


def _images(file: BufferedIOBase, n: int, chosen: NDArray[np.int64]) -> torch.Tensor:
    """The chosen images in their order, (m, 1, 64, 64), each 0 or 1. Raises ValueError."""
    shape, by_columns, dtype = npy_header(file)
    if shape != (n, SIDE, SIDE) or by_columns or dtype != np.uint8:
        raise ValueError(f"{IMAGES} is not ({n}, {SIDE}, {SIDE}) bytes")
    pixels, place = np.empty((len(chosen), SIDE, SIDE), np.uint8), np.full(n, -1)
    place[chosen] = np.arange(len(chosen))
    for begin in range(0, n, BLOCK):
        size = min(BLOCK, n - begin)
        block = np.frombuffer(_exactly(file, size * SIDE * SIDE), np.uint8)
        wanted = place[begin : begin + size] >= 0
        pixels[place[begin : begin + size][wanted]] = block.reshape(size, SIDE, SIDE)[wanted]
    if pixels.max() > 1:
        raise ValueError(f"{IMAGES} has pixels other than 0 and 1")
    return torch.from_numpy(pixels)[:, None]


def _exactly(file: BufferedIOBase, n_bytes: int) -> bytes:
    content = file.read(n_bytes)
    if len(content) < n_bytes:
        raise EOFError("it is cut short")
    return content
