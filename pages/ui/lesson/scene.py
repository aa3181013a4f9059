"""Going to a step: its page, its model and its view.

Streamlit refuses to set the parameter of an address that a widget is bound to. So a widget's value
is written into the session, from where it reappears in the address; other parameters are set as
they are. Both happen in the run that shows the page, before it: until then the step is due.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from pages.ui.components.lens_state import LensState, renewed
from pages.ui.lesson import numbers, place
from pages.ui.lesson.place import Place
from pages.ui.library import listing
from pages.ui.session import chosen, keys
from vae_core.errors import LessonError
from vae_core.lessons import Lesson, Step
from vae_core.lessons.lesson import Scene

Parse = Callable[[str], Any]
PICKED = "picked"
LENS = {
    *("image", "draw", "z", "axes", "layers", "cells", "channel", "shuffled", "classes", "count"),
}


def _flag(text: str) -> bool:
    return text.strip().lower() in {"true", "1", "yes", "on"}


def _several(text: str) -> list[int]:
    """Whole numbers between commas or blanks."""
    return [int(part) for part in re.split(r"[,\s+]+", text.strip()) if part]


def _model(text: str) -> str:
    """The label of a run that is named by its id; else what stands there."""
    return next((label for label, run in listing.openable().items() if run.id == text), text)


# Widgets that a view may set, by their keys: what their value is of its text.
WIDGETS: dict[str, Parse] = {
    # choices by their words
    **dict.fromkeys(
        ("view", "diagnosis", "mixture", "method", "what", "locality", "comparison",
         "sweep", "ends", "worst", "buildup_number", "mixture_of", "collapse_runs",
         "tradeoff_view", "shelf_rows", "styles"), str,
    ),
    **dict.fromkeys(
        ("from", "to", "pair", "row", "column", "bound_images", "bound_draws",
         "label_draws", "draws_of_z", "bytes_first", "bytes_count", "buildup_classes",
         "class-A", "class-B", "class-C", "style-seed", "style-image"), int,
    ),
    **dict.fromkeys(("truth", "ways", "cell_model"), _flag),
    "widen": float,
    "decoder_sigma": float,
    "other": _model,
}  # fmt: skip
BEGINS, MOVES, STAYS = "begins", "moves", "stays"  # how a step comes to its page
SHARED = {"mixture_of", "draws_of_z"}  # the reader's choice for all pages: a lesson leaves it


@dataclass(frozen=True)
class View:
    """A view in parts.

    Attributes
    ----------
    widgets : dict
        Key -> value.
    lens : LensState or None
        None where the view does not say.
    others : dict
        Parameters of the address that no widget is bound to.
    """

    widgets: Mapping[str, Any]
    lens: LensState | None
    others: Mapping[str, str]


def parts(view: Mapping[str, str]) -> View:
    """Which part of a page each parameter of a view is for; a value of no sense is left out."""
    widgets, others, lens = {}, {}, {}
    for name, text in renewed(view).items():
        if name in LENS:
            lens[name] = text
        elif name in WIDGETS:
            try:
                widgets[name] = WIDGETS[name](text)
            except ValueError:
                continue
        else:
            others[name] = text
    return View(widgets, LensState.from_address(lens) if lens else None, others)


def run_for(lesson: Lesson, scene: Scene) -> str:
    """The id of a scene's model: the reader's, where it stands for the lesson's own."""
    own = scene.run in ("", lesson.scene.run)
    return (keys.LESSON_MODEL.get() if own else None) or scene.run


def missing(lesson: Lesson, step: Step) -> str:
    """The id of the step's model where it is not here; empty where it is."""
    wanted = run_for(lesson, lesson.scene_at(step.name))
    try:
        if wanted:
            numbers.run_of(wanted)
    except LessonError:
        return wanted
    return ""


def ask(to: Place) -> None:
    """Go to a step when the page is next drawn: what the card's buttons call."""
    keys.LESSON_PLACE.set(to)
    keys.SCENE_DUE.set(STAYS)


def enter(
    lesson: Lesson, at: Place, url_path: str, go: Callable[[str, dict[str, str]], object]
) -> bool:
    """Set page, model and view of a step, where they are due or the reader comes from elsewhere.

    Parameters
    ----------
    lesson : Lesson
    at : Place
        With a step of the lesson.
    url_path : str
        The page that is open.
    go : callable
        Opens another page, with these parameters; it does not come back.

    Returns
    -------
    bool
        Whether the view was set, and the page begins anew.
    """
    scene, before = lesson.scene_at(at.step), keys.LESSON_PLACE.get()
    is_first = before is None or before.lesson != lesson.id
    if is_first and not keys.SCENE_DUE.get():
        keys.LESSON_BEGUN.set(lesson.digest)
        keys.LESSON_MODEL.pop()
        _stand_in()
        linked = Place.from_address(st.query_params.to_dict())
        if (
            linked is None
            or not linked.step
            or url_path != scene.page
            or _is_of_another(run_for(lesson, scene))
        ):
            keys.SCENE_DUE.set(BEGINS)
    elif before is not None and before.step != at.step and url_path != scene.page:
        keys.SCENE_DUE.setdefault(MOVES)
    due = keys.SCENE_DUE.get()
    if due is not None and url_path != scene.page:
        keys.LESSON_PLACE.set(at)  # the address of the page that is left stays as it was
        keys.SCENE_DUE.set(MOVES if due == STAYS else due)
        go(scene.page, place.address(at))
    place.keep(at)
    if due is None:
        return False
    keys.SCENE_DUE.pop()
    _set(lesson, scene, is_anew=due != STAYS)
    return True


def _is_of_another(wanted: str) -> bool:
    """Whether an address that names no model opens another than the step's."""
    first = next(iter(listing.openable().values()), None)
    is_named = bool(st.query_params.get(keys.RUN_LABEL.name))
    return bool(wanted) and not is_named and first is not None and first.id != wanted


def _stand_in() -> None:
    """A model that a link names beside the lesson stands for the lesson's own.

    Later on its id is in the address, for the model that is open may be that of a step.
    """
    query, runs = st.query_params, listing.openable()
    named, asked = query.get(place.MODEL), query.get(keys.RUN_LABEL.name)
    if named in {run.id for run in runs.values()}:
        keys.LESSON_MODEL.set(named)
    elif asked and not query.get(place.STEP) and (label := listing.label_meant(asked, runs)):
        keys.LESSON_MODEL.set(runs[label].id)


def _set(lesson: Lesson, scene: Scene, is_anew: bool) -> None:
    before = keys.CHOSEN.get()
    run_id = run_for(lesson, scene) or (before.id if before else "")
    if (label := _model(run_id)) != run_id:  # one that the picker has
        chosen.choose(run_id)
        _link(keys.RUN_LABEL.name, [label])
    view = parts(scene.view)
    if is_anew:
        for key in set(WIDGETS) - SHARED - set(view.widgets):
            st.session_state.pop(key, None)
    for key, value in view.widgets.items():
        st.session_state[key] = value
        values = value if isinstance(value, list) else [value]
        _link(key, [str(one).lower() if isinstance(one, bool) else str(one) for one in values])
    for name, text in view.others.items():
        _link(name, [text])
    if is_anew or not _is_at(run_id, view.lens, renewed(scene.view).keys() & LENS):
        keys.LENS_STATE.set((run_id, view.lens or LensState()))
        keys.LENS_OPENED.set(keys.LENS_OPENED.get_or(0) + 1)  # what it was left at counts no more
    if PICKED in view.others or is_anew:
        keys.PICKED.pop()  # what the address has counts
    keys.VISIT.set(keys.VISIT.get_or(0) + 1)


def _is_at(run_id: str, wanted: LensState | None, named: Collection[str]) -> bool:
    """Whether the lens is as a view wants it, in what the view names."""
    of, here = keys.LENS_STATE.get_or(("", LensState()))
    if wanted is None:
        return True
    return of == run_id and all(getattr(here, name) == getattr(wanted, name) for name in named)


def _link(name: str, values: list[str]) -> None:
    """Into the address, where no widget of the page before is bound to it: it does so itself."""
    try:
        st.query_params[name] = values if len(values) != 1 else values[0]
    except StreamlitAPIException:
        return
