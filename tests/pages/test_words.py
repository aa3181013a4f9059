"""What pages say in words and numbers: each helper by itself, from records to text, without a page.

Values are chosen so that another one in their place shows: no two of a sentence are the same.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
import torch

from pages.ui.compare.two_models import Pair, kl_note, picture_note, plane_note
from pages.ui.components.atlas import axis_titles
from pages.ui.drawing import numbers
from pages.ui.drawing.strips import span
from pages.ui.explore import arithmetic, feature_map, walks
from pages.ui.measure.diagnostics_text import in_use
from pages.ui.session.summary import in_words, line, sentence
from pages.ui.train import curves, queue
from pages.ui.train.disk import amount
from pages.ui.train.offer import meaning, which_images
from pages.ui.train.progress import how_far
from tests.pages.app import MODELS
from tests.samples import tiny_model
from vae_core import Codes, Dataset, Run, RunConfig, TrainConfig, build_vae
from vae_core.analysis import (
    Estimate,
    Projection,
    channel_statistics,
    straight_middles,
)
from vae_core.analysis.diagnosis.shell import Shell
from vae_core.config import POSTERIORS
from vae_core.runs.records import Metrics

RUNS = {run.id: run for run in MODELS}
SCORE = Metrics("a", "digits", "grey", 1234, 1, distortion=20.25, rate=3.5)


# The line about a model


def said(metrics: Metrics = SCORE, train: dict[str, Any] | None = None, **model: Any) -> str:
    config = RunConfig(model=tiny_model(**model), train=TrainConfig(**train or {}))
    return line(config, (1, 8, 8), metrics, "Bernoulli")


def test_the_line_says_family_shape_likelihood_score_and_conditions() -> None:
    assert said() == (
        "diagonal Gaussian, latent 3-D, Bernoulli. Test negative ELBO 23.8 = distortion 20.3 + "
        "rate 3.5 nats per image (1,234 grey images, 1 sample each)."
    )


def test_the_line_says_channels_first_and_nothing_of_a_rate_that_is_infinite() -> None:
    metrics = Metrics("a", "digits", "static", 7, 2, distortion=20.25, rate=math.inf)
    assert said(metrics, latent=(2, 4, 3), posterior="delta") == (
        "point mass, latent 3 × 2 × 4, Bernoulli. Test distortion 20.2 nats per image, no finite "
        "rate (7 static images, 2 sample each)."
    )


def test_the_line_says_why_nats_are_below_zero_where_they_are() -> None:
    why = "Nats may be negative here: this likelihood is a density, which may exceed 1, and they"
    assert why in said(replace(SCORE, distortion=-561.6))
    assert why in said(replace(SCORE, distortion=-1.0))
    assert why not in said()


def test_the_line_says_bits_per_dimension_where_the_likelihood_is_normalised() -> None:
    negative = replace(SCORE, distortion=-64 * math.log(2) - 3.5)
    density = said(negative, likelihood="gaussian")
    assert "nats per image, −1.000 bits per dimension (1,234 grey" in density
    assert "distortion −47.9 + rate 3.5" in density
    assert density.endswith("codes of 8-bit pixels take log₂ 255 = 7.99 more per dimension.")
    levels = said(likelihood="discretised-logistic")
    assert f"nats per image, {23.75 / 64 / math.log(2):.3f} bits per dimension" in levels
    assert levels.endswith("1 sample each).")
    assert "bits" not in said()  # grey pixels under a Bernoulli
    points = said(replace(SCORE, rate=math.inf), posterior="delta", likelihood="gaussian")
    assert "bits" not in points.lower()


def told(metrics: Metrics = SCORE, **model: Any) -> str:
    config = RunConfig(model=tiny_model(**model))
    return sentence(config, (1, 8, 8), metrics, 0.25)


def test_what_a_model_does_is_told_in_plain_words_with_its_numbers() -> None:
    assert told() == (
        "64 pixels become 3 numbers. The code costs 3.5 nats (5.0 bits), the picture misses "
        "20.2 ± 0.2 nats."
    )
    assert "(12 bits), the picture" in told(replace(SCORE, rate=8.6))
    assert told(latent=(2, 4, 3)).startswith("64 pixels become 24 numbers in a 2 × 4 map. ")
    assert told(latent=(1,)).startswith("64 pixels become 1 number. ")
    assert told(posterior="dirichlet").startswith("64 pixels become 3 proportions. ")
    colours = sentence(RunConfig(model=tiny_model()), (3, 32, 32), SCORE)
    assert colours.startswith("3,072 pixel values become 3 numbers. ")
    assert colours.endswith("the picture misses 20.2 nats.")


def test_a_code_without_a_price_or_without_information_is_told_as_such() -> None:
    assert told(replace(SCORE, rate=math.inf), posterior="delta") == (
        "64 pixels become 3 numbers. The code has no price: a point mass has no width. The picture "
        "misses 20.2 ± 0.2 nats."
    )
    assert told(replace(SCORE, rate=0.0004)).endswith(
        "The code costs 0.0 nats: it carries no information. The picture misses 20.2 ± 0.2 nats."
    )


def test_a_density_misses_nothing_but_costs_and_that_may_be_negative() -> None:
    density = told(replace(SCORE, distortion=-20.25), likelihood="gaussian")
    assert density.endswith("the pixels cost −20.2 ± 0.2 nats (a density's may be negative).")
    assert told(likelihood="gaussian").endswith("the pixels cost 20.2 ± 0.2 nats.")


@pytest.mark.parametrize("run", MODELS, ids=lambda run: run.id)
def test_the_plain_line_of_every_model_has_its_numbers_and_fits_a_line(run: Run) -> None:
    said, metrics = in_words(run), run.metrics()
    h, w = run.data().image_shape[1:]
    given = ", given the label," if run.config.model.is_conditional else ""
    numbers_of_z = math.prod(run.config.model.latent_shape)
    code = "4 × 4 entries" if run.id == "mnist-codebook" else f"{numbers_of_z} "
    assert said.startswith(f"{h * w} pixels{given} become {code}")
    assert f"{numbers.fixed(metrics.distortion, 1)} ± " in said
    assert ("no price" in said) == (not metrics.has_rate)
    assert ("no information" in said) == (run.id == "mnist-collapsed")
    assert len(said) < 135


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(-12.345, 1, "−12.3"), (-0.04, 1, "0.0"), (0.0, 2, "0.00"), (1e-9, 3, "0.000"), (7, 0, "7"),
     (-0.06, 1, "−0.1"), (math.inf, 1, "inf")],
)  # fmt: skip
def test_a_number_has_a_minus_sign_and_none_where_it_rounds_to_0(
    value: float, digits: int, text: str
) -> None:
    assert numbers.fixed(value, digits) == text


@pytest.mark.parametrize(
    ("train", "weight"),
    [
        ({}, ""),
        ({"beta": 4.0}, ", trained with β = 4"),
        ({"reduction": "mean/sum"}, ", trained with β = 64 (mean/sum)"),
        ({"beta": 0.25, "reduction": "mean/sum"}, ", trained with β = 16 (mean/sum)"),
        ({"importance": 8}, ", trained with the importance-weighted bound of 8 draws"),
        (
            {"importance": 8, "gradient": "dreg"},
            ", trained with the importance-weighted bound of 8 draws with doubly reparameterised "
            "gradients",
        ),
        ({"encoder_steps": 3}, ", trained with 3 encoder updates per decoder update"),
    ],
)
def test_the_line_says_the_weight_of_the_rate_where_it_is_not_the_elbos(
    train: dict[str, Any], weight: str
) -> None:
    assert f"Bernoulli{weight}. Test" in said(train=train)
    if "importance" not in train:  # which takes a density
        assert "β" not in said(train=train, posterior="delta")


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ({}, ""),
        ({"reduction": "sum/mean"}, "This loss is the ELBO's with β = 0.05."),
        ({"importance": 8}, "This trains the importance-weighted bound of 8 draws, which "),
        ({"mistake": "mean-kl"}, "This loss has a mistake on purpose: its KL is the mean "),
    ],
)
def test_the_form_says_what_its_loss_is(train: dict[str, Any], said: str, digits: Dataset) -> None:
    assert meaning(RunConfig(train=TrainConfig(**train)), digits).startswith(said)
    assert bool(said) == bool(meaning(RunConfig(train=TrainConfig(**train)), digits))


def test_below_the_curves_stands_the_bound_that_was_trained(finished_run: Run) -> None:
    train = replace(finished_run.config.train, importance=8)
    run = replace(finished_run, config=replace(finished_run.config, train=train))
    said = "Trained on the importance-weighted bound of 8 draws; the numbers are those of the ELBO."
    assert curves.conditions(run, run.history()).startswith(f"{said} Nats per image")
    assert curves.conditions(finished_run, run.history()).startswith("Nats per image")


# Explore


def test_channels_are_told_without_infinite_factors() -> None:
    codes = RUNS["digits-map"].codes()
    shown = feature_map.shown(channel_statistics(codes), codes)
    assert shown["channel"].tolist() == ["c0", "c1", "c2", "c3", "all together"]
    assert "360 test images and 2 × 2 cells" in feature_map.conditions(codes)
    points = replace(codes, params=torch.zeros(360, 2, 2, 4), posterior_name="delta")
    still = feature_map.shown(channel_statistics(points), points)
    assert list(still) == ["channel", "mean", "std", "scale"]
    assert still["scale"].isna().all()
    assert "Every code is a point." in feature_map.conditions(points)


def test_axes_of_a_projection_say_their_share_or_that_they_have_no_unit() -> None:
    places, index = torch.zeros(2, 2), torch.arange(2)
    pca = Projection(places, index, ("PC 1", "PC 2"), (0.614, 0.2))
    assert axis_titles(pca, "mean") == [
        "PC 1, 61% of the variance of μ",
        "PC 2, 20% of the variance of μ",
    ]
    assert axis_titles(pca, "draw")[0].endswith("of z")
    plain = Projection(places, index, ("z0", "z1"))
    assert axis_titles(plain, "mean") == ["z0", "z1"]
    umap = Projection(places, index, ("UMAP 1", "UMAP 2"), has_unit=False)
    assert axis_titles(umap, "mean") == ["UMAP 1, no unit", "UMAP 2, no unit"]


def wide_codes(latent: int, posterior: str = "diagonal", n: int = 5) -> Codes:
    """Of a model that has not collapsed."""
    params = torch.linspace(-2.0, 2.0, 2 * n * latent).reshape(n, 2 * latent)
    return Codes(params, torch.arange(n), posterior, (latent,))


def line_of_points(n: int = 20) -> Codes:
    """Two classes, one at each end: the first half at -1, the second at +1."""
    side = torch.where(torch.arange(n) < n // 2, -1.0, 1.0)
    mean = torch.stack([side, 0.01 * torch.arange(n)], 1)
    return Codes(mean, (side > 0).long(), "delta", (2,))


def test_arithmetic_says_how_many_of_the_nearest_are_of_which_class() -> None:
    codes, names = line_of_points(), ("left", "right")
    text = arithmetic.verdict(codes, torch.tensor([5.0, 0.0]), names)
    assert text.startswith("Of the 12 test images")
    assert text.endswith("10 are of class **right**.")
    assert "20 test images" in arithmetic.conditions(codes)


def test_the_sum_of_means_is_four_pictures_with_their_signs() -> None:
    codes, vae = line_of_points(), build_vae(tiny_model((2,), posterior="delta"), (1, 8, 8))
    html = arithmetic.equation(vae, codes, (1, 0, 1), torch.ones(2), ("left", "<right>"))
    titles = [part.split("'")[0] for part in html.split("alt='")[1:]]
    right = "mean of class &lt;right&gt;"
    assert titles == [right, "mean of class left", right, "result"]
    assert [html.count(sign) for sign in ("−<img", "+<img", "=<img")] == [1, 1, 1]


def test_norms_of_walks_are_told_from_start_to_end() -> None:
    straight = torch.tensor([[3.0, 4.0], [0.0, 0.0], [0.0, 2.0]])
    frame = walks.norms_frame({"linear": straight, "spherical": straight[:2]})
    linear = frame[frame["how"] == "linear"]
    assert linear["norm"].tolist() == [5.0, 0.0, 2.0]
    assert linear["t"].tolist() == [0.0, 0.5, 1.0]
    assert set(frame["how"]) == {"linear", "spherical"}


@pytest.mark.parametrize(
    ("latent", "share"), [(1, "96.3%"), (2, "95.0%"), (20, "51.0%"), (64, "2.7%")]
)
def test_the_heading_of_walks_is_written_from_the_dimensions_of_the_model(
    latent: int, share: str
) -> None:
    codes = wide_codes(latent)
    said = walks.headline(codes, straight_middles(codes.prior()))
    dims = "1 latent dimension," if latent == 1 else f"{latent} latent dimensions,"
    assert said.startswith(f"## In {dims}")
    assert f"in {share} of all cases" in said
    assert "many" not in said


def test_of_a_prior_that_was_sampled_the_heading_of_walks_has_an_error() -> None:
    codes = wide_codes(3, "laplace")
    assert "in 97.4% ± 0.4% of all cases" in walks.headline(codes, Estimate(0.974, 0.004))


def test_a_dimension_is_used_or_told_why_not() -> None:
    table = pd.DataFrame({"active": [True, True, False], "unused": [False, True, True]})
    assert in_use(table)["use"].tolist() == [
        "used", "unused: the picture stays", "unused: inactive",
    ]  # fmt: skip


def test_a_traversal_reaches_as_far_as_the_prior_or_the_codes_of_a_model_without_one() -> None:
    assert span(RUNS["mnist-2d"].codes()) == (-3.0, 3.0)
    assert span(RUNS["mnist-dirichlet-3"].codes()) == (0.0, 1.0)
    low, high = span(RUNS["mnist-ae-2d"].codes())
    inside = (RUNS["mnist-ae-2d"].codes().mean.abs() <= high).double().mean()
    assert low == -high
    assert 0.95 < inside < 1.0


def test_the_spectrum_is_of_as_many_images_as_there_are() -> None:
    assert which_images(1437) == "all 1,437 training images"
    assert which_images(10_000) == "all 10,000 training images"
    assert which_images(60_000) == "the first 10,000 of 60,000 training images"


def test_a_walks_caption_has_the_shell_and_where_it_is_from() -> None:
    ends = walks.Ends(torch.zeros(2), torch.ones(2), "two samples from the prior")
    exact = Shell(1.125, 3.5, 0.95, pd.DataFrame(), is_exact=True)
    text = walks.conditions(RUNS["digits-map"], ends, exact)
    assert text.startswith("From and to: two samples from the prior.")
    assert "between 1.12 and 3.50 lie 95%" in text
    assert "20,000 samples" not in text
    drawn = Shell(1.125, 3.5, 0.95, pd.DataFrame(), is_exact=False)
    assert "from 20,000 samples" in walks.conditions(RUNS["digits-map"], ends, drawn)
    assert "without a prior" in walks.conditions(RUNS["mnist-ae-2d"], ends, drawn)
    assert "simplex" in walks.conditions(RUNS["mnist-dirichlet-3"], ends, drawn)


# Compare


def pair(left: str, right: str) -> Pair:
    return Pair(RUNS[left], RUNS[right], ("the left", "the right"))


def test_notes_of_a_pair_say_of_how_many_images_and_to_which_scale() -> None:
    two = pair("mnist-2d", "digits-2d")
    assert "1,000 of 10,000 and 360 of 360" in plane_note(two, alike=True)
    assert "same scale" in plane_note(two, alike=True)
    assert "own scale" in plane_note(two, alike=False)
    assert "decode(mean)" in picture_note(two)


def test_the_note_on_bars_says_where_they_do_not_add_up() -> None:
    assert "The first" not in kl_note(pair("mnist-2d", "digits-2d"))
    with_map = kl_note(pair("mnist-2d", "mnist-map"))
    assert "The first" in with_map
    simplex = kl_note(pair("mnist-2d", "mnist-dirichlet-3"))
    assert "the right: " in simplex
    assert "the left: " not in simplex


# Train


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 kB"), (29_600, "30 kB"), (999_000, "999 kB"), (1e6, "1 MB"), (12_340_000, "12.3 MB"),
     (1.5e9, "1.5 GB"), (2e9, "2 GB")],
)  # fmt: skip
def test_an_amount_has_a_unit_that_fits(n_bytes: float, text: str) -> None:
    assert amount(n_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (3.4, "3 s"), (59.4, "59 s"), (130, "2 min 10 s"), (3900, "1 h 5 min")],
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert numbers.duration(seconds) == text


@pytest.mark.parametrize(("done", "left"), [(1, "30 s"), (2, "20 s"), (3, "10 s")])
def test_the_time_left_is_that_of_the_epochs_left(
    done: int, left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, answer in (("place", 0), ("is_stopping", False), ("is_beating", True)):
        monkeypatch.setattr(queue, name, lambda _, answer=answer: answer)
    run = RUNS["digits-2d"]
    config = replace(run.config, train=replace(run.config.train, epochs=4, keep_epochs=()))
    history = pd.DataFrame({"seconds": [10.0] * done})
    said = how_far(replace(run, config=config), history)
    assert said == f"Epoch {done} of 4, about {left} left"


def test_every_family_has_a_title_and_a_note_that_is_a_sentence() -> None:
    titles = [family.title for family in POSTERIORS.values()]
    assert len(set(titles)) == len(titles)
    for family in POSTERIORS.values():
        if family.has_rate:
            assert family.bars_note.endswith(".")
