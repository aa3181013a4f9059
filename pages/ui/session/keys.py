"""Every key under which a session keeps something, with the type of what is kept there.

Keys that widgets have for themselves alone stand where the widgets are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import streamlit as st

from vae_core.runs import Run

if TYPE_CHECKING:
    from pages.ui.components.atlas import Pick
    from pages.ui.components.bell import BellState
    from pages.ui.components.lens_state import Drawing, LensState  # noqa: F401
    from pages.ui.lesson.place import Place  # noqa: F401  in the type of a key, as a text
    from vae_core.data.own import Draft  # noqa: F401
    from vae_core.lessons import Lesson  # noqa: F401

T = TypeVar("T")


class Key(Generic[T]):
    """One entry of the session's state.

    Parameters
    ----------
    name : str
        Of the entry, and of the widget that keeps its value there, if any.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def get(self) -> T | None:
        """What is kept; None where nothing is."""
        value: T | None = st.session_state.get(self.name)
        return value

    def get_or(self, default: T) -> T:
        """What is kept; the default where nothing is."""
        value: T = st.session_state.get(self.name, default)
        return value

    def set(self, value: T) -> None:
        """Keep a value."""
        st.session_state[self.name] = value

    def setdefault(self, default: T) -> T:
        """What is kept; where nothing is, the default, which is kept from then on."""
        value: T = st.session_state.setdefault(self.name, default)
        return value

    def pop(self) -> T | None:
        """What is kept, which is kept no longer; None where nothing is."""
        value: T | None = st.session_state.pop(self.name, None)
        return value


# The frame
CHOSEN = Key[Run]("chosen")  # the model that every page shows
RUN_LABEL = Key[str]("run")  # the picker's widget, bound to the address
LINKED = Key["tuple[str | None, bool]"]("linked")  # the run in the last address; had it a picker
NEXT_RUN = Key[str]("next_run")  # the id of the run to choose when the page is next drawn
MODELS_OPEN = Key[bool]("models_open")  # the list of models: a widget
RENAMED = Key[str]("renamed")  # the id of the run whose name is being written
PAGE = Key[str]("page")
VISIT = Key[int]("visit")  # how many pages were opened so far
FIRST_SEEN = Key[bool]("first_seen")  # whether the first picture of the session was seen
FIRST_DUE = Key[int]("first_due")  # the visit of a page with a component that will tell of it
VISITOR = Key[str]("visitor")
PASSCODE = Key[str]("passcode_given")
PROJECTOR = Key[bool]("projector_on")  # whether pages are laid out for a projector
DATA_DIR = Key[str]("data_dir")  # the widget with the folder of images

# Lessons
LESSON_PLACE = Key["Place"]("lesson_place")  # where the reader is; nothing outside a lesson
LESSON_READ = Key["Lesson"]("lesson_read")  # its file, as it was when it was last whole
LESSON_BEGUN = Key[str]("lesson_begun")  # the digest of its file when the lesson began
LESSON_MODEL = Key[str]("lesson_model")  # the id of the run that stands for the lesson's own
LESSON_NOTE = Key[str]("lesson_note")  # a sentence for the card when it is next drawn
LESSON_ANYWAY = Key[tuple[str, str]]("lesson_anyway")  # lesson and model that need not fit
LESSON_ROOM = Key[tuple[str, str]]("lesson_room")  # of a class at its own pace, and who one is
CLASS_ROOM = Key[tuple[str, str]]("class_room")  # in which one draws, and who one is
CLASS_SENT = Key[tuple[str, bool]]("class_sent")  # mark of the drawing last sent; is it kept
CLASS_LINES = Key["dict[str, Drawing]"]("class_lines")  # of own drawings, by their names
CLASS_TOLD = Key[int]("class_told")  # when the sheet of drawings was last clicked
LESSON_TOLD = Key[set[str]]("lesson_told")  # answers that it has: "room who lesson step"
SCENE_DUE = Key[str]("scene_due")  # how page, model and view of the step are still to be set
LESSONS_DONE = Key[tuple[str, ...]]("lessons_done")  # ids, in the order they were finished in
HIDDEN = Key[tuple[str, ...]]("hidden")  # keys of what is not shown, the components' parts too
COURSE = Key[str]("course")  # the widget of the Learn page

# Train and Runs
PRESET = Key[str]("preset")
FORM_BEGIN = Key[str]("form_begin")  # the preset that the form had when it was opened
SWEEP_SETTING = Key[str]("sweep-setting")
SWEEP_VALUES = Key[str]("sweep-values")
REFUSED = Key[str]("refused")  # why the last button could not do its work
WATCHED = Key[Run]("watched")
SHARED = Key[bool]("shared")  # whether the watched run was there before it was asked for
ANNOUNCED = Key[str]("announced")  # the id of the finished run that was chosen last
DRAFT = Key["tuple[str, Draft | str]"]("draft")  # of an own data set, or why there is none
DATA_ADDED = Key[int]("data_added")  # how many own data sets were added
DATA_MESSAGES = Key[list[str]]("data_messages")  # what was kept or removed last
FILES_OPENED = Key[int]("files_opened")
OPENED = Key[str]("opened")  # the id of the run made of the last file
AWAITS_IMAGES = Key[bool]("waiting_for_images")
RUN_MESSAGES = Key[list[str]]("run_messages")  # results of the last pin or deletion

# Measure
MIXTURE_SPLIT = Key[str]("mixture_of")  # whose posteriors make q(z), on all pages
MIXTURE_DRAWS = Key[int]("draws_of_z")  # that measure it

# Components in the page, with the id of the run that their values are of
LENS_STATE = Key[tuple[str, "LensState"]]("lens_state")
LENS_LINKED = Key[dict[str, str]]("lens_linked")  # its state in the address, as last looked at
LENS_OPENED = Key[int]("lens_opened")  # how often it was set from elsewhere, by an image or a step
PICKED = Key[tuple[str, "Pick"]]("picked")
PROJECTION_STOPPED = Key[tuple[str, str, str]]("projection_stopped")
LENS_START = Key[tuple[object, dict[str, Any]]]("lens_start")
ATLAS_START = Key[tuple[object, dict[str, Any]]]("atlas_start")
TIME_START = Key[tuple[object, dict[str, int]]]("time_start")
FILM_START = Key[tuple[object, int | None]]("film_start")
BELL_START = Key[tuple[object, "BellState"]]("bell_start")
TRAINING_START = Key[tuple[object, dict[str, str]]]("training_start")


def at_start(key: Key[tuple[object, T]], of: str, now: Callable[[], T]) -> T:
    """What a component was given when this visit of its page began; it keeps its own from then on.

    With other data Streamlit would send all of it again, the script included.

    Parameters
    ----------
    key : where it is kept
    of : what the component shows, such as a run's id
    now : callable
        Gives it, when the visit begins.
    """
    visit, kept = (VISIT.get(), of), key.get()
    if kept is None or kept[0] != visit:
        kept = (visit, now())
        key.set(kept)
    return kept[1]
