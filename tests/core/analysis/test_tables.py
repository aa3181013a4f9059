"""Codes as a table: whose numbers are those of the posteriors, in every format."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
import torch

from tests.samples import LATENTS, seeded, tiny_model
from vae_core.analysis import Codes, codes_table, csv_bytes, latent_names, parquet_bytes
from vae_core.config import POSTERIORS


@pytest.fixture(params=POSTERIORS)
def codes(request: pytest.FixtureRequest) -> Codes:
    return codes_of(request.param, (3,))


def codes_of(posterior: str, latent: tuple[int, ...]) -> Codes:
    model = tiny_model(latent, posterior=posterior)
    *sites, channels = latent
    width = POSTERIORS[model.posterior].n_params(channels)
    params = torch.randn(50, *sites, width, generator=seeded())
    return Codes(params, torch.arange(50) % 10, posterior, latent)


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("posterior", POSTERIORS)
def test_every_number_of_the_posterior_has_its_column(posterior, latent):
    codes = codes_of(posterior, latent).take(torch.arange(10, 30))
    table, q = codes_table(codes), codes.posterior()
    assert table["index"].tolist() == list(range(10, 30))
    assert table["label"].tolist() == codes.labels.tolist()
    for j, name in enumerate(latent_names(latent)):
        np.testing.assert_array_equal(table[f"mean_{name}"], q.mean.flatten(1)[:, j])
        if codes.family.has_density:
            std = q.variance.sqrt().flatten(1)[:, j]
            np.testing.assert_allclose(table[f"std_{name}"], std, rtol=1e-6)
    d = len(latent_names(latent))
    assert len(table.columns) == 2 + d * (1 + codes.family.has_density) + codes.family.has_rate
    if codes.family.has_rate:
        rate = torch.distributions.kl_divergence(q, codes.prior())
        np.testing.assert_allclose(table["kl"], rate, rtol=1e-5)


def test_parquet_gives_the_table_back_exactly(codes):
    table = codes_table(codes)
    again = pd.read_parquet(io.BytesIO(parquet_bytes(table)))
    pd.testing.assert_frame_equal(again, table, check_exact=True)


def test_csv_gives_every_float32_back(codes):
    table = codes_table(codes)
    again = pd.read_csv(io.BytesIO(csv_bytes(table))).astype(table.dtypes)
    pd.testing.assert_frame_equal(again, table, check_exact=True)
