"""The command `lesson`: a lesson with a model's numbers, its claims, and a teacher's own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from vae_core.lessons import QUANTITIES

OWN = """+++
title = "How many nats does a digit cost?"
question = "Is the KL the same for every digit?"
run = "digits-2d"
page = "kl"
hide = ["kl", "kl-numbers"]
+++
## Predict
The KL term of this model is {{ rate() | .2f }} nats. Which digit costs more: a 0 or an 8?
- [x] The 0 -- It costs {{ class_rate(0) | .1f }} nats.
- [ ] The 8 -- M: A busier picture costs more. It costs {{ class_rate(8) | .1f }} nats.
## Reveal
Show: kl, kl-numbers
Each image lies between {{ rate_min() | .1f }} and {{ rate_max() | .1f }} nats.
Check: class_rate(0) > class_rate(8)
Check: rate() < 4
## Transfer
How many nats does it take to name the 8?
= class_surprise(8) +- 0.2
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "cost.md"
    path.write_text(OWN)
    return path


def test_a_lesson_written_in_five_minutes_works(cli, own, bare_machine):
    code, out, err = cli("lesson", own)
    assert (code, err) == (0, "")
    assert "The KL term of this model is 2.95 nats." in out
    assert "wrong: A busier picture costs more. It costs 2." in out
    assert "right: 2." in out
    assert "        holds  class_rate(0) > class_rate(8)" in out
    assert out.endswith("cost: 2 of 2 claims hold on digits-2d\n")


def test_a_claim_that_fails_is_told_with_its_line(cli, own):
    code, out, err = cli("lesson", own, "--run", "mnist-2d")
    assert (code, err) == (1, "")
    assert "does not hold  rate() < 4" in out
    assert "cost: 1 of 2 claims hold on mnist-2d\n  line 16: expected rate() < 4; got 7.1" in out


def test_a_run_is_found_by_its_folder_and_by_its_id(answer, own, tmp_path):
    by_folder = answer("lesson", own, "--run", "assets/models/digits-map")
    by_id = answer("lesson", own, "--run", "digits-map", "--runs", tmp_path / "nothing")
    assert by_folder == by_id
    assert by_id["run_id"] == "digits-map"
    assert [claim["claim"] for claim in by_id["claims"]] == [
        "class_rate(0) > class_rate(8)",
        "rate() < 4",
    ]


def test_a_lesson_that_ships_is_found_by_its_name(cli):
    code, out, _ = cli("lesson", "kl-sign")
    assert code == 0
    assert re.search(r"kl-sign: (\d+) of \1 claims hold on mnist-2d", out)


def test_all_lessons_are_those_that_ship_and_a_teachers(cli, own, monkeypatch):
    monkeypatch.setenv("ELBO_ROOM_LESSONS", str(own.parent))
    monkeypatch.setattr("vae_core.lessons.reading.BUNDLED", own.parent / "none")
    code, out, err = cli("lesson", "--all", "--json")
    (row,) = json.loads(out)["lessons"]
    assert (code, err, row["lesson"]) == (0, "", "cost")
    assert "text" not in row


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "rate() |",
            "rates() |",
            "cost.md, line 9: rates is no quantity. Names like it are ",
        ),
        ("## Reveal", "## Show", "cost.md, line 12: expected one of the headings"),
        ('page = "kl"', "page = kl", "cost.md, line 5: Invalid value"),
    ],
)
def test_a_broken_file_is_one_line(cli, own, old, new, said):
    own.write_text(OWN.replace(old, new))
    code, out, err = cli("lesson", own)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_what_is_asked_for_must_be_there(refusal, own):
    assert "there is no lesson 'nothing'" in refusal("lesson", "nothing")
    assert "there is no model 'nothing' here" in refusal("lesson", own, "--run", "nothing")
    assert "expected the file or the name of a lesson, --all or --q" in refusal("lesson")
    assert "--all or --q" in refusal("lesson", own, "--all")
    own.write_text(OWN.replace('run = "digits-2d"\n', ""))
    assert "the lesson names no model: add --run RUN" in refusal("lesson", own)


def test_quantities_are_listed_with_what_they_take_and_their_unit(cli):
    code, out, err = cli("lesson", "--quantities")
    assert (code, err) == (0, "")
    assert "kl_normal(mu, sigma), nats\n    KL(N(mu, sigma²) || N(0, 1))" in out
    assert "sd_of_draws(image, dimension, n=1000), units of z\n" in out
    assert out.count("\n") == 2 * len(QUANTITIES)


def test_the_lesson_of_the_docs_is_this_one(own):
    text = Path("docs/reference/lessons.md").read_text(encoding="utf-8")
    shown = text.partition("`cost.md`:\n\n```\n")[2].partition("```")[0]
    assert shown.splitlines() == [line for line in OWN.splitlines() if line != "Check: rate() < 4"]
