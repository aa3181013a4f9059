"""Claims of a lesson on a model, and its text with the numbers of one."""

from __future__ import annotations

import os

import pytest

from vae_core import RunStore
from vae_core.errors import LessonError
from vae_core.lessons import check_lesson, fill, open_model, siblings
from vae_core.lessons.calls import parse_call
from vae_core.lessons.filling import calls_in, calls_of


def test_claims_that_hold_are_no_failures(lesson, digits_2d):
    good = lesson("## Do\nA\nCheck: rate() > 1\nCheck: kl_slip() < rate()\nCheck: rate() < 1e3\n")
    assert check_lesson(good, digits_2d) == []


def test_a_claim_that_fails_says_what_came_and_where(lesson, digits_2d):
    steps = "## Do\nA\nCheck: rate() > 1000\nCheck: rate() < kl_slip()\nCheck: rate() > 1\n"
    first, second = check_lesson(lesson(steps), digits_2d)
    assert first.message.startswith("line 9: expected rate() > 1000; got 2.9")
    assert first.message.endswith(" on Digits 2-D.")
    assert second.message.startswith("line 10: expected rate() < kl_slip(); got 2.9")
    assert " and −3." in second.message
    assert (first.claim.line, second.claim.line) == (9, 10)


def test_a_claim_of_a_bracket_holds_for_both_of_its_ends(lesson, digits_2d):
    found = parse_call("mutual_information()").value(digits_2d, open_model)
    low, high = found.low.value, found.high.value
    assert low < high
    middle = f"{(low + high) / 2:.4f}"
    for relation in "<>":
        (failure,) = check_lesson(
            lesson(f"## Do\nA\nCheck: mutual_information() {relation} {middle}\n"), digits_2d
        )
        assert " to " in failure.message
    assert not check_lesson(lesson("## Do\nA\nCheck: mutual_information() > 0\n"), digits_2d)


def test_a_claim_that_a_model_cannot_answer_fails_with_the_reason(lesson, digits_2d):
    steps = "## Do\nA\nCheck: head_size() > 1\nCheck: cells() > 1\nCheck: rate() of gone > 1\n"
    cells, gone = check_lesson(lesson(steps), digits_2d)
    assert cells.message == (
        "line 10: cells() > 1 cannot be computed: the latent of Digits 2-D is a vector: it has no "
        "cells."
    )
    assert "there is no model 'gone' here" in gone.message
    assert not (cells.is_open)
    assert not (gone.is_open)


def test_a_claim_without_the_images_says_that_they_are_not_here(lesson, bare_machine):
    (failure,) = check_lesson(
        lesson("## Do\nA\nCheck: score_floor(0) > 1\n"), open_model("mnist-ones-2d")
    )
    assert "MNIST is not on this machine" in failure.message
    assert failure.is_open


def test_models_beside_the_run_come_before_those_that_ship(own_run):
    find = siblings(own_run)
    assert find("digits-2d").path.parent == own_run.path.parent
    assert find("digits-map").path.parent.name == "models"
    assert find("beta-1").path.parent.name == "mnist-beta"
    for name in ("../models/digits-2d", "", "/etc"):
        with pytest.raises(LessonError, match="there is no model"):
            find(name)


def test_text_is_filled_with_the_numbers_of_the_model_at_hand(lesson, digits_2d):
    text = lesson("## Do\nA {{ kl_normal(2, 1) | .2f }} and {{ mu(0, 1) | .3f }}.\n").steps[0].body
    mu = digits_2d.codes().mean[0, 1]
    said = fill(text, lambda call: call.value(digits_2d, open_model))
    assert said == f"A 2.00 and {float(mu):.3f}.".replace("-", "−")


def test_calls_of_a_lesson_are_all_that_it_shows_asks_and_claims(lesson):
    steps = (
        "## Predict\n{{ rate() | .2f }} {{ rate() | .1f }}\n- [ ] {{ mu(0, 0) | .1f }} -- M: Oh "
        "{{ mu(0, 1) | .1f }}. {{ mu(1, 0) | .1f }}\n- [x] b\n## Do\nA\n@ mu(2, 0); 1 +- 1\n"
        "## Transfer\nA\n= distortion() +- 1\nCheck: kl_slip() < kl_flipped()\n"
    )
    said = [str(call) for call in calls_of(lesson(steps))]
    assert said[0] == "rate()"
    assert set(said) == {
        *("rate()", "mu(0, 0)", "mu(0, 1)", "mu(1, 0)", "mu(2, 0)", "distortion()"),
        *("kl_slip()", "kl_flipped()"),
    }
    assert len(said) == len(set(said))
    assert [str(call) for call in calls_in("{{ mu(0, 0) | .1f }} {{ rate() | f }}")] == [
        "mu(0, 0)", "rate()",
    ]  # fmt: skip


def test_values_are_kept_until_a_run_is_trained_anew(own_run):
    def rate(name: str) -> float:
        return parse_call("distortion()").value(RunStore(own_run.path.parent).load(name), None)

    before = rate(own_run.id)
    path = own_run.path / "metrics.json"
    path.write_text(path.read_text().replace('"test_distortion": ', '"test_distortion": 1'))
    os.utime(path, ns=(1, 1))
    assert rate(own_run.id) > before
