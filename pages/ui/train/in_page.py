"""Train page, its second view: a small model trained in the page itself, without the server."""

from __future__ import annotations

import streamlit as st

from pages.ui.components import training, training_file

SERVER, PAGE = "On the server", "In the page"


def is_chosen() -> bool:
    """The switch between the views; whether this one is chosen."""
    view = st.segmented_control(
        "Where to train", [SERVER, PAGE], default=SERVER, key="training", bind="query-params",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    if view != PAGE:
        training.leave()
    return view == PAGE


def show() -> None:
    """The component, and the same as a file to take home."""
    training.show()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Take it home, .html", training_file.html, file_name="training-in-the-page.html",
            icon=":material/web:", on_click="ignore", key="take-training",
        )  # fmt: skip
        st.caption(
            "Nothing here is sent to the server. *Save the model* of digits gives a file that "
            "*Open a model file*, under *On the server*, makes a run of."
        )
