"""The view for a projector: header folded, larger type, plane and picture as high as the screen.

It is in the address, and holds on every page until it is ended.
"""

from __future__ import annotations

import streamlit as st

from pages.ui.session import keys, paths, problems

PARAMETER = "projector"
STYLE = paths.ASSETS / "projector.css"


def apply() -> None:
    """Lay the page out for a projector where the reader or the address asks for it."""
    if st.query_params.get(PARAMETER) == "1":
        keys.PROJECTOR.set(True)
    if keys.PROJECTOR.get():
        st.query_params[PARAMETER] = "1"
        st.html(STYLE)


def offer() -> None:
    """The button that begins the view, or ends it."""
    is_on = bool(keys.PROJECTOR.get())
    st.button(
        "End projector view" if is_on else "Projector",
        icon=":material/present_to_all:",
        type="tertiary",
        key="projector-button",
        on_click=problems.callback(turn),
        args=(not is_on,),
    )


def turn(on: bool) -> None:
    """Begin the view, or end it, here and in the address."""
    keys.PROJECTOR.set(on)
    if on:
        st.query_params[PARAMETER] = "1"
    else:
        st.query_params.pop(PARAMETER, None)
