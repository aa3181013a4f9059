"""News of a class: what windows are told, and that they run again only when there is some."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.classroom import news
from pages.ui.classroom.wall import COUNT
from tests.pages.app import fetch, open_page
from tests.samples import ROOT
from vae_core.lessons import Choice, read_lesson
from vae_core.lessons.reading import FOLDER
from vae_core.lessons.room_state import OWN
from vae_core.lessons.rooms import VARIABLE, Room, Rooms

LESSON = ROOT / "assets" / "lessons" / "kl-compares.md"


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Rooms:
    """The folder of rooms; the teacher has a copy of one lesson."""
    folder = tmp_path / "lessons"
    folder.mkdir()
    (folder / LESSON.name).write_bytes(LESSON.read_bytes())
    monkeypatch.setenv(FOLDER, str(folder))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "rooms"))
    return Rooms(tmp_path / "rooms")


def parts(room: Room) -> list[str]:
    """Number of the state, lesson, answers, participants, as they are now."""
    return news.text(room, fresh=0.0).split()


def followed(app: AppTest) -> list[dict[str, str]]:
    """What the parts of a page that follow were told."""
    found = [one.proto for one in app.get("bidi_component")]
    return [json.loads(p.json) for p in found if p.component_name == "elbo_room.follow"]


def test_each_thing_that_happens_changes_its_own_word(rooms: Rooms, tmp_path: Path) -> None:
    lesson = read_lesson(LESSON)
    room, question = rooms.open(lesson), lesson.steps[0].question
    assert isinstance(question, Choice)
    before = parts(room)
    assert len(before) == news.COUNTS == len(news.GONE.split())
    changed: list[list[int]] = []

    def note() -> None:
        nonlocal before
        now = parts(room)
        changed.append([k for k in range(news.COUNTS) if now[k] != before[k]])
        before = now

    note()
    room.join("0000000a")
    note()
    room.answer("0000000a", "a", question)
    note()
    room.answer("0000000a", "b", question)  # changes the mind: nothing that a window shows
    note()
    room.move(room.state(), is_paused=True)
    note()
    path = tmp_path / "lessons" / LESSON.name
    path.write_text(LESSON.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    note()
    assert changed == [[], [3], [2], [], [0], [1]]
    rooms.delete(room.code)
    assert " ".join(parts(room)) == news.GONE


def test_at_the_own_pace_answers_to_every_question_are_news(rooms: Rooms) -> None:
    lesson = read_lesson(LESSON)
    room = rooms.open(lesson, OWN)
    asking = [step for step in lesson.steps if step.question]
    for n, step in enumerate(asking, start=1):
        question = step.question
        said = question.right.letter if isinstance(question, Choice) else 2.0
        assert question
        room.answer("0000000a", said, question, step=step.name.lower())
        assert parts(room)[2] == str(n)


def test_many_windows_look_once(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    monkeypatch.setattr(news, "_look", lambda room: looks.append(room) or "1 a 2 3")
    room = rooms.open(read_lesson(LESSON))
    for _ in range(300):
        assert news.text(room, fresh=60.0) == "1 a 2 3"
    assert len(looks) == 1


def test_windows_follow_what_they_show_and_nothing_runs_by_itself(rooms: Rooms) -> None:
    """A student hears of moves, the wall of every answer, too; nobody polls by running."""
    room = rooms.open(read_lesson(LESSON))
    student = open_page("classroom.py", room=room.code, who="0000000a")
    (told,) = followed(student)
    assert told["seen"] == " ".join(parts(room)[: news.MOVES])
    assert fetch(told["address"]).content.decode().startswith(told["seen"])
    moves, counts = followed(open_page("classroom.py", room=room.code, role="wall"))
    assert moves["seen"] == told["seen"]
    assert (counts["seen"], counts["every"]) == (" ".join(parts(room)), 1000 * COUNT)
    room.move(room.state(), phase="votes")
    assert followed(student)[0]["seen"] == told["seen"]
    student.run()
    assert followed(student)[0]["seen"] == " ".join(parts(room)[: news.MOVES]) != told["seen"]
