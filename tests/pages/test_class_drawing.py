"""A class that draws its data: students' windows, the teacher's wall, the set and its model."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.benchmarks.class_drawing import LABELS, draw, missing
from tests.browser.server import serve
from tests.pages.app import (
    assert_sound,
    button,
    has_component,
    lens_facts,
    lens_state,
    open_page,
    the_component,
    words,
)
from vae_core import DataConfig, load_dataset
from vae_core.data.own import shelf
from vae_core.lessons.drawings import SIDE, Drawings
from vae_core.lessons.rooms import VARIABLE, Room, Rooms

PAGE = "classroom.py"
LINES = [[[0.25, 0.25], [0.75, 0.75]]]


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Rooms:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "rooms"))
    monkeypatch.setenv(shelf.OWN_VARIABLE, str(tmp_path / "own"))
    return Rooms(tmp_path / "rooms")


def opened(rooms: Rooms, labels: str = "cat, <b>house</b>") -> tuple[AppTest, Room]:
    app = open_page(PAGE)
    app.text_input(key="room-labels").set_value(labels)
    wall = button(app, "Open a room to draw data").click().run()
    assert_sound(wall)
    (room,) = rooms.list()
    return wall, room


def levels(seed: int) -> list[int]:
    picture: list[int] = np.random.default_rng(seed).integers(0, 256, SIDE * SIDE).tolist()
    return picture


def say(app: AppTest, component: str, **told: Any) -> AppTest:
    """Have a component tell the server something."""
    app.session_state[the_component(app, component).key] = told
    return app.run()


def send(app: AppTest, mark: str, label: object = 0, pixels: object = None) -> AppTest:
    picture = levels(len(mark)) if pixels is None else pixels
    sent = {"mark": mark, "label": label, "pixels": picture, "lines": LINES}
    return say(app, "class_pad", sent=sent)


def test_a_class_draws_the_teacher_removes_and_a_set_is_made_and_trained_on(rooms: Rooms) -> None:
    wall, room = opened(rooms)
    drawings = Drawings(room)
    student = open_page(PAGE, room=room.code, who="0000000a")
    assert lens_facts(student, "class_pad")["labels"] == ["cat", "<b>house</b>"]  # as text
    send(student, "m1", label=1)
    assert_sound(student)
    told = lens_facts(student, "class_pad")
    assert (told["handled"], told["is_kept"], told["n"]) == ("m1", True, 1)
    student.run()
    assert len(drawings.names()) == 1  # what was sent stays in the window, and is kept once
    for k in range(1, 20):
        drawings.add(f"{k:08x}", k % 2, levels(100 + k))
    wall.run()
    assert "20 drawings by 19 of 19" in "\n".join(words(wall))  # 0000000a is the tenth
    assert lens_facts(wall, "gallery")["counts"] == [9, 11]
    gone = drawings.names()[3]
    say(wall, "gallery", told={"remove": [gone], "at": 1})
    assert gone not in drawings.names()
    say(wall, "gallery", told={"remove": ["../../states/0000000.json"], "at": 2})
    assert any("name of a drawing" in e.value for e in wall.error)
    button(wall.run(), "Make it a data set").click().run()
    assert_sound(wall)
    data = load_dataset(DataConfig(f"own:class-{room.code}"))
    assert (len(data.train) + len(data.test), room.state().data) == (19, data.name)
    assert "augmentation" in "\n".join(words(wall))
    button(wall, "Take no more drawings").click().run()
    send(student, "m22")
    assert not has_component(student, "class_pad")
    assert len(drawings.names()) == 19
    button(wall.run(), "Train on it").click().run()
    assert_sound(wall)
    assert wall.selectbox(key="form-dataset").value == data.name
    assert wall.selectbox(key="form-augmentation").value == "shifts-turns"


def test_a_drawing_that_cannot_be_kept_is_one_sentence_and_stays_on_the_pad(rooms: Rooms) -> None:
    _, room = opened(rooms)
    student = open_page(PAGE, room=room.code, who="0000000a")
    for k, pixels in enumerate(([], "x", [0] * SIDE**2, [float("nan")] * SIDE**2, {"a": 1})):
        send(student, f"m{k}", pixels=pixels)
        (error,) = student.error
        assert "\n" not in error.value
        told = lens_facts(student, "class_pad")
        assert (told["handled"], told["is_kept"]) == (f"m{k}", False)
    for sent in ({}, "x", {"mark": "m" * 100}):
        say(student, "class_pad", sent=sent)
    send(student, "label", label="<b>")
    assert len(student.error) == 1
    assert Drawings(room).names() == []


def test_an_own_drawing_is_opened_on_the_plane_by_its_lines_or_by_its_mean(rooms: Rooms) -> None:
    _, room = opened(rooms)
    student = open_page(PAGE, room=room.code, who="0000000a")
    send(student, "m1")
    (name,) = Drawings(room).names()
    say(student, "gallery", told={"open": name, "at": 1})
    assert_sound(student)
    assert lens_state(student).drawing == ((( 0.25, 0.25), (0.75, 0.75)),)  # fmt: skip
    assert has_component(student, "lens")
    again = open_page(PAGE, room=room.code, who="0000000a")  # a session that knows no lines
    say(again, "gallery", told={"open": name, "at": 2})
    assert_sound(again)
    assert lens_state(again).image is None
    assert len(lens_state(again).z) == 2


def test_labels_that_are_none_are_one_sentence(rooms: Rooms) -> None:
    app = open_page(PAGE)
    app.text_input(key="room-labels").set_value("cat, cat")
    button(app, "Open a room to draw data").click().run()
    assert [e.value for e in app.error] == ["Expected each label once; got 'cat' twice."]
    assert rooms.list() == []


def test_only_who_has_the_passcode_leads(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    _, room = opened(rooms)
    Drawings(room).add("0000000a", 0, levels(0))
    monkeypatch.setenv("ELBO_ROOM_PASSCODE", "secret")
    app = open_page(PAGE, room=room.code, role="wall")
    assert not has_component(app, "gallery")
    assert not {b.label for b in app.button} & {"Make it a data set", "Delete them"}


def test_drawings_are_saved_and_deleted_when_that_is_asked_for(rooms: Rooms) -> None:
    wall, room = opened(rooms)
    for k in range(3):
        Drawings(room).add(f"{k:08x}", 0, levels(k))
    button(wall.run(), "Prepare the .zip").click().run()
    assert any(".zip" in d.proto.label for d in wall.get("download_button"))
    button(wall, "Delete them").click().run()
    assert_sound(wall)
    assert Drawings(room).names() == []


@pytest.mark.slow
def test_thirty_windows_draw_at_once_on_one_server_and_nothing_is_lost(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        room = Rooms(server.runs.parent / "rooms").open_to_draw(LABELS)
        waits = asyncio.run(draw(server, room, users=30, each=1, seconds=1.0))
        assert missing(room, 30) == []
    assert waits.problems == []
    assert room.n_people() == 30
