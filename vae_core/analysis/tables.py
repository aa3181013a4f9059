"""Codes as a table, and tables as files for other programs."""

from __future__ import annotations

import io

import pandas as pd

from vae_core.analysis.rates import latent_names
from vae_core.codes import Codes


def codes_table(codes: Codes) -> pd.DataFrame:
    """One row per image: mean and width of its posterior, and its KL.

    The moments mean the same for every family: a Dirichlet's are those of its proportions, and
    correlations are left out.

    Returns
    -------
    DataFrame
        Columns index (position in the split) and label (int64); mean_* and std_* (float32) for
        every dimension of `latent_names`, in the order of z.flatten(); kl (float32), KL(q(z|x) ||
        p(z)) in nats per image. A point mass has neither width nor a finite KL, so no such
        columns.
    """
    names = latent_names(codes.latent_shape)
    columns = {"index": codes.index.numpy(), "label": codes.labels.numpy()}
    numbers = {"mean": codes.mean}
    if codes.family.has_density:
        numbers["std"] = codes.variance.sqrt()
    for what, values in numbers.items():
        flat = values.flatten(1).float().numpy()
        columns |= {f"{what}_{name}": flat[:, j] for j, name in enumerate(names)}
    if codes.family.has_rate:
        columns["kl"] = codes.rate.float().numpy()
    return pd.DataFrame(columns)


def csv_bytes(table: pd.DataFrame) -> bytes:
    """A table as CSV, with enough digits to give float32 numbers back exactly."""
    text: str = table.to_csv(index=False)
    return text.encode()


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """A table as Parquet: the same numbers, smaller and quicker to read."""
    file = io.BytesIO()
    table.to_parquet(file, index=False)
    return file.getvalue()
