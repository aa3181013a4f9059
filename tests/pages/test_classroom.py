"""A class: a teacher's wall and students' windows over one folder of rooms."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.ui.drawing.qr import MAX_LETTERS, qr_code
from tests.pages.app import assert_sound, button, open_page, words
from vae_core.lessons.inventory import read_inventory
from vae_core.lessons.reading import FOLDER
from vae_core.lessons.rooms import VARIABLE, Rooms

PAGE = "classroom.py"
LESSON = """+++
title = "What does the KL term compare?"
question = "Why must mu and sigma be close?"
run = "digits-2d"
+++
## Predict
For which $(\\mu,\\sigma)$ is the KL zero?
- [ ] equal ones -- M: KL compares mu with sigma. It costs {{ kl_normal(1, 1) | .2f }} nats.
- [x] $(0, 1)$ -- It is the prior itself.
## Explain
It compares distributions.
## Transfer
Only the mean moves, from 0 to 2. KL?
= kl_normal(2, 1) +- 0.05
"""


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Rooms:
    """The folder of rooms; one lesson stands beside those that ship."""
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "votes.md").write_text(LESSON, encoding="utf-8")
    monkeypatch.setenv(FOLDER, str(tmp_path / "lessons"))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "rooms"))
    return Rooms(tmp_path / "rooms")


def opened(rooms: Rooms) -> AppTest:
    """A teacher's wall of a new room."""
    app = open_page(PAGE)
    app.selectbox(key="room-lesson").set_value("votes").run()
    wall = button(app, "Open a room").click().run()
    assert_sound(wall)
    return wall


def student(code: str, who: str) -> AppTest:
    return open_page(PAGE, room=code, who=who)


def said(app: AppTest) -> str:
    return "\n".join(words(app))


def bars(wall: AppTest) -> list[str]:
    return [bar.proto.text for bar in wall.get("progress")]


def test_a_class_predicts_votes_again_and_sees_the_answer(rooms: Rooms) -> None:
    wall = opened(rooms)
    (room,) = rooms.list()
    first, second = student(room.code, "0000000a"), student(room.code, "0000000b")
    assert "Answer by yourself first" in said(first)
    for window in (first, second):
        button(window, "**A** equal ones").click().run()
        assert_sound(window)
    button(first, "**B** $(0, 1)$").click().run()
    wall.run()
    assert "2 of 2 have answered" in said(wall)
    assert bars(wall) == []  # nobody is led by the others
    button(wall, "Show the votes").click().run()
    assert bars(wall) == ["1 (50%)", "1 (50%)"]
    assert "KL compares mu with sigma" not in said(wall)
    first.run()
    assert not [b for b in first.button if b.label.startswith("**A**")]
    button(wall, "Vote again").click().run()
    second.run()
    button(second, "**B** $(0, 1)$").click().run()
    button(wall.run(), "Show the votes").click().run()
    assert bars(wall) == [
        *("1 (50%) in vote 1", "0 (0%) in vote 2"),
        *("1 (50%) in vote 1", "1 (100%) in vote 2"),
    ]
    button(wall, "Reveal").click().run()
    assert "KL compares mu with sigma." in said(wall)
    second.run()
    assert "It is the prior itself." in said(second)
    assert "0.50" not in said(second)  # the response to the other option is not theirs
    button(wall, "Next question").click().run()
    first.run()
    first.number_input[0].set_value(2.02).run()
    button(first, "Answer").click().run()
    button(wall.run(), "Show the votes").click().run()
    assert "Said: 2.02" in said(wall)
    button(wall, "Reveal").click().run()
    first.run()
    for window in (wall, first):
        assert "It is **2.00 nats**." in said(window)
        assert_sound(window)
    button(wall, "Prepare the CSV").click().run()
    assert "4 answers, .csv" in [d.proto.label for d in wall.get("download_button")]


@pytest.mark.parametrize("phase", ["votes", "reveal"])
def test_an_answer_after_the_votes_or_the_reveal_is_one_sentence_and_the_first_one_stays(
    rooms: Rooms, phase: str
) -> None:
    wall = opened(rooms)
    (room,) = rooms.list()
    late = student(room.code, "0000000a")
    button(late, "**A** equal ones").click().run()
    room.move(room.state(), phase=phase)  # the window has not heard of it
    button(late, "**B** $(0, 1)$").click().run()
    assert any("came too late" in e.value for e in late.error)
    assert [a.said for a in room.all_answers()] == ["a"]
    button(wall, "Show the votes").click().run()
    assert any("Another window has moved" in e.value for e in wall.error)


def test_a_room_that_is_not_there_is_one_sentence_and_a_way_in(rooms: Rooms) -> None:
    app = student("bobo", "0000000a")
    assert any("There is no room 'bobo'" in e.value for e in app.error)
    assert app.text_input(key="room-code")
    app.text_input(key="room-code").set_value("nono").run()
    assert ["'nono'" in e.value for e in app.error] == [True]


def test_a_reload_keeps_who_one_is(rooms: Rooms) -> None:
    opened(rooms)
    (room,) = rooms.list()
    app = open_page(PAGE, room=room.code)
    who = app.query_params["who"]
    assert len(who) == 8
    button(app, "**A** equal ones").click().run()
    again = student(room.code, who)
    assert "Your answer is kept" in said(again)
    assert room.n_people() == 1


def test_only_who_has_the_passcode_leads_a_class(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(rooms)
    (room,) = rooms.list()
    monkeypatch.setenv("ELBO_ROOM_PASSCODE", "secret")
    for app in (open_page(PAGE), open_page(PAGE, room=room.code, role="wall")):
        labels = {b.label for b in app.button}
        assert not labels & {"Open a room", "Show the votes", "Pause", "Delete it"}
    assert button(student(room.code, "0000000a"), "**A** equal ones")  # a student needs none


def test_a_class_goes_on_with_its_lesson_when_the_file_changes_or_goes(
    rooms: Rooms, tmp_path: Path
) -> None:
    wall = opened(rooms)
    (room,) = rooms.list()
    button(student(room.code, "0000000a"), "**A** equal ones").click().run()
    path = tmp_path / "lessons" / "votes.md"
    path.write_text(LESSON.replace("equal ones", "the same"), encoding="utf-8")
    assert any("goes on with the lesson as it was" in w.value for w in wall.run().warning)
    path.unlink()
    late = student(room.code, "0000000b")
    button(late, "**A** equal ones").click().run()
    assert_sound(late)
    wall.run()
    assert "2 of 2 have answered" in said(wall)
    button(wall, "Prepare the CSV").click().run()
    assert_sound(wall)
    assert "2 answers, .csv" in [d.proto.label for d in wall.get("download_button")]


def test_a_room_is_deleted_when_that_is_confirmed(rooms: Rooms) -> None:
    opened(rooms)
    app = open_page(PAGE)
    button(app, "Delete it").click().run()
    assert rooms.list() == []


def test_the_code_on_the_wall_is_the_address_to_hand_out() -> None:
    """Its size is that of the version which holds so many letters, in dark and light squares."""
    address = "http://127.0.0.1:8501/classroom?room=kumo"
    code = qr_code(address)
    assert code
    picture = Image.open(io.BytesIO(code)).convert("L")
    side, version = picture.width // 6 - 8, 3  # 42 letters of level M
    assert side == 17 + 4 * version
    assert set(np.asarray(picture).ravel().tolist()) == {0, 255}
    assert code != qr_code(address.replace("kumo", "nono"))
    long = address.ljust(MAX_LETTERS, "0")
    assert qr_code(long)
    assert qr_code(long + "0") is None


def test_a_class_takes_the_test_twice_and_sees_its_gain(rooms: Rooms) -> None:
    wall = open_page(PAGE)
    button(wall, "Open a room for the test before and after").click().run()
    assert_sound(wall)
    (room,) = rooms.list()
    right = [item.question.right.letter for item in read_inventory().items]
    before = {"0000000a": 2, "0000000b": 4, "0000000c": 3}
    for gained in (0, 4):
        for who, n_right in before.items():
            window = student(room.code, who)
            for number, letter in enumerate(right[: n_right + gained], start=1):
                step = room.state().step
                window.radio(key=f"item-{step}-{number}").set_value(letter)
            button(window, "Hand in").click().run()
            assert_sound(window)
            assert "Your answers are kept" in said(window)
        wall.run()
        assert "3 of 3 have handed in" in said(wall)
        button(wall, "Close the test").click().run()
        if not gained:
            button(wall, "Give it again, after the course").click().run()
    assert "3 have answered both times: 3.0 of 10 right before, 7.0 after" in said(wall)
    assert "Hedges' g" in said(wall)
    assert "closed" in said(student(room.code, "0000000a"))
    assert_sound(wall)


def test_where_the_disk_is_full_an_answer_is_refused_in_a_sentence_and_the_last_one_stays(
    rooms: Rooms, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(small_disk))
    opened(Rooms(small_disk))
    (room,) = Rooms(small_disk).list()
    window = student(room.code, "0000000a")
    button(window, "**A** equal ones").click().run()
    assert_sound(window)
    with suppress(OSError), (small_disk / "full").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))
    answers = room.path / "answers" / "predict.1"
    for number in range(100):  # until no file is left, either
        try:
            (answers / f".{number}").write_bytes(bytes(600))
        except OSError:
            break
    button(window, "**B** $(0, 1)$").click().run()
    assert [e.value for e in window.exception] == []
    (error,) = window.error
    assert "space" in error.value
    assert "\n" not in error.value
    assert [(a.who, a.said) for a in room.all_answers()] == [("0000000a", "a")]
    assert "Your answer is kept" in said(window)
