"""What the pages under Measure say, from records alone.

Values are chosen so that another one in their place shows: no two of a sentence are the same.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
import torch

from pages.ui.drawing import numbers
from pages.ui.measure import aggregate, bounds, diagnostics, diagnostics_text, kl, worst_images
from pages.ui.session.summary import line, summary
from tests.pages.app import MODELS
from tests.samples import tiny_run
from vae_core.analysis import (
    BoundSummary,
    Bracket,
    CodesInShell,
    Collapse,
    Estimate,
    LabelGap,
    RateParts,
    Spread,
    rate_table,
    total_rate,
)
from vae_core.runs.records import Metrics

RUNS = {run.id: run for run in MODELS}
SCORE = Metrics("a", "digits", "grey", 1234, 1, distortion=20.25, rate=3.5)


# Metrics of the pages that measure


@pytest.mark.parametrize("name", ["digits-2d", "digits-map", "mnist-full-2d", "mnist-dirichlet-3"])
def test_the_kl_pages_numbers_are_those_of_the_codes(name: str) -> None:
    codes = RUNS[name].codes()
    table = rate_table(codes)
    told = kl.numbers(codes, table)
    assert [label for label, value in told.items() if "±" not in value] == ["Active dimensions"]
    shown = {label: value.partition(" ± ")[0] for label, value in told.items()}
    assert float(shown.pop("Rate: mean KL, nats per image")) == pytest.approx(
        total_rate(codes), abs=0.0051
    )
    active, d = shown.pop("Active dimensions").split(" of ")
    assert (int(active), int(d)) == (int(table["active"].sum()), codes.mean[0].numel())
    (most,) = [value for label, value in shown.items() if label.startswith("Largest KL")]
    assert float(most) == pytest.approx(table["kl"].max(), abs=0.0051)
    rest = [label for label in shown if "of which" in label]
    assert rest == (["of which correlation, nats"] if name == "mnist-full-2d" else [])


def test_a_map_has_cells_and_proportions_have_sticks() -> None:
    last = ["Over epochs", "One Gaussian"]
    assert kl.views(RUNS["digits-2d"].codes()) == ["Bars", "By class", *last]
    assert kl.views(RUNS["digits-map"].codes()) == ["Bars", "By class", "By cell", *last]
    simplex = RUNS["mnist-dirichlet-3"].codes()
    assert kl.views(simplex) == ["Bars", "Stick-breaking", "By class", *last]
    assert "order" in kl.conditions(simplex, kl.STICKS, "grey")
    assert "order" not in kl.conditions(simplex, kl.BARS, "grey")
    assert kl.conditions(simplex, kl.BARS, "static").startswith(
        "Means over 10,000 test images (static pixels)."
    )
    assert kl.conditions(simplex, kl.ONE_GAUSSIAN, "grey").endswith("another family: Dirichlet.")
    assert "family" not in kl.conditions(RUNS["digits-2d"].codes(), kl.ONE_GAUSSIAN, "grey")


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
        "at_mean": 90.0625, "at_mean_error": 0.875, "ess_median": 31.46,
        "ess_median_error": 1.25, "n_few": 46, "n_heavy": 62,
    } | changes  # fmt: skip
    return BoundSummary(**values)


def test_bounds_are_told_with_their_errors_and_how_far_to_trust_them() -> None:
    elbo, bound, gap, ess, tail, at_mean = bounds.numbers(bound_summary())
    assert elbo == ("Negative ELBO, nats per image", "99.50", "± 0.62 over images")
    assert bound == ("Bound with 100 samples, nats", "97.12", "± 0.38 over images")
    assert gap == ("ELBO to the bound, nats", "2.38", "± 0.25, same images")
    said = "± 1.2, median; below 10: 46 of 200"
    assert ess == ("Effective sample size, of 100", "31.5", said)
    assert tail == ("Pareto k above 0.7", "31%", "± 3%: 62 of 200 images")
    assert at_mean == ("At z = mean: no bound, nats", "90.06", "± 0.88 over images")


def test_ten_draws_have_no_tail_and_none_has_more_than_ten() -> None:
    shown = bounds.numbers(bound_summary(n_importance=10, n_few=200, n_heavy=None))
    assert not [label for label, *_ in shown if "Pareto" in label]
    assert [error for label, _, error in shown if "of 10" in label] == ["± 1.2, median"]
    alone = bounds.numbers(bound_summary(ess_median_error=math.nan, n_importance=10, n_heavy=None))
    assert [error for label, _, error in alone if "of 10" in label] == ["median"]


@pytest.mark.parametrize(
    ("changes", "widen", "said"),
    [
        ({}, 1.4, "the bound with 100 samples lies 2.38 ± 0.25 nats below the negative ELBO."),
        ({"gap": 0.5}, 1.0, "are 0.50 ± 0.25 nats apart: equal within 2 standard errors."),
        ({"gap": -0.5}, 1.4, "are 0.50 ± 0.25 nats apart: equal within 2 standard errors."),
        ({"gap": -0.75}, 1.4, "lies 0.75 ± 0.25 nats **above** the negative ELBO"),
        ({"gap": 0.75}, 1.0, "lies 0.75 ± 0.25 nats below the negative ELBO."),
        ({"gap": 1e-6, "gap_error": 1e-8}, 1.0, "are 0.00 ± 0.00 nats apart: equal"),
        (
            {"n_images": 1, "gap_error": math.nan},
            1.0,
            "On this one image, the negative ELBO less the bound with 100 samples is 2.38 nats.",
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
    middles = Estimate(-527.919, 2.296), Estimate(-564.63, 3.125)
    shown = worst_images.numbers(Spread(*middles, 229.7), "rate")
    assert list(shown.values()) == ["−527.92 ± 2.30", "−564.63 ± 3.12", "229.70"]
    assert next(iter(shown)) == "Rate: mean ± standard error, nats per image"


def test_images_of_several_draws_and_of_points_are_told_apart() -> None:
    assert "Each image has one sample of z" in worst_images.conditions(1, has_density=True)
    assert "Each image has 5 samples of z" in worst_images.conditions(5, has_density=True)
    assert "sample" not in worst_images.conditions(1, has_density=False)


def collapse(**changes: Any) -> Collapse:
    table = pd.DataFrame({"unused": [False, True, False, False], "picture_change": 0.1})
    values = {
        "verdict": "healthy", "table": table, "mean_kl": Estimate(6.125, 0.03),
        "spread": Estimate(0.1875, 0.004), "reach": (-2.0, 2.0), "n_images": 64,
    } | changes  # fmt: skip
    return Collapse(**values)


def test_the_verdicts_numbers_have_units_and_errors() -> None:
    used, *labels = diagnostics_text.collapse_numbers(collapse(), parts()).items()
    assert used[1] == "3 of 4"
    assert labels == [
        ("Mean KL, nats per image", "6.12 ± 0.03"),
        ("I(x; z), nats", "5.50 to 6.75 ± 0.01"),
        ("Spread of reconstructions, RMS per pixel", "0.188 ± 0.004"),
    ]


def test_a_model_without_a_rate_is_told_neither_rate_nor_information() -> None:
    told = diagnostics_text.collapse_numbers(collapse(mean_kl=Estimate(math.inf)), None)
    assert list(told.values()) == ["3 of 4", "0.188 ± 0.004"]


def test_active_units_are_counted_and_the_rest_of_the_kl_is_told() -> None:
    table = pd.DataFrame({"active": [True, False, False], "kl": [2.0, 0.25, 0.125]})
    told = diagnostics_text.unit_numbers(table)
    assert list(told.values()) == ["1 of 3", "2", "0.375"]
    assert list(told)[2].endswith("nats")
    assert len(diagnostics_text.unit_numbers(table[:1])) == 2
    assert len(diagnostics_text.unit_numbers(table.assign(kl=math.inf))) == 2


def test_the_label_gap_is_told_with_its_error_and_what_there_is_to_say() -> None:
    table = pd.DataFrame({"information": [0.75, 0.5], "standard_error": [0.02, 0.03]})
    table["information_lower"] = [0.7, 0.4]
    told = diagnostics_text.label_numbers(
        LabelGap(table, 2.302, Bracket(Estimate(0.0986, 0.0123), Estimate(0.1086, 0.0123)))
    )
    assert list(told.values()) == ["0.099 to 0.109 ± 0.012", "0.70 to 0.75 ± 0.02", "2.30"]


def test_each_kind_of_picture_is_told_with_the_error_of_its_distance() -> None:
    """On its sheet, and that of the test images beside them."""
    pictures = torch.zeros(4, 1, 8, 8)
    far = {diagnostics.PRIOR: Estimate(0.1875, 0.004), diagnostics.REAL: Estimate(0.125, 0.0002)}
    assert "<b>0.188 ± 0.004</b>" in diagnostics.Samples({diagnostics.PRIOR: pictures}).html(far)
    points = RUNS["mnist-ae-2d"]
    told = diagnostics_text.sample_numbers(points, points.codes(), far)
    assert list(told.values()) == ["0.125 ± less than 0.001"]


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
