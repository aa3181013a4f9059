"""The preview sheet: the first pictures of every class in a row of its own."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from vae_core.data.dataset import Split

N_ACROSS, MAX_ROWS = 12, 20
GAP = 2  # pixels between pictures
BACKGROUND = 127


def first_of_classes(split: Split, n_classes: int, n: int = N_ACROSS) -> list[list[int]]:
    """Places of the first n pictures of every class."""
    return [torch.nonzero(split.labels == k).flatten()[:n].tolist() for k in range(n_classes)]


def sheet(split: Split, n_classes: int) -> NDArray[np.uint8]:
    """(H, W, 3): a row for every class, as many as fit, in the order of the labels."""
    _, height, width = split.image_shape
    rows = first_of_classes(split, min(n_classes, MAX_ROWS))
    shape = (len(rows) * (height + GAP) - GAP, N_ACROSS * (width + GAP) - GAP, 3)
    whole = np.full(shape, BACKGROUND, np.uint8)
    for row, places in enumerate(rows):
        for column, place in enumerate(places):
            top, left = row * (height + GAP), column * (width + GAP)
            picture = split.pixels[place].permute(1, 2, 0).numpy()  # one channel fills all three
            whole[top : top + height, left : left + width] = picture
    return whole
