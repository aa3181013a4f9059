"""Codes as a table, and tables as files for other programs."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from vae_core.analysis.evidence.bounds import ImageBounds
from vae_core.analysis.rate.rates import latent_names
from vae_core.codes import Codes
from vae_core.errors import DataError
from vae_core.evaluate import ImageTerms


def codes_table(
    codes: Codes,
    terms: ImageTerms | None = None,
    bounds: ImageBounds | None = None,
    bounded: Int[Tensor, " m"] | None = None,
) -> pd.DataFrame:
    """One row per image: mean and width of its posterior, its ELBO terms, its bound on log p(x).

    The moments mean the same for every family: a Dirichlet's are those of its proportions, and
    correlations are left out.

    Parameters
    ----------
    codes : Codes
        Of a split, or of some of its images.
    terms : ImageTerms, optional
        Of every image of that split; they take the images themselves.
    bounds : ImageBounds, optional
        Of images of that split.
    bounded : Tensor, (m,), optional
        Their positions in the split; by default 0 ... m-1.

    Returns
    -------
    DataFrame
        Columns index (position in the split) and label (int64); mean_* and std_* (float32) for
        every dimension of `latent_names`, in the order of z.flatten(); rate (float64), KL(q(z|x)
        || p(z)) in nats per image. With terms also distortion and negative_elbo (float64), whose
        means over a split are those of `evaluate`; the rate is then that of the terms, which
        codes in half precision have to a few digits only. A point mass has neither width nor a
        finite rate: of its terms there is the distortion. With bounds also negative_bound
        (float64), -L_k in nats with the most draws, ess, the effective sample size of these, from
        1 to k, and the same in every row: n_importance, k, and proposal_scale; missing where an
        image has no bound.

    Raises
    ------
    DataError
        When there are no terms of some of these images, or bounds of others than are named.
    """
    names = latent_names(codes.latent_shape)
    columns: dict[str, Any] = {"index": codes.index.numpy(), "label": codes.labels.numpy()}
    numbers = {"mean": codes.mean}
    if codes.family.has_density:
        numbers["std"] = codes.variance.sqrt()
    for what, values in numbers.items():
        flat = values.flatten(1).float().numpy()
        columns |= {f"{what}_{name}": flat[:, j] for j, name in enumerate(names)}
    columns |= _terms(codes, terms)
    if bounds is not None:
        columns |= _bounds(codes, bounds, bounded)
    return pd.DataFrame(columns)


def _terms(codes: Codes, terms: ImageTerms | None) -> dict[str, NDArray[np.float64]]:
    """The ELBO terms that are known of these codes, and finite."""
    if terms is None:
        return {"rate": codes.rate.double().numpy()} if codes.family.has_rate else {}
    last = int(codes.index.max()) if len(codes) else -1
    if last >= len(terms):
        raise DataError(f"expected terms of at least {last + 1} images; got {len(terms)}.")
    names = ("distortion", "rate", "negative_elbo") if codes.family.has_rate else ("distortion",)
    return {name: getattr(terms, name)[codes.index].numpy() for name in names}


def _bounds(codes: Codes, bounds: ImageBounds, bounded: Tensor | None) -> dict[str, Any]:
    """The columns of the bound, by the positions that the codes' images have."""
    n = len(bounds.ess)
    where = torch.arange(n) if bounded is None else bounded
    if len(where) != n:
        raise DataError(f"expected the positions of {n} images with a bound; got {len(where)}.")
    size = 1 + max(int(codes.index.max()), int(where.max())) if len(codes) and n else 0
    columns: dict[str, Any] = {}
    for name, values in (("negative_bound", bounds.negative_bounds[-1]), ("ess", bounds.ess)):
        every = torch.full((size,), math.nan).double()
        every[where] = values.double()
        columns[name] = every[codes.index].numpy()
    return columns | {"n_importance": bounds.steps[-1], "proposal_scale": bounds.widen}


def csv_bytes(table: pd.DataFrame) -> bytes:
    """A table as CSV, with enough digits to give its numbers back exactly."""
    text: str = table.to_csv(index=False)
    return text.encode()


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """A table as Parquet: the same numbers, smaller and quicker to read."""
    file = io.BytesIO()
    table.to_parquet(file, index=False)
    return file.getvalue()
