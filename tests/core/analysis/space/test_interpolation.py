"""Walks between latents and the shell of the prior: identities, and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.core.posteriors.families import WITH_OWN_PRIOR, prior, random_params
from tests.samples import LATENTS, seeded
from vae_core.analysis import (
    Codes,
    chi_density,
    chi_interval,
    class_arithmetic,
    class_mean,
    class_posteriors,
    code_norms,
    examples,
    interpolate,
    middle_in_shell,
    norms,
    prior_shell,
    straight_middles,
    walks_of,
)
from vae_core.config import POSTERIORS
from vae_core.errors import ConfigError

families = pytest.mark.parametrize("family", WITH_OWN_PRIOR)
latents = pytest.mark.parametrize("latent", LATENTS)
kinds = pytest.mark.parametrize("how", ["linear", "spherical"])


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def random_codes(family: str, latent: tuple[int, ...], n: int = 12) -> Codes:
    return Codes(random_params(family, latent, n), torch.arange(n) % 3, family, latent)


def angles(walk: torch.Tensor) -> torch.Tensor:
    """Between one step and the next."""
    u = walk.flatten(1) / norms(walk)[:, None]
    return 2 * torch.atan2((u[1:] - u[:-1]).norm(dim=1), (u[1:] + u[:-1]).norm(dim=1))


@families
@latents
def test_ends_are_exact_and_the_shape_is_that_of_the_latent(family, latent):
    q = prior(family, latent)
    a, b = q.sample((2,), seeded()).float()
    for how in walks_of(POSTERIORS[family]):
        walk = interpolate(a, b, 7, how, POSTERIORS[family])
        assert walk.shape == (7, *latent)
        assert walk.dtype == a.dtype
        assert torch.equal(walk[0], a)
        assert torch.equal(walk[-1], b)


@kinds
def test_the_way_back_is_the_same_way(how):
    a, b = normal(2, 2, 2, 3)
    there, back = interpolate(a, b, 9, how), interpolate(b, a, 9, how)
    torch.testing.assert_close(there, back.flip(0))


def test_a_linear_walk_takes_equal_steps():
    a, b = normal(2, 5)
    steps = interpolate(a, b, 6).diff(dim=0)
    torch.testing.assert_close(steps, ((b - a) / 5).expand(5, 5))


@latents
def test_a_spherical_walk_between_equal_norms_keeps_the_norm(latent):
    a, b = normal(2, *latent)
    b *= a.norm() / b.norm()
    length = norms(interpolate(a, b, 11, "spherical"))
    torch.testing.assert_close(length, a.norm().expand(11))
    assert norms(interpolate(a, b, 11))[5] < a.norm()


@latents
def test_a_spherical_walk_turns_at_constant_speed_while_its_norm_changes_linearly(latent):
    a, b = normal(2, *latent, seed=1)
    walk = interpolate(a, 3 * b, 11, "spherical")
    turned = angles(walk)
    torch.testing.assert_close(turned, turned.mean().expand(10))
    cosine = (a * b).sum() / (a.norm() * b.norm())
    torch.testing.assert_close(turned.sum(), cosine.acos())
    torch.testing.assert_close(
        norms(walk), torch.lerp(a.norm(), 3 * b.norm(), torch.linspace(0, 1, 11).double())
    )


def test_a_quarter_turn_is_sines_and_cosines():
    walk = interpolate(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), 3, "spherical")
    torch.testing.assert_close(walk[1], torch.full((2,), math.sqrt(0.5)))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1.0, 2.0, 2.0], [2.0, 4.0, 4.0]),
        ([1.0, 2.0, 2.0], [1.0, 2.0, 2.0]),
        ([0.0, 0.0, 0.0], [1.0, 2.0, 2.0]),
        ([1.0, 2.0, 2.0], [0.0, 0.0, 0.0]),
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        ([1.5], [-0.5]),
    ],
)
def test_without_an_angle_a_spherical_walk_is_linear(a, b):
    a, b = torch.tensor(a), torch.tensor(b)
    torch.testing.assert_close(interpolate(a, b, 8, "spherical"), interpolate(a, b, 8))


@pytest.mark.parametrize("d", [2, 3, 64])
def test_opposite_ends_are_joined_round_the_origin_at_constant_speed(d):
    a = normal(d).float()
    walk = interpolate(a, -a, 13, "spherical")
    torch.testing.assert_close(norms(walk), a.double().norm().expand(13), rtol=1e-6, atol=0)
    torch.testing.assert_close(
        angles(walk), torch.full((12,), math.pi / 12).double(), rtol=1e-4, atol=0
    )
    assert torch.equal(walk, interpolate(a, -a, 13, "spherical"))


@latents
def test_on_a_simplex_a_linear_walk_stays_and_no_other_is_offered(latent):
    kind = POSTERIORS["dirichlet"]
    a, b = prior("dirichlet", latent).sample((2,), seeded())
    walk = interpolate(a, b, 9, "linear", kind)
    torch.testing.assert_close(walk.sum(-1), torch.ones(walk.shape[:-1]).double())
    assert (walk >= 0).all()
    assert walks_of(kind) == ("linear",)
    with pytest.raises(ConfigError, match=r"add up to 1.* choose a linear walk"):
        interpolate(a, b, 9, "spherical", kind)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"how": "cubic"}, "one of linear, spherical; got 'cubic'"),
        ({"steps": 1}, "at least 2 steps"),
        ({"end": torch.zeros(4)}, r"one shape; got \(3,\) and \(4,\)"),
    ],
)
def test_a_walk_that_cannot_be_says_why(change, message):
    with pytest.raises(ConfigError, match=message):
        interpolate(**{"start": torch.zeros(3), "end": torch.ones(3), "steps": 5} | change)


@pytest.mark.parametrize("d", [1, 2, 3, 20, 64, 200])
def test_the_shell_holds_its_share_of_the_draws_and_the_middles_what_is_said(d):
    low, high = chi_interval(d)
    a, b = normal(2, 20_000, d, seed=d)
    inside = lambda z: float(((norms(z) > low) & (norms(z) < high)).double().mean())  # noqa: E731
    assert inside(a) == pytest.approx(0.95, abs=0.008)
    assert inside(torch.lerp(a, b, 0.5)) == pytest.approx(middle_in_shell(d), abs=0.018)
    assert float((norms(a) < low).double().mean()) == pytest.approx(0.025, abs=0.006)


@families
@latents
def test_the_share_of_middles_in_the_shell_is_that_of_other_draws(family, latent):
    p = prior(family, latent)
    shell, found = prior_shell(p), straight_middles(p)
    one, other = p.sample((2, 20_000), seeded(11))
    middle = norms((one + other) / 2)
    share = float(((middle > shell.low) & (middle < shell.high)).double().mean())
    assert share == pytest.approx(found.value, abs=0.02)
    assert (found.standard_error == 0.0) == shell.is_exact


def test_straight_middles_are_typical_in_2_dimensions_and_not_in_64():
    assert middle_in_shell(2) == pytest.approx(0.95, abs=0.001)
    assert middle_in_shell(64) == pytest.approx(0.027, abs=0.0005)
    low, high = chi_interval(2)  # the norm's square is exponential
    assert (low, high) == pytest.approx(
        (math.sqrt(-2 * math.log(0.975)), math.sqrt(-2 * math.log(0.025)))
    )


@pytest.mark.parametrize(("d", "slack"), [(16, 0.03), (1024, 0.003)])
def test_the_middle_of_a_chord_has_707_of_the_norm_and_that_of_an_arc_all_of_it(d, slack):
    a, b = normal(2, 300, d)
    middles = {
        how: torch.stack([interpolate(x, y, 3, how)[1] for x, y in zip(a, b, strict=True)])
        for how in ("linear", "spherical")
    }
    ends = (norms(a).mean() + norms(b).mean()) / 2
    assert float(norms(middles["linear"]).mean() / ends) == pytest.approx(0.5**0.5, abs=slack)
    assert float(norms(middles["spherical"]).mean() / ends) == pytest.approx(1.0)


@pytest.mark.parametrize("d", [1, 2, 20, 128])
def test_the_density_of_the_norm_integrates_to_one_and_to_the_shells_share(d):
    grid = np.linspace(1e-9, d**0.5 + 8, 40_001)
    density = chi_density(grid, d)
    assert np.trapezoid(density, grid) == pytest.approx(1.0, abs=1e-4)
    low, high = chi_interval(d, 0.8)
    inside = (grid >= low) & (grid <= high)
    assert np.trapezoid(density[inside], grid[inside]) == pytest.approx(0.8, abs=1e-3)


@families
@latents
def test_every_prior_has_a_shell(family, latent):
    p = prior(family, latent)
    shell = prior_shell(p)
    draws = norms(p.sample((20_000,), seeded(7))).numpy()
    assert np.mean((draws > shell.low) & (draws < shell.high)) == pytest.approx(0.95, abs=0.01)
    width = np.gradient(shell.curve["norm"].to_numpy())
    assert float((shell.curve["density"] * width).sum()) == pytest.approx(1.0, abs=0.02)
    assert shell.is_exact == (family not in ("laplace", "dirichlet"))


@pytest.mark.parametrize(("d", "share"), [(0, 0.95), (2, 1.0), (2, 0.0)])
def test_a_shell_that_cannot_be_says_why(d, share):
    with pytest.raises(ConfigError, match="at least one dimension and a share"):
        chi_interval(d, share)


@families
@latents
def test_norms_of_draws_and_of_means_are_those_of_the_codes(family, latent):
    codes = random_codes(family, latent)
    found = code_norms(codes)
    np.testing.assert_allclose(np.sort(found["mean"]), norms(codes.mean).sort().values)
    assert len(code_norms(codes, 5)) == 5
    assert (family == "delta") == np.allclose(found["mean"], found["draw"])


@families
@latents
def test_the_mean_of_a_class_is_that_of_its_posterior(family, latent):
    codes = random_codes(family, latent)
    for posterior in class_posteriors(codes):
        mean = class_mean(codes, posterior.label)
        torch.testing.assert_close(mean.flatten(), posterior.mean)
    with pytest.raises(ConfigError, match=r"one of the labels 0, 1, 2; got 7"):
        class_mean(codes, 7)


@families
@latents
def test_arithmetic_with_a_class_less_itself_is_the_other(family, latent):
    codes = random_codes(family, latent)
    torch.testing.assert_close(class_arithmetic(codes, 1, 1, 2), class_mean(codes, 2))
    z = class_arithmetic(codes, 0, 1, 2)
    plain = class_mean(codes, 0) - class_mean(codes, 1) + class_mean(codes, 2)
    if family != "dirichlet":
        torch.testing.assert_close(z, plain)


def test_arithmetic_on_a_simplex_ends_on_it():
    alpha = torch.tensor([[8.0, 0.1, 0.1], [0.1, 8.0, 0.1], [0.1, 8.0, 4.0]])
    codes = Codes(alpha, torch.arange(3), "dirichlet", (3,))
    plain = class_mean(codes, 0) - class_mean(codes, 1) + class_mean(codes, 0)
    assert plain.min() < 0
    z = class_arithmetic(codes, 0, 1, 0)
    assert z.min() >= 0
    torch.testing.assert_close(z.sum(), torch.tensor(1.0))


def test_examples_are_of_every_class_in_turn():
    labels = torch.tensor([2, 2, 0, 2, 1, 0, 2])
    codes = Codes(torch.zeros(7, 4), labels, "diagonal", (2,))
    assert examples(codes, 3).index.tolist() == [2, 4, 0]
    assert examples(codes, 5).index.tolist() == [2, 5, 4, 0, 1]
    assert sorted(examples(codes, 99).index.tolist()) == list(range(7))
