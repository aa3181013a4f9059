"""The preview sheet: the first pictures of every class in a row of its own."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from vae_core.data.dataset import Split

N_ACROSS, MAX_ROWS = 12, 20
GAP = 2  # pixels between pictures


def row(split: Split, label: int) -> NDArray[np.uint8]:
    """(H, W, 4): the first pictures of a class; clear where there are fewer, and between them."""
    _, height, width = split.image_shape
    whole = np.zeros((height, N_ACROSS * (width + GAP) - GAP, 4), np.uint8)
    for k, place in enumerate(torch.nonzero(split.labels == label).flatten()[:N_ACROSS].tolist()):
        tile = whole[:, k * (width + GAP) :][:, :width]
        tile[..., :3] = split.pixels[place].permute(1, 2, 0).numpy()  # one channel fills all three
        tile[..., 3] = 255
    if split.levels != 255:
        whole[..., :3] *= np.uint8(255 // split.levels)
    return whole


def sheet(split: Split, n_classes: int) -> NDArray[np.uint8]:
    """(H, W, 4): the rows of the first classes, in the order of their labels."""
    rows = [row(split, label) for label in range(min(n_classes, MAX_ROWS))]
    gap = np.zeros((GAP, *rows[0].shape[1:]), np.uint8)
    return np.concatenate([part for one in rows for part in (gap, one)][1:])
