"""The 8 x 8 digits that come with scikit-learn: no file, no download."""

from __future__ import annotations

import numpy as np
import torch

from vae_core.config import DATASETS, DataConfig
from vae_core.data.dataset import Dataset, Split

N_TEST = 360


@DATASETS.register("digits")
def read_digits(config: DataConfig, download: bool = True) -> Dataset:
    """1797 grey 8 x 8 digits, 1437 to train and 360 to test.

    The source has no split of its own, so `config.seed` chooses the test images.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(config.seed).permutation(len(bunch.target))
    pixels = torch.from_numpy(bunch.images[order].astype(np.uint8))[:, None]  # (n, 1, 8, 8)
    labels = torch.from_numpy(bunch.target[order].astype(np.int64))
    train = Split(pixels[N_TEST:], labels[N_TEST:], levels=16)
    test = Split(pixels[:N_TEST], labels[:N_TEST], levels=16)
    return Dataset("digits", train, test, tuple(str(k) for k in range(10)))
