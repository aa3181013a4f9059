"""A lesson's file: what it may hold, and one sentence with file and line for what it may not."""

from __future__ import annotations

import pytest

from tests.core.lessons.conftest import HEAD
from vae_core.errors import LessonError
from vae_core.lessons import Choice, NumberQuestion, Place, find_lesson, lesson_paths, read_lesson

WHOLE = r"""## Predict
For which $\sigma<2$ is it {{ kl_normal(0, 1) | .2f }}?
- [ ] 2 -- M: It is 2. No, it costs {{ kl_normal(0, 2) | .2f }} nats.
- [x] 1 -- Yes.
- [ ] 3
## Do
Show: kl, kl-numbers
Model: digits-map
Page: aggregate
View: view=By cell, image=3
Look.
## Reveal
Model: digits-2d
Page:kl
It is so.
Check: rate() > 1
Check: rate() < distortion()
## Transfer
And 2?
= kl_normal(2, 1) +- 0.05
"""


def test_a_lesson_is_read_as_it_is_written(lesson):
    whole = lesson(WHOLE)
    assert (whole.id, whole.title, whole.question, whole.minutes) == (
        "own", "A title", "A question?", 5,
    )  # fmt: skip
    assert [step.name for step in whole.steps] == ["Predict", "Do", "Reveal", "Transfer"]
    asked = whole.step("predict").question
    assert isinstance(asked, Choice)
    assert [option.letter for option in asked.options] == ["a", "b", "c"]
    wrong, right, bare = asked.options
    assert wrong.misconception == "It is 2."
    assert wrong.response == "No, it costs {{ kl_normal(0, 2) | .2f }} nats."
    assert (asked.right, right.response) == (right, "Yes.")
    assert (bare.response, bare.misconception) == ("", "")
    answer = whole.step("Transfer").question
    assert isinstance(answer, NumberQuestion)
    assert (str(answer.answer), answer.tolerance) == ("kl_normal(2, 1)", 0.05)
    assert [str(claim) for claim in whole.claims()] == ["rate() > 1", "rate() < distortion()"]


def test_a_step_sets_the_scene_for_those_after_it(lesson):
    whole = lesson(WHOLE, HEAD.replace('page = "kl"', 'page = "kl"\nhide = ["kl", "line"]'))
    scene = whole.scene_at("Do")
    assert (scene.run, scene.page) == ("digits-map", "aggregate")
    assert dict(scene.view) == {"view": "By cell", "image": "3"}
    assert whole.hidden_at("Predict") == ("kl", "line")
    assert whole.hidden_at("Do") == whole.hidden_at("Reveal") == ("line",)
    assert whole.scene_at("Reveal").run == "digits-2d"
    assert not whole.scene_at("Reveal").view


def test_a_place_is_two_quantities_or_numbers(lesson):
    place = lesson("## Predict\nClick.\n@ mu(0, 0); -1.5 +- 0.3\n").steps[0].question
    assert isinstance(place, Place)
    assert (str(place.at[0]), place.at[1], place.radius) == ("mu(0, 0)", -1.5, 0.3)


def test_a_file_that_changes_has_another_digest(lesson):
    digests = {lesson(text).digest for text in (WHOLE, WHOLE + "\n", WHOLE)}
    assert len(digests) == 2


OPTIONS = "- [x] a\n- [ ] b\n"


@pytest.mark.parametrize(
    ("steps", "line", "said"),
    [
        ("", 6, "expected steps with headings"),
        ("Text.\n## Predict\nA\n", 7, "expected a heading"),
        ("## Think\nA\n", 7, "expected one of the headings"),
        ("## Do\nA\n## Predict\nA\n", 9, "in the order"),
        ("## Do\nA\n## Do\nA\n", 9, "at most once"),
        ("## Do\n\n", 7, "expected a text"),
        ("## Do\nA\n- [ ] a\n- [ ] b\n", 7, "exactly one of them right"),
        ("## Do\nA\n- [x] a\n", 7, "two options or more"),
        (f"## Do\nA\n{OPTIONS}= rate() +- 1\n", 7, "no other question"),
        ("## Do\nA\n= rate() +- 1\n= rate() +- 1\n", 10, "one question"),
        ("## Do\nA\n" + OPTIONS + "- [ ] c\n" * 5, 15, "at most 6 options"),
        ("## Do\nA\n- [maybe] a\n", 9, "expected an option"),
        ("## Do\nA\n- [x] a -- M: Right is wrong.\n", 9, "wrong option's response"),
        ("## Do\nA\n- [ ] a -- M: no full stop\n", 9, "a sentence, the misconception"),
        ("## Do\nA\n= rate()\n", 9, "expected an answer as"),
        ("## Do\nA\n= rate() +- 0\n", 9, "tolerance above 0"),
        ("## Do\nA {{ rate() }}\n", 8, "expected {{ name(numbers) | .2f }}"),
        ("## Do\nA {{ rate() | .2e }}\n", 8, "expected a format such as"),
        ("## Do\nA {{ rate( | .2f\n", 8, "all on one line"),
        ("## Do\nA {{ rate(1) | .2f }}\n", 8, "got 1 in the brackets"),
        ("## Do\nA {{ mu(0) | .2f }}\n", 8, "expected mu(image, dimension)"),
        ("## Do\nA {{ kl_norm(1) | .2f }}\n", 8, "no quantity. Names like it are kl_n"),
        ("## Do\nA {{ __import__(1) | .2f }}\n", 8, "__import__ is no quantity. Known are: active"),
        ("## Do\nA {{ rate().real | .2f }}\n", 8, "expected a quantity with its numbers"),
        ("## Do\nA {{ mu(rate(), 0) | .2f }}\n", 8, "expected a quantity with its numbers"),
        ("## Do\nA {{ mu(1+1, 0) | .2f }}\n", 8, 'expected a number or a "word"'),
        ("## Do\nA <script>x</script>\n", 8, "HTML is not read"),
        ("## Do\nA <!-- x -->\n", 8, "HTML is not read"),
        ("## Do\nA ![a](https://a.example/b.png)\n", 8, "pictures are not read"),
        ("## Do\nA\nView: image\n", 9, "expected name=value"),
        ("## Do\nA\nCheck: rate()\n", 9, "expected quantity < number"),
        ("## Do\nA\nCheck: rate() = 1\n", 9, "expected quantity < number"),
        ("## Do\nA\nCheck: rate() > much\n", 9, "expected a number"),
        ("## Do\nA\nCheck: 1 < rate()\n", 9, "expected a quantity with its numbers"),
    ],
)
def test_a_mistake_in_a_step_is_one_sentence_with_file_and_line(written, steps, line, said):
    path = written(steps)
    with pytest.raises(LessonError) as error:
        read_lesson(path)
    assert str(error.value).startswith(f"{path}, line {line}: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("head", "line", "said"),
    [
        ("", 1, "expected +++"),
        ("+++\ntitle = 'a'\n", 1, "have no end"),
        ("+++\ntitle = a\n+++\n", 2, "Invalid value"),
        (
            "+++\nquestion = 'b'\n+++\n",
            1,
            "title: expected a text of at most 120 characters; got nothing",
        ),
        ("+++\ntitle = 'a'\nquestion = 3\n+++\n", 3, "question: expected a text"),
        ("+++\ntitle = 'a'\nquestion = 'b'\nminutes = 0\n+++\n", 4, "from 1 to 180"),
        ("+++\ntitle = 'a'\nquestion = 'b'\ncolour = 1\n+++\n", 4, "colour is no setting"),
        ("+++\ntitle = 'a'\nquestion = 'b'\nrun = 1\n+++\n", 4, "the id of a model"),
        ("+++\ntitle = 'a'\nquestion = 'b'\npage = 1\n+++\n", 4, "the address of a page"),
        ("+++\ntitle = 'a'\nquestion = 'b'\nview = 1\n+++\n", 4, "a table of address parameters"),
        ("+++\ntitle = 'a'\nquestion = 'b'\nhide = ['a b']\n+++\n", 4, "a list of names"),
        ("+++\ntitle = 'a'\nquestion = 'b'\nafter = 'a'\n+++\n", 4, "a list of names"),
    ],
)
def test_a_mistake_in_the_head_is_one_sentence_with_file_and_line(written, head, line, said):
    path = written("## Do\nA\n", head)
    with pytest.raises(LessonError) as error:
        read_lesson(path)
    assert str(error.value).startswith(f"{path}, line {line}: ")
    assert said in str(error.value)


def test_files_that_are_no_text_are_refused_by_name(written, tmp_path):
    (tmp_path / "bytes.md").write_bytes(b"\xff\xfe\xff")
    for path in (tmp_path / "bytes.md", tmp_path / "none.md", tmp_path):
        with pytest.raises(LessonError, match=str(path)):
            read_lesson(path)
    with pytest.raises(LessonError, match="small letters"):
        read_lesson(written("## Do\nA\n", HEAD, "My lesson.md"))


def test_a_teachers_lesson_takes_the_place_of_one_that_ships(written, tmp_path):
    own = written(WHOLE, HEAD, "beta.md")
    found = lesson_paths(tmp_path)
    assert own in found
    assert len(found) == len(lesson_paths())
    assert find_lesson("beta", tmp_path) == own
    assert find_lesson("beta").parent.name == "lessons"
    assert find_lesson(str(own)) == own
    with pytest.raises(LessonError, match="there is no lesson 'other'"):
        find_lesson("other")
