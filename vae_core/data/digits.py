"""The 8 x 8 digits that come with scikit-learn: no file, no download."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vae_core.config import DATASETS, DataConfig
from vae_core.data.dataset import Dataset, Split

N_TEST = 360
FILE = Path("datasets", "data", "digits.csv.gz")  # within scikit-learn: 64 pixels and the label


@DATASETS.register("digits")
def read_digits(config: DataConfig, download: bool = True) -> Dataset:
    """1797 grey 8 x 8 digits, 1437 to train and 360 to test.

    The source has no split of its own, so `config.seed` chooses the test images.
    """
    rows = _rows()
    order = np.random.default_rng(config.seed).permutation(len(rows))
    pixels = torch.from_numpy(rows[order, :-1].reshape(-1, 1, 8, 8))
    labels = torch.from_numpy(rows[order, -1].astype(np.int64))
    train = Split(pixels[N_TEST:], labels[N_TEST:], levels=16)
    test = Split(pixels[:N_TEST], labels[:N_TEST], levels=16)
    return Dataset("digits", train, test, tuple(str(k) for k in range(10)))


def _rows() -> NDArray[np.uint8]:
    """(1797, 65), from scikit-learn's file: to import it all takes 90 MB and a second."""
    found = find_spec("sklearn")
    path = Path((found and found.origin) or "").parent / FILE
    if path.is_file():
        with gzip.open(path, "rt", encoding="ascii") as file:
            return np.loadtxt(file, dtype=np.uint8, delimiter=",")
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return np.column_stack([bunch.data, bunch.target]).astype(np.uint8)
