"""Collapse as a law: predicted and measured, exactly for linear models, and where it begins."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from tests.samples import ROOT, seeded, tiny_run
from vae_core import Codes, Run, RunStore, Split, encode_dataset, load_dataset
from vae_core.analysis import (
    collapse_law,
    collapse_points,
    data_spectrum,
    has_law,
    noise_spectrum,
    water_level,
)
from vae_core.analysis.diagnosis.collapse_law import NO_KL, predicted_kl
from vae_core.comparison import by_value
from vae_core.config import LIKELIHOODS, POSTERIORS

LAWS = ROOT / "assets" / "collapse"


def law_of(run: Run) -> pd.DataFrame:
    train = load_dataset(run.config.data).train
    spectrum = noise_spectrum(train, LIKELIHOODS[run.config.model.likelihood])
    vae = run.vae()
    return collapse_law(encode_dataset(vae, train), spectrum, water_level(vae, run.effective_beta))


@pytest.fixture(scope="module")
def laws() -> dict[str, pd.DataFrame]:
    """Tables of the two sweeps that ship."""
    found = {}
    for folder in ("digits-linear", "digits-mlp"):
        runs = by_value([entry.run for entry in RunStore(LAWS / folder).list() if entry.run])
        found[folder] = pd.concat([law_of(run) for run in runs], ignore_index=True)
    return found


def test_a_linear_vae_keeps_the_law_to_a_twentieth_of_a_nat(laws):
    law = laws["digits-linear"]
    assert (law["kl"] - law["predicted"]).abs().max() < 0.05


def test_the_first_five_points_of_collapse_are_the_eigenvalues_to_two_percent(laws):
    law = laws["digits-linear"]
    some = law[(law["rank"] <= 5) & (law["predicted"] > 0.1)]
    assert some["rank"].nunique() == 5
    np.testing.assert_allclose(some["vanishes_at"], some["eigenvalue"], rtol=0.02)


def test_every_point_of_collapse_of_the_linear_models_is_where_the_law_says(laws):
    points = collapse_points(laws["digits-linear"])
    assert all(point.holds is not False for point in points)
    assert sum(point.holds is True for point in points) >= 5


def test_a_hidden_layer_leaves_the_law_but_for_where_all_is_lost(laws):
    """It buys more KL than a linear model from each dimension, and fewer of them."""
    law = laws["digits-mlp"]
    assert (law["kl"] - law["predicted"]).abs().max() > 0.2
    lost = law.groupby("level")["kl"].sum() < NO_KL
    largest = float(law["eigenvalue"].max())
    assert lost[lost.index > largest].all()
    assert not lost[lost.index < largest].any()


@pytest.mark.parametrize(
    ("level", "expected"),
    [(0.5, math.log(2.0)), (1.0, 0.5 * math.log(2.0)), (2.0, 0.0), (9.0, 0.0)],
)
def test_the_law_is_half_a_logarithm_above_the_level_and_zero_below(level, expected):
    assert float(predicted_kl(torch.tensor([2.0]), level)) == pytest.approx(expected)


def test_codes_of_the_best_linear_vae_have_the_kl_of_the_law():
    """mu of variance 1 - level / lambda, sigma^2 = level / lambda, and one that is not used."""
    eigenvalues, level = torch.tensor([4.0, 2.0, 0.5, 0.1]), 1.0
    variance = (level / eigenvalues).clamp(max=1.0)
    base = torch.randn(500, 4, generator=seeded()).double()
    base = (base - base.mean(0)) / base.std(0, correction=0)
    params = torch.cat([base * (1.0 - variance).sqrt(), variance.log().expand(500, 4)], 1)
    codes = Codes(params.float(), torch.zeros(500).long(), "diagonal", (4,))
    law = collapse_law(codes, eigenvalues, level)
    np.testing.assert_allclose(law["kl"], law["predicted"], atol=1e-5)
    np.testing.assert_allclose(law["vanishes_at"][:2], eigenvalues[:2], rtol=1e-4)
    assert law["vanishes_at"][2:].isna().all()


def greys(n: int = 400) -> Split:
    """Images of 4 x 4 pixels that vary along one direction and a little everywhere."""
    along = torch.randn(n, 1, generator=seeded(3)) * torch.linspace(0.02, 0.25, 16)
    pixels = (0.4 + along + 0.02 * torch.randn(n, 16, generator=seeded(4))).clamp(0, 1)
    return Split((255 * pixels).byte().reshape(n, 1, 4, 4), torch.zeros(n).long())


def gain(split: Split, beta: float) -> float:
    """How far below the collapsed model's a loss can be nearby, in nats, Bernoulli pixels.

    One latent dimension along the first eigenvector, encoder and decoder linear with weights of
    at most a hundredth; E_q by Gauss-Hermite quadrature.
    """
    x = split.images.flatten(1).double()
    mean = x.mean(0)
    deviation = (mean * (1.0 - mean)).sqrt()
    white = (x - mean) / deviation
    _, vectors = torch.linalg.eigh(white.T @ white / len(x))
    u = vectors[:, -1]
    nodes, weights = np.polynomial.hermite_e.hermegauss(9)
    eps, weight = torch.from_numpy(nodes), torch.from_numpy(weights / weights.sum())

    def loss(a: Tensor, b: Tensor) -> float:
        mu = b * white @ u
        z = mu[:, None] + eps
        logits = mean.logit() + a * z[..., None] * u / deviation
        nats = (softplus(logits) - x[:, None] * logits).sum(-1) @ weight
        return float((nats + beta * 0.5 * mu.square()).mean())

    steps = torch.linspace(0.0, 0.01, 6).double()
    collapsed = loss(steps[0], steps[0])
    return collapsed - min(loss(a, b) for a in steps for b in steps)


@pytest.mark.parametrize("factor", [0.7, 0.9, 1.1, 1.4])
def test_bernoulli_models_leave_the_collapsed_one_below_the_first_eigenvalue_alone(factor):
    split = greys()
    first = float(noise_spectrum(split, LIKELIHOODS["bernoulli"])[0])
    assert (gain(split, factor * first) > 0.0) == (factor < 1.0)


def test_spectrum_of_gaussian_pixels_is_that_of_the_data():
    split = greys()
    expected = data_spectrum(split)
    torch.testing.assert_close(noise_spectrum(split, LIKELIHOODS["gaussian"]), expected)


def test_binarised_pixels_have_as_much_variance_as_noise():
    """Of 16 pixels in units of their own variance: the eigenvalues add up to 16."""
    split = greys()
    drawn = Split(split.pixels, split.labels, redraw=True)
    for one in (drawn, Split((drawn.batch(slice(None), seeded()) > 0).byte(), split.labels, 1)):
        spectrum = noise_spectrum(one, LIKELIHOODS["bernoulli"])
        assert float(spectrum.sum()) == pytest.approx(16.0, rel=1e-4)


def test_points_of_collapse_lie_between_two_runs():
    levels = [1.0, 2.0, 4.0]
    law = pd.DataFrame(
        [
            {"rank": rank, "level": level, "eigenvalue": end, "kl": kl}
            for rank, end, kls in ((1, 3.0, (0.5, 0.2, 0.0)), (2, 0.5, (0.0, 0.0, 0.0)),
                                   (3, 9.0, (1.0, 0.8, 0.4)), (4, 1.5, (0.3, 0.2, 0.0)))
            for level, kl in zip(levels, kls, strict=True)
        ]
    )  # fmt: skip
    first, lost, kept, off = collapse_points(law)
    assert (first.last, first.first, first.holds) == (2.0, 4.0, True)
    assert (lost.first, lost.holds) == (1.0, None)
    assert (kept.last, kept.holds) == (4.0, None)
    assert off.holds is False


@pytest.mark.parametrize("posterior", list(POSTERIORS))
@pytest.mark.parametrize("likelihood", list(LIKELIHOODS))
def test_the_law_is_known_for_independent_gaussians_and_known_noise(posterior, likelihood):
    config = tiny_run(posterior=posterior, likelihood=likelihood)
    expected = posterior == "diagonal" and likelihood in ("gaussian", "bernoulli")
    assert has_law(config) == expected


@pytest.mark.parametrize("change", [{"free_bits": 0.1}, {"tc_weight": 1.0}, {"importance": 5}])
def test_the_law_is_that_of_a_distortion_and_a_rate(change):
    config = tiny_run()
    assert has_law(config)
    assert not has_law(replace(config, train=replace(config.train, **change)))


def test_the_law_is_that_of_the_standard_prior_and_one_sigma():
    assert not has_law(tiny_run(prior="mixture"))
    assert not has_law(tiny_run(labels="conditional"))
    assert not has_law(tiny_run(likelihood="gaussian", sigma="per-image"))
