"""Calls of quantities, and numbers in a format."""

from __future__ import annotations

import math

import pytest

from vae_core.analysis import Bracket, Estimate
from vae_core.errors import LessonError
from vae_core.lessons import open_model
from vae_core.lessons.calls import check_format, ends, in_words, parse_call


@pytest.mark.parametrize(
    "text",
    ["rate()", "kl_normal(0, 1)", 'coding_sd("exp-logvar", 0, 1)', "mu(3, 0) of digits-2d",
     'paired_difference("mnist-2d") of mnist-full-2d', "kl_normal(-2.5, 1e-06)",
     'implied_beta("sum/mean")'],
)  # fmt: skip
def test_a_call_says_itself_as_it_is_written(text):
    assert str(parse_call(text)) == text
    assert parse_call(f"  {text} ") == parse_call(text)


@pytest.mark.parametrize(
    "text",
    ["rate", "rate()()", "rate() of", "rate() of ../etc", "x.rate()", "rate(*a)", "mu(0, inf)",
     "mu(0, nan)", 'class_kl("a\\n")', "mu('0', 0)", "lambda: 0", "rate();rate()", ""],
)  # fmt: skip
def test_nothing_else_is_a_call(text):
    with pytest.raises(LessonError):
        parse_call(text)


def test_a_call_asks_the_run_that_it_names(digits_2d):
    here, there = parse_call("rate()"), parse_call("rate() of digits-map")
    assert here.value(digits_2d, open_model) == pytest.approx(digits_2d.metrics().rate, abs=0.01)
    assert there.value(digits_2d, open_model) == here.value(open_model("digits-map"), open_model)
    with pytest.raises(LessonError, match="there is no model 'mine' here"):
        parse_call("rate() of mine").value(digits_2d, open_model)


@pytest.mark.parametrize(
    ("value", "how", "said"),
    [
        (-1.25, ".1f", "−1.2"),
        (-0.001, ".2f", "0.00"),
        (1234.5, ",.0f", "1,234"),
        (0.035, ".1%", "3.5%"),
        (0.5, "+.2f", "+0.50"),
        (-0.5, "+.2f", "−0.50"),
        (2.0, ".3g", "2"),
        (Estimate(2.0, 0.124), ".2f", "2.00 ± 0.12"),
        (Estimate(2.0, 0.001), ".2f", "2.00 ± < 0.01"),
        (Estimate(0.02, 0.0001), ".0%", "2% ± < 1%"),
        (Estimate(2.0), ".2f", "2.00"),
        (Estimate(-2.0, 0.5), "+.1f", "−2.0 ± 0.5"),
        (Bracket(Estimate(1.0, 0.1), Estimate(2.0, 0.1)), ".1f", "1.0 to 2.0"),
        (Bracket(Estimate(1.01, 0.1), Estimate(1.02, 0.1)), ".1f", "1.0"),
    ],
)
def test_numbers_in_words(value, how, said):
    assert in_words(value, how) == said


@pytest.mark.parametrize("how", ["", ".2e", ".10f", "2f", "s", "r", ".2f}", "{x}", "!r", ".2"])
def test_other_formats_are_refused(how):
    with pytest.raises(LessonError, match="expected a format such as"):
        check_format(how)


def test_ends_of_a_number_a_bracket_and_an_estimate():
    assert ends(1.5) == (1.5,)
    assert ends(Estimate(1.5, 0.1)) == (1.5,)
    assert ends(Bracket(Estimate(1.0), Estimate(math.inf))) == (1.0, math.inf)
