"""Problems: how the pages tell of errors, in the frame, in a part of a page, and after a click.

Parts of a page that run by themselves, and functions that widgets call, are not within the frame's
`try`: they go through `fragment` and `callback`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import NoReturn, ParamSpec

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.drawing import escaping
from pages.ui.session import keys
from vae_core.errors import RoomError, VAECoreError

P = ParamSpec("P")


class PageEnds(Exception):
    """The page has said what it can, and leaves out the rest of itself."""


def end_page() -> NoReturn:
    """Leave out the rest of the page, but not the frame's foot, as `st.stop` would."""
    raise PageEnds


def explain(error: VAECoreError) -> str:
    """What went wrong, for people: the chosen run may have been deleted by somebody else.

    What is wrong with a room of a class is a sentence for students.
    """
    run = keys.CHOSEN.get()
    if run and not run.path.is_dir():
        return f"{run.title} has just been deleted. Choose another model in the box above."
    text = str(error)
    return text[:1].upper() + text[1:] if isinstance(error, RoomError) else text


def show(problem: object, place: DeltaGenerator | None = None, before: str = "") -> None:
    """Show an error or a sentence about one, which may quote a file, as nothing but text.

    Parameters
    ----------
    problem : object
        Its `str` is shown.
    place : DeltaGenerator, optional
        Where; here by default.
    before : str
        What the page itself has to say of it first, in Markdown.
    """
    sentence = escaping.message(problem)
    (place or st).error(f"{before} {sentence}" if before else sentence)


@contextmanager
def refusals() -> Iterator[None]:
    """An error of what is done here is told when the page, or this part of it, is next drawn."""
    try:
        yield
    except VAECoreError as error:
        keys.REFUSED.set(explain(error))


def say_refused() -> None:
    """Why the last button had no effect, once."""
    if refused := keys.REFUSED.pop():
        show(refused)


def callback(action: Callable[P, None]) -> Callable[P, None]:
    """What a widget calls when it is clicked or changed: an error is told on the page."""

    @wraps(action)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        with refusals():
            action(*args, **kwargs)

    return guarded


def fragment(part: Callable[P, None], run_every: float | None = None) -> Callable[P, None]:
    """`st.fragment` of a part that tells of an error in its own place, and the page stays.

    It may leave out the rest of itself, too.
    """

    @wraps(part)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        say_refused()
        try:
            with suppress(PageEnds):
                part(*args, **kwargs)
        except VAECoreError as error:
            show(explain(error))

    made: Callable[P, None] = st.fragment(guarded, run_every=run_every)
    return made
