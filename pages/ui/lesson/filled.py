"""Texts of a lesson with their live numbers."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.lesson import numbers
from vae_core.errors import VAECoreError
from vae_core.lessons import fill
from vae_core.lessons.reading import PLACEHOLDER
from vae_core.runs.run import Run

UNKNOWN = "…"


def filled(text: str, run: Run) -> tuple[str, str]:
    """A text with its numbers, and one sentence why some could not be had; empty if all could."""
    try:
        return fill(text, lambda call: numbers.value(call, run)), ""
    except VAECoreError as error:
        return PLACEHOLDER.sub(UNKNOWN, text), f"Numbers are missing here: {error}"


def show_text(text: str, run: Run) -> None:
    """A text with its numbers, as Markdown."""
    said, problem = filled(text, run)
    if said:
        st.markdown(said)
    if problem:
        st.warning(escaping.message(problem), icon=":material/pin:")
