"""Rooms: where a class's votes on a lesson are kept, in a folder that servers may share.

    kumo/lesson/kl-compares.md              its lesson, as the file was when the room was opened
    kumo/states/0000007.json                where the class is: the highest number counts
    kumo/people/8f3a21c4                    an empty file for each that has joined
    kumo/answers/predict.1/8f3a21c4.json    one small file an answer
    kumo/drawings/8f3a21c4.07               and a drawing: vae_core/lessons/drawings.py

Moving the class makes the next state, and a file of that name can be made only once: of two
teachers at the same moment one is told. Answers are replaced in one step, each in a file of its
own, so servers need neither a lock nor a data base, and one that is killed loses nothing. Only
letters of options, finite numbers and pixels are stored, and of a student only eight random digits.
"""

from __future__ import annotations

import math
import os
import re
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vae_core.errors import LessonError, RoomError, RunError, shown
from vae_core.io import parse_json, read_text, remove, write_bytes, write_json, writing
from vae_core.lessons.answers import Answer, Said, answer_of, check_said, check_who
from vae_core.lessons.inventory import Inventory
from vae_core.lessons.lesson import Lesson, Question
from vae_core.lessons.reading import MAX_BYTES as LONGEST_LESSON
from vae_core.lessons.reading import read_lesson
from vae_core.lessons.room_state import BEFORE, DRAW, LED, OWN, RoomState, state_of

VARIABLE = "ELBO_ROOM_ANSWERS"  # names the folder of rooms
MAX_ROOMS = 50
MAX_PEOPLE = 300
MAX_BYTES = 4096  # of a state or an answer
OLD = timedelta(days=30)  # after which a room is offered for deletion
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_CODE = re.compile(r"[a-z]{4}")


class Room:
    """One room. Methods read the files each time.

    Parameters
    ----------
    path : Path
        Its folder, whose name is its code.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def code(self) -> str:
        """The four letters that students are told."""
        return self.path.name

    def state(self) -> RoomState:
        """Where the class is. Raises RoomError when the room is gone or damaged."""
        try:
            last = max((p.name for p in (self.path / "states").glob("*.json")), default=None)
            if last is None:
                raise RoomError(f"there is no room {self.code}; ask the teacher for its code.")
            return state_of(_read(self.path / "states" / last))
        except (OSError, RunError, TypeError, ValueError) as error:
            raise RoomError(f"room {self.code} cannot be read: {error}") from error

    def lesson_path(self, lesson_id: str) -> Path:
        """Where the lesson is kept as it was when the room was opened: letters stay what they were.

        There is no file in a room for an inventory.
        """
        return self.path / "lesson" / f"{lesson_id}.md"

    def move(self, seen: RoomState, **changes: Any) -> RoomState:
        """Take the class on from the state that the teacher has seen.

        Raises
        ------
        RoomError
            When another window has moved the room meanwhile, or the folder cannot be written.
        """
        following = replace(seen, **changes, number=seen.number + 1, at=_now())
        path = self.path / "states" / _name(following.number)
        half = path.with_suffix(f".{secrets.token_hex(4)}")
        try:
            write_json(half, asdict(following))
            try:
                os.link(half, path)  # fails where the name is taken, unlike a rename
            finally:
                half.unlink(missing_ok=True)
        except FileExistsError as error:
            raise RoomError(
                f"another window has moved room {self.code} on; look where it is now."
            ) from error
        except (OSError, RunError) as error:
            raise RoomError(f"room {self.code} stays where it is: {error}") from error
        return following

    def join(self, who: str) -> None:
        """Count a participant in. Raises RoomError when the room is full or gone."""
        check_who(who)
        people = self.path / "people"
        if not people.is_dir():
            raise RoomError(f"there is no room {self.code}; ask the teacher for its code.")
        if (people / who).exists():
            return
        if self.n_people() >= MAX_PEOPLE:
            raise RoomError(f"room {self.code} is full: {MAX_PEOPLE} have joined.")
        try:
            write_bytes(people / who, b"")
        except RunError as error:
            raise RoomError(f"room {self.code} cannot be joined: {error}") from error

    def n_people(self) -> int:
        """How many have joined."""
        return len(_names(self.path / "people"))

    def n_answers(self, step: str, vote: int) -> int:
        """How many have answered one vote on a step's question; their answers are not read."""
        return len(_names(self._votes(step, vote)))

    def n_all_answers(self) -> int:
        """How many answers to all questions there are; they are not read."""
        folder = self.path / "answers"
        return sum(len(_names(folder / name)) for name in _names(folder))

    def answer(
        self,
        who: str,
        said: Said,
        question: Question | Inventory,
        seconds: float = 0.0,
        step: str = "",
    ) -> Answer:
        """Keep what someone says to the question that is asked; saying it again replaces it.

        At the own pace the first answer to a step's question stays: it was given unaided.

        Parameters
        ----------
        who : str
            Eight hexadecimal digits.
        said : str, float or pair of float
            The letter of an option, a number, or a place; a letter for each item.
        question : Choice, NumberQuestion, Place or Inventory
        seconds : float
            Since the question was shown.
        step : str
            Whose question it is, at the own pace; else the room's own counts.

        Raises
        ------
        RoomError
            When answers are not taken any more or are paused, the answer is not one of the
            question's: then nothing has changed.
        RunError
            When it cannot be written; an earlier answer is still there.
        """
        check_who(who)
        check_said(said, question)
        state = self.state()
        if state.pace == OWN and state.phase == "reveal":
            raise RoomError("the teacher has closed the class; your answer came too late.")
        if state.pace == LED and state.phase != "predict":
            raise RoomError("the votes are shown already; your answer came too late.")
        if state.is_paused:
            raise RoomError("the teacher has paused the room; answer when it goes on.")
        self.join(who)
        elapsed = seconds if math.isfinite(seconds) else 0.0
        at = step if step and state.pace == OWN else state.step
        answer = Answer(who, at, state.vote, said, _now(), round(max(0.0, elapsed), 1))
        folder = self._votes(at, state.vote)
        if state.pace == OWN and (folder / f"{who}.json").exists():
            return answer
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / f"{who}.json", asdict(answer))
        return answer

    def answer_of(self, who: str, step: str, vote: int) -> Answer | None:
        """What one participant has said to one vote; None where there is nothing, or damage."""
        check_who(who)
        return self._read_answer(self._votes(step, vote) / f"{who}.json")

    def answers(self, step: str, vote: int) -> list[Answer]:
        """What was said to one vote on a step's question; a damaged file is left out."""
        folder = self._votes(step, vote)
        found = (self._read_answer(folder / name) for name in _names(folder))
        return [answer for answer in found if answer]

    def _read_answer(self, path: Path) -> Answer | None:
        try:
            return answer_of(_read(path)) if path.exists() else None
        except (OSError, RunError, TypeError, KeyError, ValueError):
            return None

    def all_answers(self) -> list[Answer]:
        """Every answer to every question, in the order in which votes were held."""
        folders = sorted(_names(self.path / "answers"), key=lambda n: n.split("."))
        votes = (name.rpartition(".")[::2] for name in folders)
        return [
            a for step, vote in votes if vote.isdecimal() for a in self.answers(step, int(vote))
        ]

    def _votes(self, step: str, vote: int) -> Path:
        return self.path / "answers" / f"{step}.{vote}"


class Rooms:
    """All rooms of a server, or of several that share the folder.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, asked: Lesson | Inventory, pace: str = LED) -> Room:
        """A new room for a lesson, at its first question, or for an inventory.

        Raises
        ------
        RoomError
            When there are too many, the lesson asks nothing or cannot be read any more, or the
            folder cannot be written.
        """
        if isinstance(asked, Inventory):
            first_step = BEFORE
        else:
            asking = [step.name.lower() for step in asked.steps if step.question]
            if not asking:
                raise RoomError(f"{asked.title}: asks nothing, so there is nothing to vote on.")
            first_step = asking[0]
        first = RoomState(0, asked.id, asked.digest, first_step, at=_now(), pace=pace)
        return self._made(first, asked if isinstance(asked, Lesson) else None)

    def open_to_draw(self, labels: tuple[str, ...]) -> Room:
        """A new room in which the class draws these. Raises RoomError like `open`."""
        return self._made(RoomState(0, "", "", DRAW, at=_now(), labels=labels))

    def _made(self, first: RoomState, lesson: Lesson | None = None) -> Room:
        """A room that begins in this state, and keeps the lesson as it is now."""
        if len(self.list()) >= MAX_ROOMS:
            raise RoomError(f"{MAX_ROOMS} rooms are open already; delete one first.")
        while (path := self.folder / _new_code()).exists():
            pass
        room = Room(path)
        try:
            if lesson:
                kept = _keep(lesson, room.lesson_path(lesson.id))
                first = replace(first, digest=kept)
            (path / "people").mkdir(parents=True)
            (path / "states").mkdir()  # the room is there
            write_json(path / "states" / _name(0), asdict(first))
        except (OSError, RunError, LessonError) as error:
            shutil.rmtree(path, ignore_errors=True)  # half a room is none
            raise RoomError(f"no room can be made in {self.folder}: {error}") from error
        return room

    def room(self, code: str) -> Room:
        """A room by its code, however it was typed. Raises RoomError when there is none."""
        code = code.strip().lower()
        if not (_CODE.fullmatch(code) and (self.folder / code / "states").is_dir()):
            raise RoomError(
                f"there is no room {shown(code)}; ask the teacher for its four letters."
            )
        return Room(self.folder / code)

    def list(self) -> list[Room]:
        """All rooms, by their codes."""
        return [Room(self.folder / n) for n in _names(self.folder) if _CODE.fullmatch(n)]

    def old(self, now: float | None = None) -> Sequence[Room]:
        """Those in which nothing has moved for OLD."""
        limit = (now or time.time()) - OLD.total_seconds()
        found = []
        for room in self.list():
            try:
                if (room.path / "states").stat().st_mtime < limit:
                    found.append(room)
            except OSError:  # deleted meanwhile
                continue
        return found

    def delete(self, code: str) -> None:
        """Delete a room with all its answers."""
        remove(self.room(code).path)


def _keep(lesson: Lesson, path: Path) -> str:
    """Copy a lesson's file into a room; the copy's digest."""
    text = read_text(lesson.path, LONGEST_LESSON)
    path.parent.mkdir(parents=True)
    write_bytes(path, text.encode())
    return read_lesson(path).digest


def _new_code() -> str:
    return "".join(secrets.choice(letters) for letters in (_CONSONANTS, _VOWELS) * 2)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _name(number: int) -> str:
    return f"{number:07}.json"


def _names(folder: Path) -> list[str]:
    """What is in a folder, but for half-written files; nothing where it is not there."""
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError:
        return []


def _read(path: Path) -> dict[str, Any]:
    found = parse_json(read_text(path, MAX_BYTES))
    if not isinstance(found, dict):
        raise RunError(f"{path}: expected a JSON object.")
    return found
