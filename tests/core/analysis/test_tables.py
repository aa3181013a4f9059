"""Codes as a table: whose numbers are those of the posteriors, in every format."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
import torch

from tests.core.posteriors.families import WITH_OWN_PRIOR
from tests.samples import LATENTS, seeded, tiny_model
from vae_core import DataError, build_vae, encode_dataset, evaluate, evaluate_images
from vae_core.analysis import (
    Codes,
    codes_table,
    csv_bytes,
    image_bounds,
    latent_names,
    parquet_bytes,
)
from vae_core.config import POSTERIORS


@pytest.fixture(params=WITH_OWN_PRIOR)
def codes(request: pytest.FixtureRequest) -> Codes:
    return codes_of(request.param, (3,))


def codes_of(posterior: str, latent: tuple[int, ...]) -> Codes:
    model = tiny_model(latent, posterior=posterior)
    *sites, channels = latent
    width = POSTERIORS[model.posterior].n_params(channels)
    params = torch.randn(50, *sites, width, generator=seeded())
    return Codes(params, torch.arange(50) % 10, posterior, latent)


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("posterior", WITH_OWN_PRIOR)
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
        np.testing.assert_allclose(table["rate"], rate, rtol=1e-5)


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("n_samples", [1, 3])
def test_means_of_the_terms_are_those_of_the_evaluation(posterior, n_samples, digits):
    vae = build_vae(tiny_model(posterior=posterior), digits.image_shape)
    terms = evaluate_images(vae, digits.test, n_samples, seed=5)
    table = codes_table(encode_dataset(vae, digits.test), terms)
    whole = evaluate(vae, digits.test, n_samples, seed=5)
    assert table["distortion"].mean() == pytest.approx(whole.distortion, rel=0, abs=1e-9)
    if not vae.family.has_rate:
        assert not {"rate", "negative_elbo"} & set(table)
        return
    assert list(table)[-3:] == ["distortion", "rate", "negative_elbo"]
    assert table["rate"].mean() == pytest.approx(whole.rate, rel=0, abs=1e-9)
    assert table["negative_elbo"].mean() == pytest.approx(whole.negative_elbo, rel=0, abs=1e-9)
    np.testing.assert_array_equal(table["negative_elbo"], table["distortion"] + table["rate"])


def test_terms_follow_the_selection_of_images_and_are_of_all_of_them(digits):
    vae = build_vae(tiny_model(), digits.image_shape)
    codes, terms = encode_dataset(vae, digits.test), evaluate_images(vae, digits.test)
    some = codes_table(codes.take(torch.tensor([40, 3])), terms)
    assert some["distortion"].tolist() == terms.distortion[[40, 3]].tolist()
    few = evaluate_images(vae, digits.test.take(torch.arange(41)))
    assert len(codes_table(codes.first(41), few)) == 41
    with pytest.raises(DataError, match=r"terms of at least 96 images; got 41\."):
        codes_table(codes, few)


def test_each_image_has_its_own_bound_or_none(digits):
    """Whatever images the bound is of and the table shows, and in whatever order."""
    vae = build_vae(tiny_model(), digits.image_shape)
    codes, bounded = encode_dataset(vae, digits.test), torch.tensor([40, 3, 7])
    bounds = image_bounds(vae, digits.test.take(bounded), (1, 5), 1.4)
    table = codes_table(codes, None, bounds, bounded).set_index("index")
    assert list(table)[-4:] == ["negative_bound", "ess", "n_importance", "proposal_scale"]
    assert (
        table.loc[bounded.tolist(), "negative_bound"].tolist()
        == bounds.negative_bounds[-1].tolist()
    )
    assert table.loc[bounded.tolist(), "ess"].tolist() == bounds.ess.tolist()
    assert table["negative_bound"].count() == table["ess"].count() == 3
    assert set(table["n_importance"]) == {5}
    assert set(table["proposal_scale"]) == {1.4}
    some = codes_table(codes.take(torch.tensor([3, 5])), None, bounds, bounded)
    assert some["negative_bound"].tolist()[:1] == [float(bounds.negative_bounds[-1][1])]
    assert some["negative_bound"].isna().tolist() == [False, True]
    with pytest.raises(DataError, match=r"positions of 3 images with a bound; got 2\."):
        codes_table(codes, None, bounds, bounded[:2])


def test_files_give_the_terms_back_exactly(digits):
    vae = build_vae(tiny_model(), digits.image_shape)
    table = codes_table(encode_dataset(vae, digits.test), evaluate_images(vae, digits.test))
    csv = pd.read_csv(io.BytesIO(csv_bytes(table)))
    pd.testing.assert_frame_equal(csv.astype(table.dtypes), table, check_exact=True)
    parquet = pd.read_parquet(io.BytesIO(parquet_bytes(table)))
    pd.testing.assert_frame_equal(parquet, table, check_exact=True)


def test_parquet_gives_the_table_back_exactly(codes):
    table = codes_table(codes)
    again = pd.read_parquet(io.BytesIO(parquet_bytes(table)))
    pd.testing.assert_frame_equal(again, table, check_exact=True)


def test_csv_gives_every_number_back(codes):
    table = codes_table(codes)
    again = pd.read_csv(io.BytesIO(csv_bytes(table)))
    again = again.astype(table.dtypes)
    pd.testing.assert_frame_equal(again, table, check_exact=True)
