"""The lessons that ship: each is whole, and true of its model."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from pages.ui.session.doors import DOORS
from vae_core.lessons import QUANTITIES, Choice, check_lesson, lesson_paths, open_model, read_lesson
from vae_core.lessons.calls import ends
from vae_core.lessons.filling import calls_of, texts_of
from vae_core.lessons.lesson import STEPS
from vae_core.shelf import read_rows

LESSONS = {path.stem: path for path in lesson_paths()}
NEED_MNIST = {  # images, not only codes
    *("noise", "flatten", "score-x", "bound", "kl-not-gap", "gap-halves"),
}
EXPECTED = {
    *("mu-sigma", "noise", "why-prior", "gaussian-z", "kl-compares", "sum-or-mean", "kl-sign"),
    *("beta", "kl-zero", "population", "only-ones", "feature-map", "flatten", "diagonal"),
    *("independent", "dirichlet", "decoder-sigma", "score-x", "bound"),
}

each_lesson = pytest.mark.parametrize("path", LESSONS.values(), ids=list(LESSONS))


def test_there_is_a_lesson_for_each_of_the_nineteen_questions():
    lessons = [read_lesson(path) for path in LESSONS.values()]
    assert {lesson.id for lesson in lessons} >= EXPECTED
    assert len({lesson.question for lesson in lessons}) == len(lessons)
    assert len({lesson.title for lesson in lessons}) == len(lessons)


@each_lesson
def test_it_predicts_does_reveals_explains_and_transfers(path: Path):
    lesson = read_lesson(path)
    assert [step.name for step in lesson.steps] == list(STEPS)
    assert isinstance(lesson.step("Predict").question, Choice)
    assert lesson.step("Transfer").question is not None
    assert lesson.question.endswith("?")
    assert list(lesson.claims())
    assert lesson.hidden_at("Predict") == lesson.hide
    assert lesson.hidden_at("Explain") == ()
    assert open_model(lesson.scene.run).is_finished
    addresses = {door.url_path for door in DOORS}
    assert {lesson.scene_at(step.name).page for step in lesson.steps} <= addresses


@each_lesson
def test_every_wrong_option_has_its_misconception_and_an_answer(path: Path):
    for step in read_lesson(path).steps:
        if isinstance(step.question, Choice):
            for option in step.question.options:
                assert option.response, option.text
                assert bool(option.misconception) != option.is_right, option.text
            texts = [option.text for option in step.question.options]
            assert len(set(texts)) == len(texts)


def test_the_right_option_is_not_always_at_the_same_place():
    places = [read_lesson(path).step("Predict").question.right.letter for path in LESSONS.values()]
    assert {letter: places.count(letter) for letter in "abcd"}.keys() >= {"a", "b", "c", "d"}
    assert max(places.count(letter) for letter in "abcd") < len(places) / 2


def test_what_a_lesson_builds_on_comes_before_it():
    after = {stem: read_lesson(path).after for stem, path in LESSONS.items()}
    done: set[str] = set()
    while left := [stem for stem in after if stem not in done]:
        ready = {stem for stem in left if done.issuperset(after[stem])}
        assert ready, f"{left} wait for each other, or for a lesson that is not there"
        done |= ready


@each_lesson
def test_no_text_has_a_word_that_the_house_avoids(path: Path):
    for step in read_lesson(path).steps:
        said = " ".join(texts_of(step)).lower()
        for word in ("latent number", "effective draws", "wants to", "is told", " ink "):
            assert word not in said
        assert said.isprintable() or "\n" in said


@each_lesson
def test_it_is_true_of_its_model_and_all_its_numbers_are_there(path: Path, request):
    lesson = read_lesson(path)
    request.getfixturevalue("mnist_folder" if lesson.id in NEED_MNIST else "bare_machine")
    run = open_model(lesson.scene.run)
    assert [failure.message for failure in check_lesson(lesson, run)] == []
    for call in calls_of(lesson):
        assert np.isfinite(ends(call.value(run, open_model))).all(), str(call)


def test_every_quantity_is_explained_and_used_by_a_lesson_or_the_shelf():
    used = {call.name for path in LESSONS.values() for call in calls_of(read_lesson(path))}
    assert used | {row.call.name for row in read_rows()} == set(QUANTITIES)
    for name, quantity in QUANTITIES.items():
        assert len(inspect.getdoc(quantity) or "") > 20, name
        assert quantity.unit, name
        first, *_ = inspect.signature(quantity.function).parameters
        assert first == "run", name


def test_numbers_that_could_be_computed_are_not_typed():
    """Text outside of placeholders and formulas has no number with a decimal point of results.

    Those that are left are what a quantity is asked of, limits of claims, and settings.
    """
    allowed = {
        "0.5",
        "0.1",
        "0.01",
        "0.2",
        "0.05",
        "0.7071",
        "0.000001",
        "0.9",
        "1.3",
        "2004.06271",
    }
    for path in LESSONS.values():
        for step in read_lesson(path).steps:
            text = re.sub(r"\{\{.*?\}\}|\$[^$\n]+\$|`[^`]+`", "", " ".join(texts_of(step)))
            assert set(re.findall(r"\d+\.\d+", text)) <= allowed, (path.stem, text)
