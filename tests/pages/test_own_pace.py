"""A class at its own pace: students go through the lesson alone, the wall counts their answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from tests import lessons
from tests.pages.app import FRAME, assert_sound, button, open_page, words
from vae_core.lessons import read_lesson, reading
from vae_core.lessons.room_state import OWN
from vae_core.lessons.rooms import VARIABLE, Room, Rooms

PAGE, ADA = "classroom.py", "0000000a"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A teacher's folder with one lesson, and one for the rooms."""
    made = lessons.write(tmp_path / "lessons", choice=lessons.CHOICE)
    monkeypatch.setenv("ELBO_ROOM_LESSONS", str(made))
    monkeypatch.setattr(reading, "BUNDLED", tmp_path / "none")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "rooms"))
    return made


@pytest.fixture
def room(folder: Path, tmp_path: Path) -> Room:
    return Rooms(tmp_path / "rooms").open(read_lesson(folder / "choice.md"), OWN)


def opened(**address: str) -> AppTest:
    app = AppTest.from_file(FRAME, default_timeout=60)
    app._bidi_component_manager = BidiComponentManager()
    app.query_params.update(address)
    return app.run()


def begun(room: Room, who: str = ADA) -> AppTest:
    """A student's window, by the link of the class page."""
    app = opened(lesson="choice", room=room.code, who=who)
    assert_sound(app)
    return app


def predict(app: AppTest, letter: str) -> AppTest:
    return app.button(key=f"lesson-option-choice-Predict-{letter}").click().run()


def said(app: AppTest) -> str:
    return "\n".join(words(app))


def bars(wall: AppTest) -> list[str]:
    return [bar.proto.text for bar in wall.get("progress")]


def test_a_teacher_opens_a_room_at_the_own_pace() -> None:
    app = open_page(PAGE)
    app.radio(key="room-pace").set_value(OWN)
    wall = button(app, "Open a room").click().run()
    assert_sound(wall)
    assert bars(wall) == ["**Predict**: 0 of 0 have answered", "**Transfer**: 0 of 0 have answered"]
    assert button(wall, "Close the class and reveal")


def test_students_go_alone_and_the_wall_counts_each_question(room: Room) -> None:
    way_in = open_page(PAGE, room=room.code, who=ADA)
    assert_sound(way_in)
    (link,) = (one for one in way_in.get("page_link") if "Begin the lesson" in one.proto.label)
    assert f"room={room.code}" in link.proto.query_string
    assert f"who={ADA}" in link.proto.query_string
    ada, bo = predict(begun(room), "a"), predict(begun(room, "0000000b"), "b")
    for app in (ada, bo):
        assert_sound(app)
        assert "1 of 2 answers are counted" in said(app)
        assert app.query_params["room"] in (room.code, [room.code])
    button(bo, "Back").click().run()  # ada goes on: nobody leads them
    assert "Which dimension costs more?" in said(ada)
    wall = open_page(PAGE, room=room.code, role="wall")
    assert_sound(wall)
    assert bars(wall) == ["**Predict**: 2 of 2 have answered", "**Transfer**: 0 of 2 have answered"]
    button(wall, "Show the bars").click().run()
    assert bars(wall).count("1 (50%)") == 2
    button(wall, "Close the class and reveal").click().run()
    assert_sound(wall)
    assert "check_circle" in said(wall)
    again = open_page(PAGE, room=room.code, who=ADA)
    assert "1 of 2 questions answered" in said(again)
    (link,) = (one for one in again.get("page_link") if "Go on" in one.proto.label)
    assert "said=a" in link.proto.query_string


def test_the_first_answer_counts_and_one_after_the_end_is_a_sentence(room: Room) -> None:
    predict(begun(room), "a")
    predict(begun(room), "b")  # begun anew from the link
    assert [(a.who, a.step, a.said) for a in room.all_answers()] == [(ADA, "predict", "a")]
    late = begun(room, "0000000b")
    room.move(room.state(), phase="reveal")
    predict(late, "b")
    assert any("closed the class" in w.value for w in late.warning)
    assert "You predicted" in said(late)
    assert len(room.all_answers()) == 1
    room.move(room.state(), phase="votes")  # taken again: what waits is handed in
    late.run()
    assert "1 of 2 answers are counted" in said(late)
    assert len(room.all_answers()) == 2


def test_a_lesson_that_changes_in_mid_class_stays_what_it_was_for_the_class(
    room: Room, folder: Path
) -> None:
    lessons.write(folder, choice=lessons.CHOICE.replace("Any pair of equals", "Any equals"))
    app = begun(room)
    assert any(b.label == "Any pair of equals" for b in app.button)
    (folder / "choice.md").unlink()
    app = predict(app, "a")
    assert_sound(app)
    assert "1 of 2 answers are counted" in said(app)


@pytest.mark.parametrize("code", ["nono", "<b>", "KUMO"])
def test_a_room_that_is_not_there_stops_no_lesson(code: str) -> None:
    app = predict(opened(lesson="choice", room=code, who=ADA), "b")
    assert [e.value for e in app.error] == []
    assert "You predicted" in said(app)
    told = [w.value for w in app.warning]
    assert all("there is no room" in text for text in told)
    assert bool(told) == (code == "nono")
    app = button(app, "Leave the lesson").click().run()
    assert "room" not in app.query_params


def test_a_room_that_is_led_takes_no_answer_from_a_card(folder: Path, tmp_path: Path) -> None:
    led = Rooms(tmp_path / "rooms").open(read_lesson(folder / "choice.md"))
    app = predict(begun(led), "a")
    assert any("own pace" in w.value for w in app.warning)
    assert led.all_answers() == []
