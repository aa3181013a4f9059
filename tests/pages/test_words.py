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
from pages.ui.explore import arithmetic, feature_map, posteriors, walks
from pages.ui.measure import aggregate, bounds, diagnostics_text, kl, worst_images
from pages.ui.session.summary import line, summary
from pages.ui.train import queue
from pages.ui.train.disk import amount
from pages.ui.train.offer import which_images
from pages.ui.train.progress import duration, how_far
from tests.pages.app import MODELS, open_page
from tests.samples import tiny_model, tiny_run
from vae_core import Codes, RunConfig, TrainConfig, build_vae
from vae_core.analysis import (
    BoundSummary,
    Bracket,
    CodesInShell,
    Collapse,
    Estimate,
    LabelGap,
    Projection,
    RateParts,
    Spread,
    channel_statistics,
    rate_table,
    straight_middles,
    total_rate,
)
from vae_core.analysis.plane import LatentPlane
from vae_core.analysis.shell import Shell
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
        "rate 3.5 nats per image (1,234 grey images, 1 draw each)."
    )


def test_the_line_says_channels_first_and_nothing_of_a_rate_that_is_infinite() -> None:
    metrics = Metrics("a", "digits", "static", 7, 2, distortion=20.25, rate=math.inf)
    assert said(metrics, latent=(2, 4, 3), posterior="delta") == (
        "point mass, latent 3 × 2 × 4, Bernoulli. Test distortion 20.2 nats per image, no finite "
        "rate (7 static images, 2 draw each)."
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
    assert levels.endswith("1 draw each).")
    assert "bits" not in said()  # grey pixels under a Bernoulli
    points = said(replace(SCORE, rate=math.inf), posterior="delta", likelihood="gaussian")
    assert "bits" not in points.lower()


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
    ],
)
def test_the_line_says_the_weight_of_the_rate_where_it_is_not_the_elbos(
    train: dict[str, Any], weight: str
) -> None:
    assert f"Bernoulli{weight}. Test" in said(train=train)
    assert "β" not in said(train=train, posterior="delta")


# Metrics of the pages that measure


@pytest.mark.parametrize("name", ["digits-2d", "digits-map", "mnist-full-2d", "mnist-dirichlet-3"])
def test_the_kl_pages_numbers_are_those_of_the_codes(name: str) -> None:
    codes = RUNS[name].codes()
    table = rate_table(codes)
    shown = kl.numbers(codes, table)
    assert float(shown.pop("Rate: mean KL, nats per image")) == pytest.approx(
        total_rate(codes), abs=0.0051
    )
    active, d = shown.pop("Active: Var μ > 0.01 of the prior's").split(" of ")
    assert (int(active), int(d)) == (int(table["active"].sum()), codes.mean[0].numel())
    (most,) = [value for label, value in shown.items() if label.startswith("Most informative")]
    assert float(most) == pytest.approx(table["kl"].max(), abs=0.0051)
    rest = [label for label in shown if "of which" in label]
    assert rest == (["of which correlation, nats"] if name == "mnist-full-2d" else [])


def test_a_map_has_cells_and_proportions_have_sticks() -> None:
    assert kl.views(RUNS["digits-2d"].codes()) == ["Bars", "By class", "Over epochs"]
    assert kl.views(RUNS["digits-map"].codes()) == ["Bars", "By class", "By cell", "Over epochs"]
    simplex = RUNS["mnist-dirichlet-3"].codes()
    assert kl.views(simplex) == ["Bars", "Stick-breaking", "By class", "Over epochs"]
    assert "order" in kl.conditions(simplex, kl.STICKS, "grey")
    assert "order" not in kl.conditions(simplex, kl.BARS, "grey")
    assert kl.conditions(simplex, kl.BARS, "static").startswith(
        "Means over 10,000 test images (static pixels)."
    )


def between(low: float, high: float, error: float = 0.01) -> Bracket:
    return Bracket(Estimate(low, error), Estimate(high, error))


def parts(**changes: Any) -> RateParts:
    values = {
        "mean_kl": Estimate(7.125, 0.02), "mutual_information": between(5.5, 6.75),
        "marginal_kl": between(0.375, 1.625), "total_correlation": between(0.125, 1.375),
        "dimension_kl": between(0.25, 0.251), "n_images": 10_000, "n_samples": 2000,
    } | changes  # fmt: skip
    return RateParts(**values)


def test_parts_of_the_rate_are_told_with_both_ends_and_their_errors() -> None:
    shown = {label: (value, error) for label, value, error in aggregate.metrics(parts())}
    assert shown["Mean KL, nats per image"] == ("7.12", " ± 0.02 over images")
    assert shown["I(x; z), nats"] == ("5.50 to 6.75", "± 0.01")
    assert shown["Dimension-wise KL, nats"] == ("0.25", "± 0.01")
    assert all("nats" in label for label in shown)
    simplex = parts(total_correlation=None, dimension_kl=None)
    assert len(aggregate.metrics(simplex)) == 3


def test_a_saturated_rate_says_what_is_known_and_a_collapsed_one_that_there_is_nothing() -> None:
    saturated = parts(mutual_information=between(9.125, 25.25))
    assert saturated.saturated
    assert "between 9.12 and 25.25 nats" in aggregate.saturated(saturated)
    assert not aggregate.is_nothing_to_split(saturated)
    assert aggregate.is_nothing_to_split(parts(mean_kl=Estimate(0.0004, 0.0)))


def test_numbers_have_no_sign_on_a_zero_and_an_error_where_they_were_sampled() -> None:
    assert [numbers.fixed(x) for x in (-0.001, 0.0, -1.5)] == ["0.00", "0.00", "−1.50"]
    assert [numbers.fixed(x, signed=True) for x in (-0.001, 2.5, -2.5)] == [
        "0.00",
        "+2.50",
        "−2.50",
    ]
    assert numbers.estimate(Estimate(-0.004, 0.02)) == "0.00 ± 0.02"
    assert numbers.estimate(Estimate(6.75, 0.001)) == "6.75 ± less than 0.01"
    assert numbers.estimate(Estimate(6.75, 0.0)) == "6.75"
    assert numbers.estimate(Estimate(math.nan, 0.0)) == "saturated"
    assert numbers.bracket(between(0.001, 0.004)) == "0.00"
    assert numbers.ends(Bracket(Estimate(1.0, 0.02), Estimate(2.0, 0.1))) == "± 0.02 and ± 0.10"
    assert numbers.percent(Estimate(0.0974, 0.0066)) == "9.7% ± 0.7%"


def bound_summary(**changes: Any) -> BoundSummary:
    values = {
        "n_images": 200, "n_importance": 100, "negative_elbo": 99.5, "elbo_error": 0.625,
        "negative_bound": 97.125, "bound_error": 0.375, "gap": 2.375, "gap_error": 0.25,
        "at_mean": 90.0625, "at_mean_error": 0.875, "ess_median": 31.46, "n_few": 46, "n_heavy": 62,
    } | changes  # fmt: skip
    return BoundSummary(**values)


def test_bounds_are_told_with_their_errors_and_how_far_to_trust_them() -> None:
    elbo, bound, gap, ess, tail, at_mean = bounds.numbers(bound_summary())
    assert elbo == ("Negative ELBO, nats per image", "99.50", "± 0.62 over images")
    assert bound == ("Bound with 100 draws, nats", "97.12", "± 0.38 over images")
    assert gap == ("ELBO to the bound, nats", "2.38", "± 0.25, same images")
    said = "median; below 10: 46 of 200"
    assert ess == ("Effective sample size, of 100", "31.5", said)
    assert tail == ("Pareto k above 0.7", "31%", "62 of 200 images")
    assert at_mean == ("At z = mean: no bound, nats", "90.06", "± 0.88 over images")


def test_ten_draws_have_no_tail_and_none_has_more_than_ten() -> None:
    shown = bounds.numbers(bound_summary(n_importance=10, n_few=200, n_heavy=None))
    assert not [label for label, *_ in shown if "Pareto" in label]
    assert [error for label, _, error in shown if "of 10" in label] == ["median"]


@pytest.mark.parametrize(
    ("changes", "widen", "said"),
    [
        ({}, 1.4, "the bound with 100 draws lies 2.38 ± 0.25 nats below the negative ELBO."),
        ({"gap": 0.5}, 1.0, "are 0.50 ± 0.25 nats apart: equal within 2 standard errors."),
        ({"gap": -0.5}, 1.4, "are 0.50 ± 0.25 nats apart: equal within 2 standard errors."),
        ({"gap": -0.75}, 1.4, "lies 0.75 ± 0.25 nats **above** the negative ELBO"),
        ({"gap": 0.75}, 1.0, "lies 0.75 ± 0.25 nats below the negative ELBO."),
        ({"gap": 1e-6, "gap_error": 1e-8}, 1.0, "are 0.00 ± 0.00 nats apart: equal"),
        (
            {"n_images": 1, "gap_error": math.nan},
            1.0,
            "On this one image, the negative ELBO less the bound with 100 draws is 2.38 nats.",
        ),
    ],
)
def test_a_gap_within_two_errors_is_none(
    changes: dict[str, float], widen: float, said: str
) -> None:
    assert said in bounds.verdict(bound_summary(**changes), widen)


def test_the_formula_claims_to_lie_above_the_elbo_for_the_encoders_own_posterior_only() -> None:
    own, wide = bounds.formula(1.0), bounds.formula(1.4)
    assert "ELBO" in own
    assert r"r(z)=q(z\mid x)" in own
    assert "ELBO" not in wide
    assert r"r(z)=q(z\mid x)\text{ with }\sigma\times1.4" in wide
    for formula in (own, wide):
        assert r"{r(z_i)}" in formula
        assert r"z_i\sim r(z)" in formula


def test_every_number_of_draws_has_its_gaps_with_their_errors() -> None:
    nothing = float("nan")
    table = pd.DataFrame(
        {"n_importance": [1, 10], "negative_bound": [105.0, 101.0], "standard_error": [5.5, 5.25],
         "gap": [-0.25, 4.0], "gap_error": [0.125, 0.5], "gain": [nothing, 3.75],
         "gain_error": [nothing, 0.375]}
    )  # fmt: skip
    assert bounds.gaps(table).to_numpy().tolist() == [
        [1, "105.00 ± 5.50", "−0.25 ± 0.12", ""],
        [10, "101.00 ± 5.25", "4.00 ± 0.50", "3.75 ± 0.38"],
    ]


@pytest.mark.parametrize(
    ("likelihood", "pixels", "said"),
    [
        ("bernoulli", "grey", "not a normalised density"),
        ("bernoulli", "static", None),
        ("continuous-bernoulli", "grey", "A density may exceed 1"),
        ("gaussian", "grey", None),
    ],
)
def test_conditions_of_bounds_say_what_is_no_density(
    likelihood: str, pixels: str, said: str | None
) -> None:
    config = tiny_run(likelihood=likelihood)
    config = replace(config, data=replace(config.data, binarisation=pixels))
    run = replace(RUNS["digits-2d"], config=config)
    note = bounds.conditions(run, 100, 360)
    assert note.startswith(f"A random 100 (seed 0) of the 360 test images ({pixels} pixels). ")
    assert bounds.conditions(run, 360, 360).startswith("All 360 test images (")
    assert "KL in closed form" in note
    assert (said in note) if said else note.endswith("on the same images.")


def test_a_bound_below_zero_is_explained() -> None:
    run = RUNS["mnist-gaussian-10d"]
    assert "may be negative" not in bounds.conditions(run, 100, 360, 3.0, 2.0)
    assert bounds.conditions(run, 100, 360, 3.0, -2.0).endswith("depend on the unit of the pixels.")


# Diagnostics


WORST = {"index": 1234, "negative_elbo": 250.25, "distortion": 230.0, "rate": 20.25}


def test_a_card_says_class_terms_error_and_how_far_from_the_mean() -> None:
    assert worst_images.card(WORST | {"deviations": 5.25}, 3.04, "seven") == [
        "<b>seven</b>, image 1234",
        "negative ELBO 250.2\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}3.0",
        "distortion 230.0 + rate 20.2",
        "5.2 SD above the mean",
    ]
    density = WORST | {"negative_elbo": -30.0, "distortion": -50.25, "deviations": -0.5}
    assert worst_images.card(density, 0.01, "seven")[1:] == [
        "negative ELBO −30.0",
        "distortion −50.2 + rate 20.2",
        "0.5 SD below the mean",
    ]
    point = WORST | {"rate": math.inf, "negative_elbo": math.inf, "deviations": math.nan}
    assert worst_images.card(point, 0.0, "seven")[1:] == ["distortion 230.0"]


def test_a_term_over_all_images_is_told_with_its_error() -> None:
    shown = worst_images.numbers(Spread(-527.919, 2.296, -564.63, 229.7), "rate")
    assert list(shown.values()) == ["−527.92 ± 2.30", "−564.63", "229.70"]
    assert next(iter(shown)) == "Rate: mean ± standard error, nats per image"


def test_images_of_several_draws_and_of_points_are_told_apart() -> None:
    assert "Each image has one draw of z" in worst_images.conditions(1, has_density=True)
    assert "Each image has 5 draws of z" in worst_images.conditions(5, has_density=True)
    assert "draw" not in worst_images.conditions(1, has_density=False)


def collapse(**changes: Any) -> Collapse:
    table = pd.DataFrame({"unused": [False, True, False, False], "picture_change": 0.1})
    values = {
        "verdict": "healthy", "table": table, "mean_kl": 6.125,
        "spread": 0.1875, "reach": (-2.0, 2.0), "n_images": 64,
    } | changes  # fmt: skip
    return Collapse(**values)


def test_the_verdicts_numbers_have_units_and_errors() -> None:
    used, *labels = diagnostics_text.collapse_numbers(collapse(), parts()).items()
    assert used[1] == "3 of 4"
    assert labels == [
        ("Mean KL, nats per image", "6.12"),
        ("I(x; z), nats", "5.50 to 6.75 ± 0.01"),
        ("Spread of reconstructions, RMS per pixel", "0.188"),
    ]


def test_a_model_without_a_rate_is_told_neither_rate_nor_information() -> None:
    told = diagnostics_text.collapse_numbers(collapse(mean_kl=math.inf), None)
    assert list(told.values()) == ["3 of 4", "0.188"]


def test_active_units_are_counted_and_the_rest_of_the_kl_is_told() -> None:
    table = pd.DataFrame({"active": [True, False, False], "kl": [2.0, 0.25, 0.125]})
    told = diagnostics_text.unit_numbers(table)
    assert list(told.values()) == ["1 of 3", "2", "0.375"]
    assert list(told)[2].endswith("nats")
    assert len(diagnostics_text.unit_numbers(table[:1])) == 2
    assert len(diagnostics_text.unit_numbers(table.assign(kl=math.inf))) == 2


def test_the_label_gap_is_told_with_its_error_and_what_there_is_to_say() -> None:
    table = pd.DataFrame({"information": [0.75, 0.5]})
    told = diagnostics_text.label_numbers(LabelGap(table, 2.302, 0.1086, 0.0123))
    assert list(told.values()) == ["0.109 ± 0.012", "0.75", "2.30"]


def test_the_shell_is_told_with_the_shares_within() -> None:
    norms = pd.DataFrame({"draws": range(1000)})
    told = diagnostics_text.shell_numbers(CodesInShell(norms, norms, (2.125, 5.5), 0.951, 0.2, 14))
    assert list(told.values()) == ["2.12 to 5.50", "95.1% ± 0.7%", "20.0% ± 1.3%"]


def test_the_line_about_a_model_says_how_sure_its_score_is() -> None:
    sure = line(tiny_run(), (1, 8, 8), SCORE, "Bernoulli", 0.512)
    assert "rate 3.5 nats per image ± 0.5 (1,234" in sure
    terms = RUNS["mnist-2d"].terms()
    assert terms is not None
    error = float(terms.negative_elbo.std()) / math.sqrt(10_000)
    assert f"nats per image ± {error:.1f} (10,000" in summary(RUNS["mnist-2d"])


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
    vae = build_vae(tiny_model((latent,)), (1, 8, 8))
    said = walks.headline(vae, straight_middles(vae.prior()))
    dims = "1 latent dimension," if latent == 1 else f"{latent} latent dimensions,"
    assert said.startswith(f"##### In {dims}")
    assert f"in {share} of all cases" in said
    assert "many" not in said


def test_of_a_prior_that_was_sampled_the_heading_of_walks_has_an_error() -> None:
    vae = build_vae(tiny_model((3,), posterior="laplace"), (1, 8, 8))
    assert "in 97.4% ± 0.4% of all cases" in walks.headline(vae, Estimate(0.974, 0.004))


def test_the_spectrum_is_of_as_many_images_as_there_are() -> None:
    assert which_images(1437) == "all 1,437 training images"
    assert which_images(10_000) == "all 10,000 training images"
    assert which_images(60_000) == "the first 10,000 of 60,000 training images"


def test_a_walks_caption_has_the_shell_and_where_it_is_from() -> None:
    ends = walks.Ends(torch.zeros(2), torch.ones(2), "two draws from the prior")
    exact = Shell(1.125, 3.5, 0.95, pd.DataFrame(), is_exact=True)
    text = walks.conditions(RUNS["digits-map"], ends, exact)
    assert text.startswith("From and to: two draws from the prior.")
    assert "between 1.12 and 3.50 lie 95%" in text
    assert "20,000 draws" not in text
    drawn = Shell(1.125, 3.5, 0.95, pd.DataFrame(), is_exact=False)
    assert "from 20,000 draws" in walks.conditions(RUNS["digits-map"], ends, drawn)
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
    assert duration(seconds) == text


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


def test_over_an_auto_encoder_overview_tells_of_no_distribution_and_no_kl() -> None:
    """But of a point; and of both over a model that has them."""
    for name, said, unsaid in (
        ("mnist-ae-2d", "one *point*, the code z", "a *distribution* over codes"),
        ("mnist-2d", "a *distribution* over codes", "one *point*"),
    ):
        run = RUNS[name]
        told = " ".join(m.value for m in open_page("overview.py", run).markdown)
        assert said in told
        assert unsaid not in told
        assert ("KL in nats per image" in told) == (name == "mnist-2d")


def test_ellipses_say_what_they_hold_beside_what_a_gaussian_does() -> None:
    found = (Estimate(0.523, 0.007), Estimate(0.894, 0.004))
    said = posteriors.coverage_note(found, LatentPlane((2,), (0, 1)))
    assert said == (
        "The ellipses of q(z|y) at 1σ and 2σ hold 52.3% ± 0.7% and 89.4% ± 0.4% of its draws, 39% "
        "and 86% of a Gaussian in a plane."
    )
    line = posteriors.coverage_note(found, LatentPlane((1,), (0, 0)))
    assert line.startswith("The bars of q(z|y) at 1σ and 2σ hold")
    assert line.endswith("68% and 95% of a Gaussian on a line.")
    triangle = posteriors.coverage_note(found, LatentPlane((3,), (0, 1), is_triangle=True))
    assert triangle == "The 1σ ellipse of q(z|y) holds 52.3% ± 0.7% of its draws."
