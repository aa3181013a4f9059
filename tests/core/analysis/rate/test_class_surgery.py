"""The posteriors of classes: slabs, lumps and sums whose KL is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.core.analysis.rate.test_aggregate import (
    gaussians,
    normal_quantiles,
    random_codes,
    seeded,
)
from tests.core.posteriors.families import WITH_DENSITY
from vae_core.analysis import (
    aggregate_posterior,
    class_buildup,
    class_densities,
    class_surgery,
    marginal_kl,
)
from vae_core.errors import ConfigError

N = 1600  # images; their densities are N x N numbers


@pytest.mark.parametrize("k", [2, 4])
def test_slabs_of_the_prior_cost_ln_k_each_and_nothing_together(k):
    sigma = 0.01
    mu = math.sqrt(1 - sigma**2) * normal_quantiles(N)[:, None]
    codes = gaussians(mu, sigma, torch.arange(N) * k // N)
    surgery = class_surgery(codes, N)
    # Posteriors reach over the edges of their slab by sigma: a little less than ln k.
    np.testing.assert_allclose(surgery.table["class_kl"], math.log(k), atol=0.06)
    assert surgery.marginal_kl.high.value == pytest.approx(0.0, abs=0.02)
    assert surgery.label_information.high.value == pytest.approx(math.log(k), abs=0.05)


def test_what_is_not_gaussian_of_a_class_is_the_rest():
    random = seeded()
    round_class = torch.randn(3000, 2, generator=random).double() * 0.8 + 1.0
    two_lumps = torch.randn(3000, 2, generator=random).double() * 0.2
    two_lumps[::2, 0] += 3.0
    labels = torch.arange(6000) // 3000
    codes = gaussians(torch.cat([round_class, two_lumps]), 0.3, labels)
    table = class_surgery(codes, 3000).table
    parts = table["matched_kl"] + table["non_gaussian_kl"]
    np.testing.assert_allclose(parts, table["class_kl"])
    assert table["non_gaussian_kl"][0] == pytest.approx(0.0, abs=0.05)
    assert table["non_gaussian_kl"][1] == pytest.approx(math.log(2) * 0.75, abs=0.35)
    assert table["non_gaussian_kl"][1] > 0.2


def test_classes_and_their_mixture_differ_by_what_z_says_of_the_class():
    codes = random_codes("diagonal", (2,), 90)
    surgery = class_surgery(codes, 2000)
    weighted = (surgery.table["class_kl"] * surgery.table["n_images"]).sum() / 90
    assert surgery.mean_class_kl.high.value == pytest.approx(weighted)
    information = surgery.label_information.high.value
    assert information == pytest.approx(weighted - surgery.marginal_kl.high.value)
    assert 0.0 <= surgery.label_information.low.value < information < math.log(3)


def test_nothing_is_told_of_all_classes_when_one_of_them_is_saturated():
    mu = torch.cat([3.0 * torch.randn(150, 20, generator=seeded()), torch.zeros(150, 20)])
    sigma = torch.tensor([0.05, 1.0]).repeat_interleave(150)[:, None]
    surgery = class_surgery(gaussians(mu, sigma, torch.arange(300) // 150), 300)
    assert surgery.table["class_kl"].isna().tolist() == [True, False]
    assert math.isnan(surgery.mean_class_kl.high.value)
    assert math.isnan(surgery.label_information.high.value)


@pytest.mark.parametrize("k", [2, 4])
def test_slabs_added_one_by_one_cost_less_and_less(k):
    """The first j of k slabs are N(0, 1) cut off: KL = ln(k / j), and 0 when all are there."""
    sigma = 0.01
    mu = math.sqrt(1 - sigma**2) * normal_quantiles(N)[:, None]
    table = class_buildup(gaussians(mu, sigma, torch.arange(N) * k // N), 0, N)
    known = [math.log(k / j) for j in range(1, k + 1)]
    np.testing.assert_allclose(table["kl"], known, atol=0.04)
    np.testing.assert_allclose(table["dim_kl"], known, atol=0.04)
    assert table["n_images"].tolist() == [N * j // k for j in range(1, k + 1)]


@pytest.mark.parametrize("family", WITH_DENSITY)
def test_the_first_row_is_the_first_class_and_the_last_row_is_the_whole(family):
    codes = random_codes(family, (3,), 60)
    table = class_buildup(codes, 1, 300)
    first = codes.take(torch.nonzero(codes.labels == 0)[:, 0])
    assert table["kl"].iloc[0] == pytest.approx(marginal_kl(first, 300), nan_ok=True)
    assert table["kl"].iloc[-1] == pytest.approx(marginal_kl(codes, 300), nan_ok=True)
    assert table["label"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("family", WITH_DENSITY)
def test_densities_of_classes_add_up_to_that_of_all(family):
    codes = random_codes(family, (3,), 60)
    places = torch.linspace(0.05, 0.95, 9, dtype=codes.params.dtype)
    parts = class_densities(codes, 2, places)
    whole = aggregate_posterior(codes).dim_log_prob(places, 2).exp()
    torch.testing.assert_close(parts.sum(0), whole)
    assert parts.shape == (3, 9)


def test_a_class_has_its_share_of_the_mass():
    labels = torch.tensor([0] * 10 + [4] * 30)
    codes = gaussians(torch.randn(40, 2, generator=seeded()).double(), 0.4, labels)
    places = torch.linspace(-8, 8, 801).double()
    mass = torch.trapezoid(class_densities(codes, 1, places), places)
    torch.testing.assert_close(mass, torch.tensor([0.25, 0.75]).double())


def test_one_dimension_is_told_even_where_all_of_z_is_saturated():
    codes = gaussians(3.0 * torch.randn(300, 20, generator=seeded()), 0.05, torch.arange(300) % 3)
    table = class_buildup(codes, 0, 300)
    assert table["kl"].isna().all()
    assert np.isfinite(table["dim_kl"]).all()


def test_points_have_no_densities():
    codes = random_codes("delta", (2,))
    with pytest.raises(ConfigError, match="no density"):
        class_densities(codes, 0, torch.zeros(1))
    with pytest.raises(ConfigError, match="no density"):
        class_buildup(codes, 0)
