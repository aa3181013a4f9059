"""A visit of a lesson: the place in the address, with the lesson and the step that it means."""

from __future__ import annotations

from dataclasses import dataclass

from pages.ui.classroom import rooms
from pages.ui.drawing import escaping
from pages.ui.lesson import files, numbers, place
from pages.ui.lesson.place import Place
from pages.ui.session import keys
from vae_core.errors import LessonError
from vae_core.lessons import Lesson, Step
from vae_core.runs.run import Run

MODEL_BOX = "model-box"  # hidden in every lesson, until a step says `Show: model-box`


@dataclass(frozen=True)
class Visit:
    """Where the reader is, read.

    Attributes
    ----------
    place : Place
        With the step's name.
    lesson : Lesson
    step : Step
    has_changed : bool
        Whether the file is no longer as it was when the lesson began.
    """

    place: Place
    lesson: Lesson
    step: Step
    has_changed: bool = False

    @property
    def answer(self) -> str:
        """What was answered to this step's question; empty where nothing was."""
        return self.place.answer(self.lesson, self.step)

    @property
    def hides(self) -> tuple[str, ...]:
        """The keys of what is hidden at this step; the box with the model, unless it is shown."""
        hidden = self.lesson.hidden_at(self.step.name)
        is_shown = MODEL_BOX in self.lesson.scene_at(self.step.name).shows
        return hidden if is_shown else (*hidden, MODEL_BOX)

    def model(self, shown: Run) -> Run:
        """The run whose numbers the lesson's text has: its own, or the one that stands for it."""
        wanted = keys.LESSON_MODEL.get() or self.lesson.scene.run
        if not wanted or wanted == shown.id:
            return shown
        try:
            return numbers.run_of(wanted)
        except LessonError:
            return shown


def arrive() -> tuple[Visit | None, str]:
    """The lesson that the reader is in, if any; else why the one in the address is not shown."""
    at = place.here()
    if at is None:
        return None, ""
    lesson, problem = _lesson(at)
    if lesson is None:
        return None, problem
    first = lesson.steps[0]
    step = lesson.step(at.step) or first
    if at.step and step.name.lower() != at.step:
        asked = escaping.markdown(at.step)
        keys.LESSON_NOTE.set(f"This lesson has no step “{asked}”: here is its step {step.name}.")
    begun = keys.LESSON_BEGUN.get()
    before = keys.LESSON_PLACE.get()
    is_same = before is not None and before.lesson == lesson.id
    has_changed = is_same and begun is not None and begun != lesson.digest
    return Visit(at.at(step.name), lesson, step, has_changed), problem


def _lesson(at: Place) -> tuple[Lesson | None, str]:
    """The lesson as its file is now; as it was, where the file was damaged or is gone.

    In a room it is the room's own, so that all in the class answer the same questions.
    """
    in_room = keys.LESSON_ROOM.get()
    entry = rooms.kept_in(in_room[0], at.lesson) if in_room else None
    entry = entry or files.find(at.lesson)
    if entry is not None and entry.lesson is not None:
        keys.LESSON_READ.set(entry.lesson)
        return entry.lesson, ""
    why = entry.problem if entry else "its file is not here any more."
    before = keys.LESSON_READ.get()
    if before is not None and before.id == at.lesson:
        keys.LESSON_NOTE.set(
            f"The lesson goes on as it was when it was last read: {escaping.message(why)}"
        )
        return before, ""
    if entry is not None:
        return None, f"This lesson cannot be read: {entry.problem}"
    name = f" “{at.lesson}”" if at.has_known_form else ""
    return None, f"There is no lesson{name} here. All that there are stand on the page Lessons."
