"""Where the reader is in a lesson: in the address and back, whatever the address may hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.ui.lesson import place, scene
from pages.ui.lesson.place import Place
from tests import lessons
from vae_core.lessons import Lesson, read_lesson

answers = st.one_of(
    st.sampled_from(["a", "b", "f", ""]),
    st.floats(-1e4, 1e4).map(lambda x: f"{x:.6g}"),
    st.tuples(st.floats(-9, 9), st.floats(-9, 9)).map(lambda at: f"{at[0]:.2f};{at[1]:.2f}"),
)


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    return read_lesson(lessons.write(tmp_path, choice=lessons.CHOICE) / "choice.md")


@given(st.lists(answers, max_size=4))
def test_a_place_comes_back_from_its_address(said: list[str]) -> None:
    while said and not said[-1]:
        said = said[:-1]
    at = Place("kl-compares", "predict", tuple(said))
    assert Place.from_address(at.to_address()) == at


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_no_address_is_refused_and_only_letters_and_finite_numbers_are_kept(
    lesson: str, step: str, said: str
) -> None:
    at = Place.from_address({"lesson": lesson, "step": step, "said": said})
    assert (at is None) == (lesson == "")
    for part in at.said if at else ():
        assert part == "" or place.is_answer(part)


@pytest.mark.parametrize(
    "said", ["inf", "nan", "g", "ab", "1e999", "1;", ";1", "1;2;3", "<b>", "−1"]
)
def test_what_is_no_answer_is_left_out(said: str) -> None:
    at = Place.from_address({"lesson": "x", "said": said})
    assert at is not None
    assert at.said == ()


def test_answers_stand_in_the_order_of_the_questions(lesson: Lesson) -> None:
    predict, transfer = lesson.steps[0], lesson.steps[-1]
    at = Place(lesson.id, "transfer").saying(lesson, transfer, "2.0")
    assert at.to_address()["said"] == "-,2.0"
    at = at.saying(lesson, predict, "c")
    assert at.to_address()["said"] == "c,2.0"
    assert (at.answer(lesson, predict), at.answer(lesson, transfer)) == ("c", "2.0")
    assert at.answer(lesson, lesson.steps[1]) == ""


def test_an_answer_that_the_question_does_not_take_is_none(lesson: Lesson) -> None:
    predict, transfer = lesson.steps[0], lesson.steps[-1]
    for said in ("f", "2.0", "1;2"):  # no such option; a number; a place
        assert Place(lesson.id, "predict", (said,)).answer(lesson, predict) == ""
    assert Place(lesson.id, "transfer", ("a", "b")).answer(lesson, transfer) == ""


def test_a_view_is_set_by_values_of_the_types_that_widgets_have() -> None:
    view = {
        "classes": "1, 4", "ellipses": "false", "count": "500", "widen": "1.3", "view": "Bars",
        "image": "3", "layers": "points", "z": "0:1.5", "picked": "916", "row": "x",
    }  # fmt: skip
    found = scene.parts(view)
    assert found.widgets == {"widen": 1.3, "view": "Bars"}
    assert found.lens is not None
    assert (found.lens.image, found.lens.layers, found.lens.z) == (3, ("points",), {0: 1.5})
    assert (found.lens.classes, found.lens.count) == ((1, 4), 500)
    assert found.others == {"picked": "916"}
    assert scene.parts({"view": "Bars"}).lens is None
