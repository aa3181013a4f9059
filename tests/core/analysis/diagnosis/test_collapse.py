"""Which latent dimensions a model uses: on models of known state, and where the effect is known."""

from __future__ import annotations

import math

import pytest
import torch

from tests.samples import LATENTS, ROOT, tiny_model
from vae_core import Dataset, RunStore, build_vae, encode_dataset
from vae_core.analysis import Codes, collapse, elbo_surgery, mutual_information, picture_change
from vae_core.analysis.diagnosis.collapse import (
    COLLAPSED,
    GREY_LEVEL,
    HEALTHY,
    MAX_DIMS,
    NO_RATE,
    PARTLY,
)
from vae_core.analysis.diagnosis.picture_change import REACH, reach
from vae_core.config import POSTERIORS
from vae_core.vae import VAE

BUNDLED = RunStore(ROOT / "assets" / "models")
FREE = [name for name, family in POSTERIORS.items() if family.is_additive]


def codes_of(mu: torch.Tensor, sigma: float = 0.5) -> Codes:
    params = torch.cat([mu, torch.full_like(mu, 2.0 * math.log(sigma))], -1)
    return Codes(params, torch.arange(len(mu)) % 3, "diagonal", tuple(mu.shape[1:]))


def linear(d: int = 3) -> VAE:
    """A linear decoder whose pictures stay between black and white for every z in reach."""
    vae = build_vae(tiny_model((d,), hidden=(), likelihood="gaussian"), (1, 8, 8)).double()
    weight, bias = vae.decoder.parameters()
    with torch.no_grad():
        weight.mul_(0.1 / weight.abs().sum(1).max())
        bias.fill_(0.5)
    return vae


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("mnist-2d", HEALTHY),
        ("mnist-20d", HEALTHY),
        ("mnist-dirichlet-10", HEALTHY),
        ("mnist-collapsed", COLLAPSED),
        ("mnist-ae-2d", NO_RATE),
        ("mnist-map", PARTLY),
    ],
)
def test_models_of_known_state_are_told(name: str, verdict: str) -> None:
    run = BUNDLED.load(name)
    found = collapse(run.vae(), run.codes())
    assert found.verdict == verdict
    assert (found.spread.value < 1e-4) == (verdict == COLLAPSED)
    assert (found.mean_kl.value == math.inf) == (verdict == NO_RATE)


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("family", list(POSTERIORS))
def test_every_family_gets_a_verdict_and_a_row_per_number(
    family: str, latent: tuple[int, ...], digits: Dataset
) -> None:
    vae = build_vae(tiny_model(latent, posterior=family), digits.image_shape)
    codes = encode_dataset(vae, digits.test)
    found = collapse(vae, codes)
    assert len(found.table) == found.n_measured == math.prod(latent)
    assert found.table["kl"].is_monotonic_decreasing
    assert (found.table["picture_change"] > 0).all()
    expected = ~found.table["active"] | (found.table["picture_change"] < GREY_LEVEL)
    assert (found.table["unused"] == expected).all()
    assert (found.verdict == NO_RATE) == (not codes.family.has_rate)


def test_of_a_linear_decoder_the_effect_is_known() -> None:
    """Picture and number are proportional: the change is |end - z_j| |w_j|."""
    vae = linear()
    z = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)).double()
    weight = next(vae.decoder.parameters())  # (pixels, 3)
    ends = torch.tensor([-REACH, REACH], dtype=z.dtype)
    moves = (ends - z[..., None]).square().mean((0, 2))
    expected = (moves * weight.square().mean(0)).sqrt()
    torch.testing.assert_close(picture_change(vae, z, [0, 1, 2]), expected)
    torch.testing.assert_close(picture_change(vae, z, [2, 0]), expected[[2, 0]])
    found = collapse(vae, codes_of(z), len(z))
    by_name = found.table.set_index("name")["picture_change_error"]
    squares = (ends - z[..., None]).square().mean(2) * weight.square().mean(0)
    errors = squares.std(0) / math.sqrt(len(z)) / (2.0 * expected)
    for j, error in enumerate(errors.tolist()):
        assert by_name[f"z{j}"] == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("family", FREE)
def test_a_number_that_the_decoder_does_not_read_has_exactly_no_effect(
    family: str, digits: Dataset
) -> None:
    vae = build_vae(tiny_model((4,), posterior=family), digits.image_shape)
    with torch.no_grad():
        next(vae.decoder.parameters())[:, 2] = 0.0
    z = encode_dataset(vae, digits.test).mean[:7]
    changes = picture_change(vae, z, [0, 1, 2, 3])
    assert float(changes[2]) == 0.0
    assert (changes[[0, 1, 3]] > 1e-3).all()


def test_a_number_that_only_the_encoder_uses_is_unused() -> None:
    vae = linear()
    with torch.no_grad():
        next(vae.decoder.parameters())[:, 1] = 0.0
    mu = torch.randn(40, 3, generator=torch.Generator().manual_seed(1)).double()
    found = collapse(vae, codes_of(mu))
    assert (found.verdict, found.n_unused) == (PARTLY, 1)
    assert found.table["active"].all()
    assert found.table.query("unused")["name"].tolist() == ["z1"]


def test_of_many_numbers_the_most_informative_are_moved() -> None:
    d = MAX_DIMS + 10
    mu = torch.randn(30, d, generator=torch.Generator().manual_seed(2)).double()
    mu[:, :10] = 0.0
    found = collapse(linear(d), codes_of(mu))
    assert found.n_measured == MAX_DIMS
    last = found.table.tail(10)
    assert last["picture_change"].isna().all()
    assert set(last["name"]) == {f"z{j}" for j in range(10)}
    assert last["unused"].all()


def test_a_bounded_number_goes_to_the_ends_of_its_range() -> None:
    assert reach(POSTERIORS["diagonal"]) == (-3.0, 3.0)
    assert reach(POSTERIORS["dirichlet"]) == (0.0, 1.0)


def test_mutual_information_is_that_of_the_surgery() -> None:
    codes = codes_of(torch.randn(200, 2, generator=torch.Generator().manual_seed(3)).double())
    parts = elbo_surgery(codes, 300, seed=4)
    low, high = mutual_information(codes, 300, seed=4)
    assert low == parts["mutual_information"]
    assert high >= parts["mutual_information_upper"]  # which knows the KL of the dimensions
