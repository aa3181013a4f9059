"""Rooms and votes: what is kept, what is refused, and that nothing is lost."""

from __future__ import annotations

import math
import multiprocessing
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.core.lessons.asking import asked
from vae_core import VAECoreError
from vae_core.errors import RoomError
from vae_core.jobs.executors import process_context, without_main
from vae_core.lessons import Lesson, read_lesson
from vae_core.lessons.answers import new_who, tally
from vae_core.lessons.rooms import MAX_PEOPLE, MAX_ROOMS, Room, Rooms


def test_a_room_is_found_by_its_code_however_it_is_typed(
    room: Room, voted_on: Lesson, tmp_path: Path
) -> None:
    rooms = Rooms(tmp_path / "rooms")
    assert rooms.room(f" {room.code.upper()} ").path == room.path
    assert [r.code for r in rooms.list()] == [room.code]
    state = room.state()
    assert (state.lesson, state.step, state.vote, state.phase) == (
        "a-lesson",
        "predict",
        1,
        "predict",
    )
    for wrong in ("", "zzzzz", "../x", "a" * 1000, "ab/c", "\0abc"):
        with pytest.raises(RoomError, match="there is no room"):
            rooms.room(wrong)
    rooms.delete(room.code)
    assert rooms.list() == []
    with pytest.raises(RoomError, match="there is no room"):
        room.state()
    with pytest.raises(RoomError, match="there is no room"):
        room.answer(new_who(), "a", asked(voted_on))


def test_the_last_answer_of_each_counts_and_is_not_taken_after_the_votes_are_shown(
    room: Room, voted_on: Lesson
) -> None:
    question, (ada, bo) = asked(voted_on), ("0000000a", "0000000b")
    room.answer(ada, "a", question, 3.26)
    room.answer(bo, "a", question)
    room.answer(ada, "b", question, 9.0)
    assert tally(room.answers("predict", 1), question) == {"a": 1, "b": 1}
    assert room.n_people() == 2
    seen = room.state()
    paused = room.move(seen, is_paused=True)
    with pytest.raises(RoomError, match="paused"):
        room.answer(bo, "b", question)
    shown = room.move(paused, phase="votes", is_paused=False)
    with pytest.raises(RoomError, match="too late"):
        room.answer(bo, "b", question)
    assert tally(room.answers("predict", 1), question) == {"a": 1, "b": 1}
    again = room.move(shown, vote=2, phase="predict")
    room.answer(bo, "b", question)
    assert tally(room.answers("predict", 2), question) == {"a": 0, "b": 1}
    assert tally(room.answers("predict", 1), question) == {"a": 1, "b": 1}
    assert [(a.vote, a.who, a.said) for a in room.all_answers()] == [
        (1, ada, "b"), (1, bo, "a"), (2, bo, "b"),
    ]  # fmt: skip
    assert again.number == seen.number + 3


def test_of_two_teachers_at_one_moment_one_is_told(room: Room) -> None:
    seen = room.state()
    room.move(seen, phase="votes")
    with pytest.raises(RoomError, match="another window has moved"):
        room.move(seen, phase="reveal")
    assert room.state().phase == "votes"
    assert {p.suffix for p in (room.path / "states").iterdir()} == {".json"}


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("predict", "c"), ("predict", ""), ("predict", 1.0), ("predict", "<b>"),
        ("transfer", "a"), ("transfer", math.nan), ("transfer", math.inf), ("transfer", (1.0, 2.0)),
    ],
)  # fmt: skip
def test_only_letters_of_options_and_finite_numbers_are_kept(
    room: Room, voted_on: Lesson, step: str, said: object
) -> None:
    with pytest.raises(RoomError, match="expected"):
        room.answer(new_who(), said, asked(voted_on, step))  # type: ignore[arg-type]
    assert room.all_answers() == []


@pytest.mark.parametrize("who", ["", "xyz", "8F3A21C4", "8f3a21c4/..", "../../../a", "8f3a21c"])
def test_a_participant_is_eight_hexadecimal_digits(room: Room, voted_on: Lesson, who: str) -> None:
    with pytest.raises(RoomError, match="eight hexadecimal digits"):
        room.answer(who, "a", asked(voted_on))


def test_a_room_takes_so_many_and_there_are_so_many_rooms(
    room: Room, voted_on: Lesson, tmp_path: Path
) -> None:
    for k in range(MAX_PEOPLE):
        (room.path / "people" / f"{k:08x}").touch()
    room.answer("00000001", "a", asked(voted_on))  # who is in stays in
    with pytest.raises(RoomError, match="full"):
        room.answer("ffffffff", "a", asked(voted_on))
    rooms = Rooms(tmp_path / "rooms")
    for k in range(MAX_ROOMS):
        (tmp_path / "rooms" / f"{'abcde'[k // 10]}aa{'abcdefghij'[k % 10]}").mkdir()
    assert len(rooms.list()) >= MAX_ROOMS
    with pytest.raises(RoomError, match="rooms are open already"):
        rooms.open(voted_on)


def test_old_rooms_are_offered_and_none_is_deleted_by_itself(room: Room, tmp_path: Path) -> None:
    rooms = Rooms(tmp_path / "rooms")
    assert rooms.old() == []
    long_ago = time.time() - 31 * 86400
    os.utime(room.path / "states", (long_ago, long_ago))
    assert [r.code for r in rooms.old()] == [room.code]
    assert [r.code for r in rooms.list()] == [room.code]


def test_a_room_keeps_the_lesson_that_it_was_opened_with(room: Room, voted_on: Lesson) -> None:
    kept = read_lesson(room.lesson_path(voted_on.id))
    assert room.state().digest == kept.digest == voted_on.digest
    text = voted_on.path.read_text(encoding="utf-8")
    voted_on.path.write_text(text.replace("two", "three"), encoding="utf-8")
    assert read_lesson(room.lesson_path(voted_on.id)) == kept
    later = Rooms(room.path.parent).open(voted_on)  # read before it was changed
    assert later.state().digest == read_lesson(voted_on.path).digest != kept.digest


def test_of_a_lesson_that_is_gone_no_half_of_a_room_is_left(
    voted_on: Lesson, tmp_path: Path
) -> None:
    voted_on.path.unlink()
    with pytest.raises(RoomError, match="no room can be made"):
        Rooms(tmp_path / "rooms").open(voted_on)
    assert list(tmp_path.glob("rooms/*")) == []


def test_damaged_files_are_a_sentence_or_left_out(room: Room, voted_on: Lesson) -> None:
    room.answer("0000000a", "a", asked(voted_on))
    votes = room.path / "answers" / "predict.1"
    (votes / "0000000b.json").write_text("{", encoding="utf-8")
    (votes / "0000000c.json").write_text('{"who": 1}', encoding="utf-8")
    assert [a.who for a in room.answers("predict", 1)] == ["0000000a"]
    (room.path / "states" / "0000009.json").write_text('{"phase": "x"}', encoding="utf-8")
    with pytest.raises(RoomError, match="cannot be read"):
        room.state()


def test_where_nothing_can_be_written_one_sentence_says_so_and_answers_stay(
    voted_on: Lesson, small_disk: Path
) -> None:
    room = Rooms(small_disk).open(voted_on)
    room.answer("0000000a", "a", asked(voted_on))
    fill_up(small_disk)
    with pytest.raises(VAECoreError, match="space"):
        _vote(room.path, voted_on.path, first=1)
    assert any((a.who, a.said) == ("0000000a", "a") for a in room.answers("predict", 1))


def fill_up(disk: Path) -> None:
    with suppress(OSError), (disk / "full").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))


def _vote(path: Path, lesson_path: Path, first: int) -> None:
    question = asked(read_lesson(lesson_path))
    for k in range(first, first + 40):
        Room(path).answer(f"{k:08x}", "ab"[k % 2], question)


def test_two_processes_lose_no_answer(room: Room, voted_on: Lesson) -> None:
    context: multiprocessing.context.BaseContext = process_context()
    servers = [
        context.Process(target=_vote, args=(room.path, voted_on.path, first))  # type: ignore[attr-defined]
        for first in (0, 40)
    ]
    with without_main():
        for server in servers:
            server.start()
    for server in servers:
        server.join(60)
        assert server.exitcode == 0
    assert tally(room.answers("predict", 1), asked(voted_on)) == {"a": 40, "b": 40}
    assert room.n_people() == 80
