"""What single numbers say of the label: where it is known."""

from __future__ import annotations

import math

import pytest
import torch

from tests.core.posteriors.families import WITH_DENSITY, random_params
from tests.samples import LATENTS, seeded
from vae_core.analysis import Codes, aggregate_posterior, label_gap
from vae_core.errors import ConfigError


def codes_of(mu: torch.Tensor, labels: torch.Tensor, sigma: float = 0.1) -> Codes:
    params = torch.cat([mu, torch.full_like(mu, 2.0 * math.log(sigma))], -1)
    return Codes(params, labels, "diagonal", (mu.shape[1],))


def classes(n: int = 400, k: int = 4) -> torch.Tensor:
    return torch.arange(n) % k


def test_one_number_that_says_the_class_alone_has_a_gap_of_one() -> None:
    y = classes()
    mu = torch.stack([torch.zeros(400), 10.0 * y, torch.ones(400)], 1)
    gap = label_gap(codes_of(mu, y))
    assert gap.gap.high.value == pytest.approx(1.0, abs=1e-6)
    assert gap.entropy == pytest.approx(math.log(4))
    assert gap.table["name"][0] == "z1"
    assert gap.table["information"].tolist() == pytest.approx([math.log(4), 0, 0], abs=1e-6)


def test_two_copies_have_none() -> None:
    y = classes()
    gap = label_gap(codes_of((10.0 * y)[:, None].expand(-1, 2), y))
    assert gap.gap.high.value == pytest.approx(0.0, abs=1e-6)
    assert gap.table["information"].tolist() == pytest.approx([math.log(4)] * 2, abs=1e-6)


def test_numbers_that_know_nothing_of_the_label_say_nothing() -> None:
    mu = torch.arange(100.0).repeat_interleave(4)[:, None].expand(-1, 2) / 50  # once per class
    gap = label_gap(codes_of(mu, classes()))
    assert gap.gap.low.value == pytest.approx(0.0, abs=1e-6)
    assert gap.gap.high.value < 1e-3
    assert gap.table["information"].abs().max() < 1e-6


def test_half_the_class_is_a_gap_of_half() -> None:
    """One number says all of four classes, ln 4; one says odd or even, ln 2."""
    y = classes()
    gap = label_gap(codes_of(torch.stack([10.0 * (y % 2), 10.0 * y], 1), y))
    assert gap.gap.high.value == pytest.approx(0.5, abs=1e-6)
    assert gap.table["name"].tolist() == ["z1", "z0"]


def test_classes_count_as_often_as_they_come() -> None:
    y = (torch.arange(400) % 8 == 3).long() * 5  # labels 0 and 5, 7 to 1
    gap = label_gap(codes_of(10.0 * y[:, None], y), n_samples=400)
    entropy = -sum(p * math.log(p) for p in (1 / 8, 7 / 8))
    assert gap.entropy == pytest.approx(entropy)
    assert gap.table["information"][0] == pytest.approx(entropy, abs=1e-6)
    assert gap.gap.high.value == pytest.approx(1.0, abs=1e-6)  # alone, there is no second


@pytest.mark.parametrize("apart", [0.5, 1.5])
def test_of_two_gaussians_it_is_an_integral(apart: float) -> None:
    y = classes(200, 2)
    gap = label_gap(codes_of(apart * (2.0 * y - 1.0)[:, None], y, sigma=1.0), 10_000)
    z = torch.linspace(-10, 10, 4001, dtype=torch.float64)
    one = torch.distributions.Normal(apart, 1.0).log_prob(z)
    other = torch.distributions.Normal(-apart, 1.0).log_prob(z)
    both = torch.logaddexp(one, other) - math.log(2)
    known = float((one.exp() * (one - both)).sum() * (z[1] - z[0]))
    error = gap.table["standard_error"][0]
    assert error < 0.01
    assert gap.table["information"][0] == pytest.approx(known, abs=4 * error)
    assert gap.gap.high.standard_error == pytest.approx(error / math.log(2), rel=0.02)


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("family", WITH_DENSITY)
def test_no_number_says_more_than_the_label_holds(family: str, latent: tuple[int, ...]) -> None:
    codes = Codes(random_params(family, latent, 60), classes(60, 3), family, latent)
    gap = label_gap(codes, 200)
    assert len(gap.table) == math.prod(latent)
    assert (gap.table["information"] < gap.entropy).all()
    assert (gap.table["information"] > -3 * gap.table["standard_error"]).all()
    assert gap.table["information"].is_monotonic_decreasing
    assert 0.0 <= gap.gap.low.value <= gap.gap.high.value < 1.0
    assert (gap.table["information_lower"] < gap.entropy).all()


def test_the_bracket_holds_what_ever_more_images_would_say() -> None:
    """Narrow posteriors tell their own class; without the own image too little is left."""
    y = classes(200, 2)
    apart, spread, sigma = 1.5, 0.95, math.sqrt(1 - 0.95**2)  # each class is N(+-1.5, 1)
    z = torch.linspace(-10, 10, 4001, dtype=torch.float64)
    one = torch.distributions.Normal(apart, 1.0).log_prob(z)
    other = torch.distributions.Normal(-apart, 1.0).log_prob(z)
    both = torch.logaddexp(one, other) - math.log(2)
    known = float((one.exp() * (one - both)).sum() * (z[1] - z[0])) / math.log(2)
    lows, highs = [], []
    for seed in range(12):
        noise = torch.randn(200, generator=seeded(seed))
        mu = (apart * (2.0 * y - 1.0) + spread * noise)[:, None]
        gap = label_gap(codes_of(mu, y, sigma=sigma), 400, seed).gap
        lows.append(gap.low.value)
        highs.append(gap.high.value)
    assert sum(lows) / len(lows) < known < sum(highs) / len(highs)


def test_without_its_own_image_a_sum_by_hand_says_the_same() -> None:
    y = classes(12, 3)
    codes = codes_of(torch.randn(12, 2, generator=seeded()), y, sigma=0.3)
    found = label_gap(codes, 24)
    z, index = aggregate_posterior(codes).sample(24, seeded())
    pairs = torch.distributions.Normal(codes.mean.double(), 0.3).log_prob(z[:, None].double())
    gains = []
    for row, i in zip(pairs, index.tolist(), strict=True):
        rest = torch.arange(12) != i
        each = [
            row[rest & (y == c)].logsumexp(0) - math.log((rest & (y == c)).sum()) for c in range(3)
        ]
        gains.append(each[y[i]] - torch.stack(each).logsumexp(0) + math.log(3))
    expected = torch.stack(gains).mean(0).clamp(min=0.0)
    by_name = found.table.set_index("name")["information_lower"]
    assert by_name[["z0", "z1"]].tolist() == pytest.approx(expected.tolist(), abs=1e-5)
    alone = label_gap(codes_of(torch.randn(4, 2, generator=seeded()), classes(4, 4)), 8)
    assert alone.gap.low.value == 0.0


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("family", WITH_DENSITY)
def test_chosen_marginals_are_columns_of_all(family: str, latent: tuple[int, ...]) -> None:
    codes = Codes(random_params(family, latent, 9), classes(9, 3), family, latent)
    q = aggregate_posterior(codes)
    z, _ = q.sample(5, seeded())
    torch.testing.assert_close(q.marginal_log_prob(z, [2, 0]), q.marginal_log_prob(z)[:, [2, 0]])


def test_points_and_single_classes_have_no_gap() -> None:
    with pytest.raises(ConfigError, match="no density"):
        label_gap(Codes(torch.randn(6, 2, generator=seeded()), classes(6, 2), "delta", (2,)))
    with pytest.raises(ConfigError, match="at least 2 classes; got 1"):
        label_gap(codes_of(torch.zeros(4, 1), torch.ones(4, dtype=torch.long)))
