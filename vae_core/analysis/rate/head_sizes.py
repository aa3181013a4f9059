"""How many numbers the encoder's head gives for one image: arithmetic of covariance matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

DIAGONAL, FULL_CELL, FULL = "diagonal", "full at each cell", "full over all dimensions"
VECTORS = (2, 10, 20, 64)  # dimensions of latent vectors to compare with


def head_sizes(latent_shape: Sequence[int], vectors: Sequence[int] = VECTORS) -> pd.DataFrame:
    """Outputs of a Gaussian's encoder by its covariance, for a latent and for vectors beside it.

    A diagonal takes a mean and a variance for each of the M dimensions, 2 M; a full covariance of
    C dimensions M + C (C + 1) / 2 = C (C + 3) / 2 of them at each site, or once over all M.

    Parameters
    ----------
    latent_shape : (*sites, C)
    vectors : sequence of int
        Other d, a row each.

    Returns
    -------
    DataFrame
        Columns latent: the shape, (*sites, C); DIAGONAL, FULL_CELL, FULL: outputs. A vector is one
        site, so that both kinds of full are the same for it.
    """
    shapes = [tuple(latent_shape), *((d,) for d in vectors if (d,) != tuple(latent_shape))]
    rows = []
    for *sites, channels in shapes:
        n_sites = math.prod(sites)
        size = n_sites * channels
        rows.append((2 * size, n_sites * channels * (channels + 3) // 2, size * (size + 3) // 2))
    table = pd.DataFrame(rows, columns=[DIAGONAL, FULL_CELL, FULL])
    return table.assign(latent=pd.Series(shapes, dtype=object))
