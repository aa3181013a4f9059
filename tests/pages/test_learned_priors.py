"""What pages draw and say of a learned prior."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pages.ui.drawing import plane_frames
from pages.ui.explore import posteriors
from pages.ui.measure import bounds, kl
from tests.core.posteriors.families import random_params
from tests.core.priors.test_priors import LEARNED, untidy
from tests.samples import tiny_run
from vae_core import Codes, RunStore
from vae_core.analysis import rate_table
from vae_core.analysis.space.plane import LatentPlane


def codes_against(prior: str, latent: tuple[int, ...] = (3,)) -> Codes:
    learned = untidy(latent, prior=prior).prior().to(torch.zeros(1))
    params = random_params("diagonal", latent, 40, dtype=torch.float32)
    return Codes(params, torch.arange(40) % 4, "diagonal", latent, learned_prior=learned)


@pytest.mark.parametrize("prior", LEARNED)
@pytest.mark.parametrize("latent", [(3,), (2, 2, 3)])
def test_density_of_one_dimension_has_the_mass_of_one(prior, latent) -> None:
    frame = plane_frames.prior_frame(codes_against(prior, latent), 1)
    mass = np.trapezoid(frame["density"], frame["z"])
    assert mass == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("prior", LEARNED)
def test_the_plane_has_samples_in_place_of_rings(prior) -> None:
    codes = codes_against(prior)
    points = plane_frames.prior_points(LatentPlane.of(codes, (0, 2)), codes, 300)
    assert points is not None
    assert len(points) == 300
    low, high = codes.reach
    assert low <= -4.0
    assert high >= 4.0


@pytest.mark.parametrize("prior", LEARNED)
def test_kl_says_whether_the_bars_add_up(prior) -> None:
    codes = codes_against(prior)
    said = kl.conditions(codes, kl.BARS, "grey")
    adds_up = prior == "class"
    assert ("do not add up to the rate" in said) != adds_up
    rest = codes.rate.double() - codes.kl.double().sum(1)
    assert (rest.abs().max().item() < 1e-3) == adds_up
    assert ("samples of z for each image" in said) != adds_up
    assert kl.STICKS not in kl.views(codes)
    assert "of which beyond the marginals, nats" in kl.numbers(codes, rate_table(codes))


def test_advice_for_a_prior_of_each_class_is_about_that() -> None:
    assert "a prior p(z|y) of its own" in posteriors.advice(codes_against("class"), "Ellipses")
    assert "mixture of all classes" in posteriors.advice(codes_against("mixture"), "Ellipses")


def test_pages_tell_how_the_rate_was_had_and_against_what(tmp_path, digits) -> None:
    runs = {
        prior: RunStore(tmp_path).create(tiny_run(prior=prior))
        for prior in ("standard", "mixture", "class")
    }
    for run in runs.values():
        list(run.train(digits))
    said = {prior: bounds.conditions(run, 10, 20, 1.0) for prior, run in runs.items()}
    assert "its KL in closed form" in said["standard"]
    assert all("closed form" not in said[prior] for prior in ("mixture", "class"))
    assert "log p(x | y)" in said["class"]
    assert all("log p(x | y)" not in said[prior] for prior in ("standard", "mixture"))
