"""Where the reader is in a lesson: its id, the step, what was said. All of it is in the address.

`?lesson=kl-compares&step=predict&said=b`: a reload, or another server, goes on from there. `said`
has the answers in the order of the lesson's questions; a link to hand out has none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import streamlit as st

from pages.ui.session import keys
from vae_core.lessons import Choice, Lesson, NumberQuestion, Step
from vae_core.lessons.lesson import Question

LESSON, STEP, SAID, DONE = "lesson", "step", "said", "done"
MODEL = "of"  # the id of the run that stands for the lesson's own
ROOM, WHO = "room", "who"  # a class at its own pace, and the eight digits that one is in it
NOTHING = "-"  # an answer not given, before one that was
MAX_DONE = 200  # letters of the list of finished lessons in an address
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_IN_ROOM = re.compile(r"([a-z]{4}) ([0-9a-f]{8})")
_ANSWER = re.compile(r"[a-f]|[-+]?[\d.]{1,12}(e[-+]?\d{1,3})?(;[-+]?[\d.]{1,12})?")


@dataclass(frozen=True)
class Place:
    """Where the reader is.

    Attributes
    ----------
    lesson : str
        Its id.
    step : str
        In small letters; empty before the lesson has begun.
    said : tuple of str
        Answers in the order of the lesson's questions: a letter, a number, or two as "1.2;-0.3";
        empty where none was given.
    """

    lesson: str
    step: str = ""
    said: tuple[str, ...] = ()

    @classmethod
    def from_address(cls, query: Mapping[str, str]) -> Place | None:
        """Inverse of `to_address`; None outside a lesson. What makes no sense is left out."""
        lesson = query.get(LESSON, "")
        if not lesson:
            return None
        answers = [part.strip() for part in query.get(SAID, "").split(",")]
        said = [part if is_answer(part) else "" for part in answers]
        return cls(lesson, query.get(STEP, "").lower()[:20], _trimmed(said))

    def to_address(self) -> dict[str, str]:
        """Parameters of the address."""
        said = ",".join(part or NOTHING for part in self.said)
        return {LESSON: self.lesson, STEP: self.step} | ({SAID: said} if said else {})

    @property
    def has_known_form(self) -> bool:
        """Whether a lesson's id looks like this one: only then is it repeated on the page."""
        return _ID.fullmatch(self.lesson) is not None

    def at(self, step: str) -> Place:
        """The same at another step."""
        return replace(self, step=step.lower())

    def answer(self, lesson: Lesson, step: Step) -> str:
        """What was answered to a step's question; empty where nothing that it takes was."""
        number = _number_of(lesson, step)
        said = self.said[number] if number is not None and number < len(self.said) else ""
        return said if step.question is not None and fits(step.question, said) else ""

    def saying(self, lesson: Lesson, step: Step, answer: str) -> Place:
        """The same with an answer to a step's question."""
        number = _number_of(lesson, step)
        if number is None or not is_answer(answer):
            return self
        said = [*self.said, *[""] * (number + 1 - len(self.said))]
        said[number] = answer
        return replace(self, said=_trimmed(said))


def is_answer(text: str) -> bool:
    """Whether this is an option's letter, a finite number or a pair of them."""
    if not _ANSWER.fullmatch(text):
        return False
    try:
        return text in "abcdef" or all(math.isfinite(float(part)) for part in text.split(";"))
    except ValueError:
        return False


def fits(question: Question, said: str) -> bool:
    """Whether an answer is one to this question."""
    if not is_answer(said):
        return False
    if isinstance(question, Choice):
        return said in {option.letter for option in question.options}
    is_letter, n_numbers = said in "abcdef", said.count(";") + 1
    return not is_letter and n_numbers == (1 if isinstance(question, NumberQuestion) else 2)


def _number_of(lesson: Lesson, step: Step) -> int | None:
    """Which of the lesson's questions the step asks."""
    asking = [one.name for one in lesson.steps if one.question is not None]
    return asking.index(step.name) if step.name in asking else None


def _trimmed(said: list[str]) -> tuple[str, ...]:
    """Without the empty ones at the end."""
    while said and not said[-1]:
        said = said[:-1]
    return tuple(said)


def here() -> Place | None:
    """Where the reader is: as the address has it, else as the session has it.

    A link within a page may lead to another without these parameters: the lesson goes on there.
    A step that a button has asked for is in the session before it is in the address.
    """
    query = st.query_params.to_dict()
    kept, linked = keys.LESSON_PLACE.get(), Place.from_address(query)
    if linked and (in_room := _IN_ROOM.fullmatch(f"{query.get(ROOM)} {query.get(WHO)}")):
        keys.LESSON_ROOM.set((in_room[1], in_room[2]))
    if kept is None or (linked is not None and linked != kept and not keys.SCENE_DUE.get()):
        return linked
    return kept


def keep(place: Place) -> None:
    """Remember where the reader is, in the session and in the address."""
    keys.LESSON_PLACE.set(place)
    wanted = address(place)
    for name in (LESSON, STEP, SAID, DONE, MODEL, ROOM, WHO):
        if name not in wanted:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != wanted[name]:
            st.query_params[name] = wanted[name]


def address(place: Place) -> dict[str, str]:
    """Parameters of the address in a lesson, with the lessons that are done where it is short."""
    finished, model = ".".join(done()), keys.LESSON_MODEL.get()
    in_room = keys.LESSON_ROOM.get()
    written = place.to_address()
    if 0 < len(finished) <= MAX_DONE:
        written[DONE] = finished
    if in_room:
        written |= dict(zip((ROOM, WHO), in_room, strict=True))
    return written | ({MODEL: model} if model else {})


def leave() -> None:
    """Leave the lesson; what was done stays known."""
    for key in (
        keys.LESSON_PLACE,
        keys.LESSON_READ,
        keys.LESSON_BEGUN,
        keys.LESSON_MODEL,
        keys.LESSON_NOTE,
        keys.LESSON_ROOM,
        keys.LESSON_ANYWAY,
        keys.SCENE_DUE,
    ):
        key.pop()
    for name in (LESSON, STEP, SAID, MODEL, ROOM, WHO):
        st.query_params.pop(name, None)


def done() -> tuple[str, ...]:
    """Ids of the lessons that were finished, in this session or as the address has it."""
    linked = [name for name in st.query_params.get(DONE, "").split(".") if _ID.fullmatch(name)]
    found = tuple(dict.fromkeys((*keys.LESSONS_DONE.get_or(()), *linked)))
    keys.LESSONS_DONE.set(found)
    return found


def finish(lesson: str) -> None:
    """Count a lesson as done."""
    keys.LESSONS_DONE.set(tuple(dict.fromkeys((*done(), lesson))))
