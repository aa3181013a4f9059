"""Parts of lessons on screen: order of options, verdicts, what is hidden, links, files, courses."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pages.ui.drawing import escaping
from pages.ui.lesson import answering, hidden, hideable, learn, link_maker, numbers, questions
from pages.ui.lesson.doubts import doubts
from pages.ui.lesson.skeleton import skeleton
from pages.ui.session.doors import DOORS
from tests import lessons
from tests.pages.app import assert_sound, open_page, seen, words
from tests.samples import bundled
from vae_core.lessons import Lesson, NumberQuestion, lesson_paths, read_lesson
from vae_core.lessons.calls import Call
from vae_core.lessons.lesson import Choice


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    return read_lesson(lessons.write(tmp_path, choice=lessons.CHOICE) / "choice.md")


# Questions


def test_the_order_of_options_is_of_the_lesson_and_not_of_the_file(lesson: Lesson) -> None:
    (first, *_) = lesson.steps
    assert isinstance(first.question, Choice)
    order = [option.letter for option in questions.shuffled(lesson, first)]
    assert sorted(order) == ["a", "b", "c"]
    reworded = replace(
        first,
        question=Choice(tuple(replace(o, text=o.text.upper()) for o in first.question.options)),
    )
    assert [o.letter for o in questions.shuffled(lesson, reworded)] == order
    others = {
        tuple(o.letter for o in questions.shuffled(replace(lesson, id=f"n{k}"), first))
        for k in range(40)
    }
    assert len(others) == 6  # every order comes up
    assert questions.shuffled(lesson, lesson.steps[1]) == []


def test_a_prediction_is_revealed_at_the_reveal_and_other_answers_at_once(lesson: Lesson) -> None:
    predict, do, reveal, explain, transfer = lesson.steps
    shown = [questions.is_revealed(lesson, predict, at) for at in lesson.steps]
    assert shown == [False, False, True, True, True]
    assert questions.is_revealed(lesson, transfer, transfer)
    without = replace(lesson, steps=(predict, do, explain))
    assert [questions.is_revealed(without, predict, at) for at in without.steps] == [0, 0, 1]
    short = replace(lesson, steps=(predict, do))
    assert questions.is_revealed(short, predict, predict)
    assert questions.waits(lesson, predict, "")
    assert not questions.waits(lesson, predict, "a")
    assert not questions.waits(lesson, transfer, "")
    assert (questions.before(lesson, predict), questions.next_of(lesson, transfer)) == (None, None)
    assert questions.next_of(lesson, reveal) == explain


def test_a_number_is_right_within_its_tolerance_of_either_end() -> None:
    assert questions.number_answer("2.05", (2.0,), 0.05).is_right
    assert not questions.number_answer("2.06", (2.0,), 0.05).is_right
    assert questions.number_answer("6.8", (6.95, 6.75), 0.01).is_right
    assert questions.number_answer("7.0", (6.95, 6.75), 0.01).distance == pytest.approx(0.05)


def test_a_place_is_right_within_its_radius() -> None:
    assert questions.place_answer("0.3;0.4", (0.0, 0.0), 0.5).is_right
    assert not questions.place_answer("0.3;0.41", (0.0, 0.0), 0.5).is_right


def test_the_right_number_has_the_digits_of_its_tolerance() -> None:
    call = Call("kl_normal", (2.0, 1.0))
    for tolerance, expected in ((0.05, "2.00 nats"), (0.5, "2.0 nats"), (1, "2 nats")):
        assert numbers.said(NumberQuestion(call, tolerance), 2.0) == expected
    factor = NumberQuestion(Call("implied_beta", ("mean/mean",)), 0.5)
    assert numbers.said(factor, 39.2) == "39.2"
    count = NumberQuestion(Call("map_variances", (256.0, 16.0, 8.0)), 0.5)
    assert numbers.said(count, 2048.0) == "2,048"


def test_the_verdict_marks_the_right_option_and_answers_the_readers_own(lesson: Lesson) -> None:
    question = lesson.steps[0].question
    assert isinstance(question, Choice)
    a, b, c = question.options
    own = answering.verdict(a, "a")
    assert own.startswith(f"{answering.WRONG} Both 1 **(yours)**")
    assert "Misconception: KL compares mu with sigma." in own
    assert "It costs" in own
    assert answering.verdict(b, "a") == (f"{answering.RIGHT} {b.text}  \nThis is the prior itself.")
    assert answering.verdict(c, "a") == f"{answering.OTHER} Any pair of equals"
    assert answering.verdict(b, "b").startswith(f"{answering.RIGHT} {b.text} **(yours)**")


# What is hidden


def test_a_hidden_key_hides_its_element_its_group_and_the_ways_to_save_it() -> None:
    style = hidden.style(["kl-numbers"])
    for selector in (".st-key-kl-numbers", '[class*="st-key-kl-numbers--"]', ".st-key-save-kl-num"):
        assert selector in style
    assert "h1.door" not in style
    assert hidden.style([]) == ""
    assert "h1.door" in hidden.style([], in_a_lesson=True)


def test_hidden_words_are_the_headings_that_pages_have() -> None:
    """Else a heading with the answer stands beside the prediction."""
    assert ":has(h2)" in hidden.style(["words"])
    assert ":has(h2 strong)" in hidden.style([], in_a_lesson=True)
    app = seen("kl.py", bundled()["mnist-2d"])
    assert [one.value[:3] for one in app.markdown if one.value.startswith("#")] == ["## "]


@settings(max_examples=40)
@given(st.text(max_size=200))
def test_an_address_cannot_write_a_style_of_its_own(text: str) -> None:
    for key in hidden.from_address(text):
        assert re.fullmatch(r"[\w-]{1,60}", key)
    assert hidden.style(hidden.from_address(text)).count("{") <= 1
    assert "<" not in hidden.style(hidden.from_address(text))[len("<style>") : -len("</style>")]


def test_keys_that_can_be_hidden_are_of_pages_that_there_are() -> None:
    assert set(hideable.PAGES) <= {door.url_path for door in DOORS}
    for page, key in (*hideable.SHOWN_BY, *hideable.IN_COMPONENTS):
        assert key in hideable.PAGES[page]


@pytest.mark.parametrize("path", lesson_paths(), ids=lambda path: path.stem)
def test_a_lesson_that_ships_hides_what_its_pages_have(path: Path) -> None:
    lesson = read_lesson(path)
    pages = {lesson.scene_at(step.name).page for step in lesson.steps}
    known = set(hideable.FRAME).union(*(hideable.PAGES.get(page, {}) for page in pages))
    assert set(lesson.hide) <= known
    shown = {key for step in lesson.steps for key in step.scene.shows}
    assert shown <= set(lesson.hide) | {"model-box"}


# Links and files


def test_a_link_keeps_the_view_and_names_what_it_hides() -> None:
    query: dict[str, str | list[str]] = {"run": "MNIST 2-D", "classes": ["1", "4"], "hide": "old"}
    made = link_maker.link("http://h.test/base/posteriors?x=1", "posteriors", query, ["a", "b"])
    parts = urlsplit(made)
    assert (parts.netloc, parts.path) == ("h.test", "/base/posteriors")
    assert parse_qs(parts.query) == {
        "run": ["MNIST 2-D"], "classes": ["1", "4"], "hide": ["a,b"],
    }  # fmt: skip
    assert link_maker.link("", "kl", {}, []) == "/kl"
    assert link_maker.view_of(query) == {"classes": "1,4"}


@settings(max_examples=30)
@given(
    st.text(max_size=20),
    st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=3),
    st.lists(st.sampled_from(["kl", "words"]), unique=True),
)
def test_the_beginning_of_a_lesson_is_read_as_one(
    tmp_path_factory: pytest.TempPathFactory, run: str, view: dict[str, str], hide: list[str]
) -> None:
    path = tmp_path_factory.mktemp("skeleton") / "my-lesson.md"
    path.write_text(skeleton(run, "kl", view, hide), encoding="utf-8", newline="\n")
    lesson = read_lesson(path)
    assert (lesson.scene.run, lesson.scene.page, lesson.scene.view) == (run, "kl", view)
    assert lesson.hide == tuple(hide)
    assert lesson.hidden_at("Predict") == tuple(hide)
    assert lesson.hidden_at("Do") == ()
    assert [step.name for step in lesson.steps] == [
        "Predict", "Do", "Reveal", "Explain", "Transfer",
    ]  # fmt: skip


# Courses


def named(lesson: Lesson, *ids: str, **after: tuple[str, ...]) -> list[Lesson]:
    return [replace(lesson, id=name, after=after.get(name, ())) for name in ids]


def test_courses_have_their_order_and_leave_out_what_is_not_here(lesson: Lesson) -> None:
    some = named(lesson, "bound", "mine", "population", "mu-sigma")
    ids = lambda course: [one.id for one in learn.in_order(some, course)]  # noqa: E731
    assert ids(learn.ALL) == ["mu-sigma", "population", "bound", "mine"]
    assert ids("45 minutes") == ["mu-sigma", "population"]
    assert ids("90 minutes") == ["mu-sigma", "population", "bound"]
    for course in learn.COURSES.values():
        assert set(course) <= set(learn.IN_ORDER)


def test_a_teachers_own_come_last_each_after_what_it_builds_on(lesson: Lesson) -> None:
    some = named(lesson, "x", "y", "w", x=("y",), y=("w", "gone"))
    assert [one.id for one in learn.in_order(some)] == ["w", "y", "x"]
    circle = named(lesson, "x", "y", x=("y",), y=("x",))
    assert len(learn.in_order(circle)) == 2


def test_what_a_lesson_builds_on_is_named_by_titles_with_what_was_done(lesson: Lesson) -> None:
    one = replace(lesson, after=("a", "b", "gone"))
    said = learn.builds_on(one, {"a": "First", "b": "Second"}, ("b",))
    assert said == "Builds on “First” and “Second” (done)."
    assert learn.builds_on(lesson, {}, ()) == ""


def test_what_a_lesson_names_and_the_app_has_not_is_said_with_what_there_is(tmp_path: Path) -> None:
    right = lessons.CHOICE
    wrong = right.replace('page = "kl"', 'page = "KL"').replace('"kl-numbers"', '"kl-number"')
    made = lessons.write(tmp_path, right=right, wrong=wrong)
    assert doubts(read_lesson(made / "right.md")) == []
    found = " ".join(doubts(read_lesson(made / "wrong.md")))
    assert "page: there is no page 'KL'. Pages are posteriors, " in found
    assert "no page of the lesson has 'kl-number'." in found
    assert "Show: 'kl-numbers' was not hidden. Hidden are summary, kl-number, " in found
    for path in lesson_paths():
        assert doubts(read_lesson(path)) == [], path.stem


def test_every_question_that_ships_is_one_click_from_the_list() -> None:
    """The menu and its page are two clicks from anywhere; the lesson's own link is the third."""
    app = open_page("lessons.py")
    assert_sound(app)
    links = {parse_qs(link.proto.query_string)["lesson"][0]: link for link in
             app.get("page_link") if "lesson=" in link.proto.query_string}  # fmt: skip
    said = "\n".join(words(app))
    for path in lesson_paths():
        lesson = read_lesson(path)
        assert lesson.id in links
        assert escaping.markdown(lesson.question, 300) in said
    assert set(learn.IN_ORDER) <= links.keys()
