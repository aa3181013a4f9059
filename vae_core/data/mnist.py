"""MNIST, Fashion-MNIST and KMNIST: four IDX files each, under the same names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vae_core.config import DATASETS, DataConfig
from vae_core.data.dataset import Dataset, Split
from vae_core.data.idx import read_idx
from vae_core.data.sources import SOURCES, Source, obtain_files
from vae_core.errors import DataError

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


_TORCHVISION = {  # its folders, by title
    "MNIST": "MNIST", "Fashion-MNIST": "FashionMNIST", "KMNIST": "KMNIST",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class IdxSource(Source):
    """A data set of this family: four files, gzipped or plain."""

    files: tuple[str, ...] = FILES
    form: str = "(.gz or plain)"
    archives: tuple[str, ...] = tuple(f"{file}.gz" for file in FILES)
    first_test_labels: tuple[int, ...] = ()  # where known: file names are shared

    def arrangements(self, folder: Path) -> Iterator[dict[str, Path]]:
        """Each file plain, else gzipped; there, or where other libraries put them.

        torchvision has a folder `MNIST/raw`; archives that are handed around write a dot for the
        hyphen before idx, some with a folder of that name around each file.
        """
        for place in (folder, folder / "raw", folder / _TORCHVISION[self.title] / "raw"):
            found = {}
            for file in self.files:
                dotted = file.replace("-idx", ".idx")
                names = (file, f"{file}.gz", dotted, f"{dotted}.gz", f"{file}/{dotted}")
                paths = (place / name for name in (*names, f"{file}/{file}", f"{dotted}/{file}"))
                if path := next(filter(os.path.isfile, paths), None):
                    found[file] = path
            yield found


FAMILY = {
    "mnist": IdxSource(
        title="MNIST",
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        hashes=(
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
        megabytes=12,
        first_test_labels=(7, 2, 1, 0, 4, 1, 4, 9, 5, 9),
        class_names=tuple(str(k) for k in range(10)),
    ),
    "fashion-mnist": IdxSource(
        title="Fashion-MNIST",
        mirrors=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
        hashes=(
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
        megabytes=31,
        first_test_labels=(9, 2, 1, 1, 6, 1, 4, 6, 5, 7),
        class_names=(
            "T-shirt", "Trouser", "Pullover", "Dress", "Coat",
            "Sandal", "Shirt", "Sneaker", "Bag", "Boot",
        ),
    ),
    "kmnist": IdxSource(
        title="KMNIST",
        mirrors=("https://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        hashes=(
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        ),
        megabytes=21,
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    ),
}  # fmt: skip
SOURCES.update(FAMILY)


def _read(config: DataConfig, download: bool) -> Dataset:
    source = FAMILY[config.name]
    files = obtain_files(config, download)
    images = [read_idx(files[k], n_axes=3) for k in (0, 2)]
    labels = [read_idx(files[k], n_axes=1) for k in (1, 3)]
    _refuse_namesake(config.name, labels[1], files[3].parent)
    splits = []
    for pixels, classes, file in zip(images, labels, files[::2], strict=True):
        if len(classes) and classes.max() >= len(source.class_names):
            raise DataError(f"{file.parent}: expected labels 0 to 9; got {classes.max()}.")
        if len(classes) != len(pixels):
            raise DataError(
                f"{file.parent}: expected one label per image; {file.name} has {len(pixels)} "
                f"images and its labels file {len(classes)}."
            )
        tensor = torch.from_numpy(pixels)[:, None]
        splits.append(Split(tensor, torch.from_numpy(classes.astype(np.int64))))
    return Dataset(config.name, splits[0], splits[1], source.class_names)


def _refuse_namesake(name: str, test_labels: NDArray[np.uint8], folder: Path) -> None:
    """The family shares its file names: a folder of one is not another, where that is known."""
    first = tuple(test_labels[:10].tolist())
    for other, source in FAMILY.items():
        known = source.first_test_labels
        if other != name and known and first == known:
            raise DataError(f"{folder}: expected {FAMILY[name].title}; it holds {source.title}.")


@DATASETS.register("mnist")
def read_mnist(config: DataConfig, download: bool = True) -> Dataset:
    """MNIST (LeCun et al. 1998): 60 000 + 10 000 grey 28 x 28 handwritten digits."""
    return _read(config, download)


@DATASETS.register("fashion-mnist")
def read_fashion_mnist(config: DataConfig, download: bool = True) -> Dataset:
    """Fashion-MNIST (Xiao et al. 2017): 60 000 + 10 000 grey 28 x 28 pictures of clothes."""
    return _read(config, download)


@DATASETS.register("kmnist")
def read_kmnist(config: DataConfig, download: bool = True) -> Dataset:
    """KMNIST (Clanuwat et al. 2018): 60 000 + 10 000 grey 28 x 28 handwritten hiragana."""
    return _read(config, download)
