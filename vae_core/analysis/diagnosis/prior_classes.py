"""Of which class the nearest code to a draw of the prior is: whether the prior meets every class.

Each image has one class, so the counts of n draws are multinomial, and that of one class binomial.
Where draws of p(z) fall among the codes as the images do, the counts follow the classes' shares.
"""

from __future__ import annotations

import math

import pandas as pd
import torch

from vae_core.codes import Codes
from vae_core.errors import ConfigError


def prior_classes(codes: Codes, n: int = 200, seed: int = 0) -> pd.DataFrame:
    """How many of n draws of the prior lie nearest to the posterior mean of an image of each class.

    Parameters
    ----------
    codes : Codes
    n : int
        Draws of p(z); those of N(0, I) for a point mass.
    seed : int

    Returns
    -------
    DataFrame
        A row for each class that the images have. Columns label; hits; low, high: the interval of
        one standard error about the binomial share (Wilson 1927), times n, which has a width at 0
        hits, too; share: of the images that are of this class; expected: n times that.

    Raises
    ------
    ConfigError
        For no draw.
    """
    if n < 1:
        raise ConfigError(f"expected one draw or more; got {n}.")
    z = codes.prior().sample((n,), torch.Generator().manual_seed(seed)).flatten(1)
    nearest = torch.cdist(z, codes.mean.flatten(1).to(z.dtype)).argmin(1)
    labels = codes.labels.unique().tolist()
    hits = [int((codes.labels[nearest] == label).sum()) for label in labels]
    shares = [float((codes.labels == label).double().mean()) for label in labels]
    ends = [wilson(k, n) for k in hits]
    return pd.DataFrame(
        {
            "label": labels,
            "hits": hits,
            "low": [n * low for low, _ in ends],
            "high": [n * high for _, high in ends],
            "share": shares,
            "expected": [n * share for share in shares],
        }
    )


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Both ends of the interval of one standard error about a binomial share, Wilson's.

    They solve |p - hits / n| = sqrt(p (1 - p) / n).
    """
    share = hits / n
    middle = (share + 0.5 / n) / (1.0 + 1.0 / n)
    half = math.sqrt(share * (1.0 - share) / n + 0.25 / n**2) / (1.0 + 1.0 / n)
    return max(0.0, middle - half), min(1.0, middle + half)
